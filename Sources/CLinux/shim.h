/* Parts of the C library that Swift's Glibc module leaves out. Without _GNU_SOURCE, as that
 * module is built; calls that need it are shims of CJail (cjail_calls.h). */
#include <sys/epoll.h>

/* Waits until a whole file system is on disk; declared in unistd.h with _GNU_SOURCE only. */
extern int syncfs(int descriptor);
