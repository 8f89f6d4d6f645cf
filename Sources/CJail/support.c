/* Small things that libc does with locks or allocations, done without. */
#include "internal.h"

#include <time.h>

struct cjail_host cjail_host_state = {.plan = NULL};

int64_t cjail_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whoever started us may ignore signals, as shells do for what they put in the background. */
void cjail_default_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int number = 1; number <= SIGRTMAX; number++)
        if (number != SIGKILL && number != SIGSTOP)
            sigaction(number, &plain, NULL);
}

void cjail_unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Reports a failing step of the sandbox itself and ends this process. Signal-safe. */
_Noreturn void cjail_die(int socket, const char *stage, int error)
{
    struct cjail_note note = {.kind = CJAIL_FAILED, .a = error < 0 ? -error : error};
    strncpy(note.text, stage, sizeof note.text - 1);
    cjail_send(socket, &note, NULL, 0);
    _exit(71);
}

int cjail_write_file(int folder, const char *path, const char *text)
{
    int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t length = strlen(text);
    int result = write(fd, text, length) == (ssize_t)length ? 0 : -errno;
    close(fd);
    return result;
}

/* before + number + after; returns the length, cut to fit. */
size_t cjail_format(char *buffer, size_t size, const char *before, uint64_t number, const char *after)
{
    char digits[24];
    size_t count = 0, used = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (*before && used + 1 < size)
        buffer[used++] = *before++;
    while (count && used + 1 < size)
        buffer[used++] = digits[--count];
    while (*after && used + 1 < size)
        buffer[used++] = *after++;
    buffer[used] = 0;
    return used;
}
