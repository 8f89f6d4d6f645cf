n = str2double(fgetl(stdin));
printf("%d\n", n * n);
