#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) printf("<%s>\n", arguments[i]);
    printf("%s %d\n", getenv("HOME") ? "home" : "homeless", getenv("NO_SUCH_VARIABLE") == NULL);

    struct timespec before, after, pause = {.tv_nsec = 20000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    double seconds = (after.tv_sec - before.tv_sec) + (after.tv_nsec - before.tv_nsec) / 1e9;
    printf("%d %d\n", seconds >= 0.02 && seconds < 2, time(NULL) > 1700000000);

    time_t moment = 86400;
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%d %a", gmtime(&moment));
    printf("%s %d\n", text, clock() >= 0);
    return 0;
}
