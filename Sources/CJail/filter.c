/* Loading a seccomp filter that Swift compiled. */
#include "internal.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

/* Runs in: guest, after no_new_privs. Signal-safe. Allocates: no.
 * Returns: 0, a notifier's descriptor where flags ask for one, or -errno. Cannot be undone. */
int cjail_filter_load(const struct cjail_filter *filter, unsigned int flags)
{
    _Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "a filter is kept as words");
    if (filter->count == 0 || filter->count > CJAIL_FILTER_MAX)
        return -EINVAL;
    struct sock_fprog program = {
        .len = (unsigned short)filter->count,
        .filter = (struct sock_filter *)(uintptr_t)filter->code,
    };
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result < 0 ? -errno : (int)result;
}
