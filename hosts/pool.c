/* A host for interpreters that cannot be forked: each sandbox starts one of its own, ahead of its run.
 *
 *   diatom-pool PROGRAM ARGUMENT…
 *
 * The program keeps descriptor 3, the socket to the sandbox's init, and takes its run by cjail_guest_await. */
#include <fcntl.h>
#include <unistd.h>

extern int cjail_host_prepare_from(int plan);
extern int cjail_host_announce(int control);
extern int cjail_interpreter_host(int control, void (*before)(void), void (*after)(void));

static void nothing(void) {}

int main(int argc, char **argv)
{
    if (argc < 2 || cjail_host_prepare_from(4) != 0 || cjail_host_announce(3) != 0)
        return 1;
    if (cjail_interpreter_host(3, nothing, nothing) != 0)
        return 0;
    fcntl(3, F_SETFD, 0);
    execv(argv[1], argv + 1);
    return 71;
}
