/* Parts of the C library that Swift's Glibc module leaves out. Without _GNU_SOURCE, as that
 * module is built; calls that need it are shims of CJail (cjail_calls.h). */
#include <netinet/in.h>
#include <resolv.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

/* Asks the name servers of /etc/resolv.conf for the records of a name, waiting for them.
 * Returns the length of the answer, which may be larger than the room, or -1. */
static inline int clinux_query(const char *name, int type, unsigned char *answer, int room)
{
    struct __res_state state = {0};
    if (res_ninit(&state) != 0)
        return -1;
    state.retrans = 3;
    state.retry = 2;
    int length = res_nquery(&state, name, 1, type, answer, room);
    res_nclose(&state);
    return length;
}

/* Waits until a whole file system is on disk; declared in unistd.h with _GNU_SOURCE only. */
extern int syncfs(int descriptor);
