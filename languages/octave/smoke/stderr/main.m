fprintf(stderr, "err\n");
printf("out\n");
