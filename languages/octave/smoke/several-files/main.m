addpath("shapes");
printf("%d\n", area(3));
