/* Parts of the C library that Swift's Glibc module leaves out. Without _GNU_SOURCE, as that
 * module is built; calls that need it are shims of CJail (cjail_calls.h). */
#include <linux/fs.h>
#include <malloc.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
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

/* Begins to write a whole file to disk, and does not wait; declared in fcntl.h with _GNU_SOURCE only. */
extern int sync_file_range(int descriptor, __off64_t offset, __off64_t count, unsigned flags);
static inline int clinux_write_back(int descriptor)
{
    return sync_file_range(descriptor, 0, 0, 2 /* SYNC_FILE_RANGE_WRITE */);
}

/* Tells ext4 and its like that what is in a folder has nothing to do with each other, so that each lies where there
 * is room; other file systems refuse, and nothing depends on it. Without it, thousands of files are made where as
 * many were removed a moment ago, which ext4 does not use again for five minutes, and looks at each time. */
static inline void clinux_spread(int folder)
{
    int flags = 0;
    if (ioctl(folder, FS_IOC_GETFLAGS, &flags) != 0)
        return;
    flags |= FS_TOPDIR_FL;
    ioctl(folder, FS_IOC_SETFLAGS, &flags);
}

/* Has the heap in two arenas at most, whatever threads there will be. */
static inline void clinux_few_arenas(void) { mallopt(M_ARENA_MAX, 2); }

/* Gives the kernel back what is free in the middle of the heap, too. */
static inline void clinux_give_back(void) { malloc_trim(0); }
