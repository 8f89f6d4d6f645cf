/* Thin shims over system calls; nothing else. */
#include "cjail_calls.h"
#include "internal.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static int failed_or(long value)
{
    return value < 0 ? -errno : (int)value;
}

int cjail_memfd_create(const char *name)
{
    long fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return failed_or(fd);
}

int cjail_memfd_seal(int fd)
{
    return failed_or(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
}

int cjail_pipe(int ends[2])
{
    return failed_or(pipe2(ends, O_CLOEXEC));
}

int cjail_socketpair(int ends[2])
{
    return failed_or(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
}

int cjail_terminal(int ends[2])
{
    char name[64];
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0)
        return -errno;
    ends[1] = unlockpt(ends[0]) < 0 || ptsname_r(ends[0], name, sizeof name) != 0 ? -1 : open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[1] >= 0)
        return 0;
    int error = -errno;
    close(ends[0]);
    return error;
}

int cjail_eventfd(void)
{
    return failed_or(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int cjail_pidfd_open(pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return failed_or(fd);
}

int cjail_pidfd_kill(int pidfd, int signal)
{
    long result = syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
    return failed_or(result);
}

int cjail_pidfd_reap(int pidfd, int *status)
{
    siginfo_t news = {0};
    if (RETRY(waitid(P_PIDFD, (id_t)pidfd, &news, WEXITED | WNOHANG | __WALL)) < 0)
        return -errno;
    if (news.si_pid == 0)
        return 0;
    *status = news.si_code == CLD_EXITED ? (news.si_status & 0xff) << 8 : news.si_status & 0x7f;
    return 1;
}

int cjail_peer(int socket, uint32_t *uid, int32_t *pid)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -errno;
    *uid = peer.uid;
    *pid = peer.pid;
    return 0;
}

int cjail_accept(int listener)
{
    long fd = RETRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    return failed_or(fd);
}

pid_t cjail_fork_with(int fd, const char *name)
{
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_NAME, name, 0, 0, 0);
        dup2(fd, 0);
        close_range(1, ~0U, 0);
    }
    return pid;
}

int cjail_die_with_parent(void)
{
    return failed_or(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

void cjail_name_thread(const char *name)
{
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

int cjail_become_user(uint32_t uid, uint32_t gid)
{
    int error = cjail_become(uid, gid);
    if (error == 0)
        error = cjail_drop_capabilities();
    return error < 0 ? error : cjail_lock_privileges();
}
