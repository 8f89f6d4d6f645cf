#include <stdio.h>

int main(int count, char **values)
{
    for (int i = 1; i < count; i++)
        printf("<%s>\n", values[i]);
}
