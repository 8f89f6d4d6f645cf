#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    size_t size = 64u << 20;
    unsigned char *block = malloc(size);
    if (!block) return 1;
    memset(block, 7, size);
    unsigned long sum = 0;
    for (size_t i = 0; i < size; i += 4096) sum += block[i];
    printf("%lu\n", sum);
    free(block);
    unsigned *zeros = calloc(1 << 20, sizeof *zeros);
    printf("%u\n", zeros ? zeros[12345] : 1);
    free(zeros);
    return 0;
}
