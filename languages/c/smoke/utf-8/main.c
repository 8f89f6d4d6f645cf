#include <stdio.h>

int main(void)
{
    char text[64];
    if (scanf("%63s", text) == 1)
        printf("%s ↔ 硅藻 🦠\n", text);
}
