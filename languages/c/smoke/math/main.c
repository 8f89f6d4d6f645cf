#include <stdio.h>
#include <math.h>

int main(int count, char **values)
{
    (void)values;
    printf("%.3f\n", sqrt(count + 1));
}
