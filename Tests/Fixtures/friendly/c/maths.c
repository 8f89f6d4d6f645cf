#include <complex.h>
#include <math.h>
#include <stdio.h>

int main(int count, char **arguments) {
    (void)arguments;
    double two = count + 1;  // not a constant, so the calls stay
    printf("%.6f %.6f %.6f\n", sqrt(two), pow(two, 0.5), sin(two));
    printf("%.6f %.6f %d\n", cabs(two + two * I), tgamma(two + 3), isinf(pow(two, 5000)) != 0);
    return 0;
}
