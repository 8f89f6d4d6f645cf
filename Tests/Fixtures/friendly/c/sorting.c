#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int main(void) {
    size_t count = 100000;
    int *numbers = malloc(sizeof *numbers);
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        numbers = realloc(numbers, (i + 1) * sizeof *numbers);
        state = state * 1103515245u + 12345u;
        numbers[i] = (int)(state >> 8) % 100000;
    }
    qsort(numbers, count, sizeof *numbers, ascending);
    int sorted = 1;
    for (size_t i = 1; i < count; i++) sorted &= numbers[i - 1] <= numbers[i];
    int key = numbers[500];
    printf("%d %d\n", sorted, *(int *)bsearch(&key, numbers, count, sizeof *numbers, ascending) == key);
    free(numbers);

    char words[] = "c b a";
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) printf("%s;", word);
    printf("%s %ld\n", strstr("needle in hay", "in"), strtol("-42x", NULL, 10));
    return 0;
}
