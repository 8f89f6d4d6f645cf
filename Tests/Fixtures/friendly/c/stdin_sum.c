#include <stdio.h>

int main(void) {
    char name[64];
    long number, sum = 0;
    if (scanf("%63s", name) != 1) return 1;
    while (scanf("%ld", &number) == 1) sum += number;
    printf("%s %ld %d\n", name, sum, feof(stdin) != 0);
    return 0;
}
