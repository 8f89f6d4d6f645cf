/* Ids, capabilities, no_new_privs. */
#include "internal.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

static int map_line(int proc, const char *path, uint32_t inner, uint32_t outer)
{
    char line[64];
    size_t used = cjail_format(line, sizeof line, "", inner, " ");
    used += cjail_format(line + used, sizeof line - used, "", outer, " 1\n");
    return cjail_write_file(proc, path, line);
}

/* Maps one user and one group of this process's new user namespace.
 * Runs in: the first process of the namespace, with the folder of processes. Privilege: none needed for its own ids.
 * Returns: 0 or -errno. */
int cjail_map_self(int proc, uint32_t inner_uid, uint32_t inner_gid, uint32_t outer_uid, uint32_t outer_gid)
{
    int result = cjail_write_file(proc, "self/setgroups", "deny");
    if (result == 0)
        result = map_line(proc, "self/gid_map", inner_gid, outer_gid);
    if (result == 0)
        result = map_line(proc, "self/uid_map", inner_uid, outer_uid);
    return result;
}

/* Takes a user and a group for good; groups go with them. The raw calls, because libc's
 * wrappers signal all threads of a process that, after a fork, has only this one. */
int cjail_become(uint32_t uid, uint32_t gid)
{
    /* Where a namespace forbids setgroups the list is that of an unmapped stranger. */
    if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
        return -errno;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0)
        return -errno;
    if (syscall(SYS_setresuid, uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* Gives up every capability, also those that an execve could bring back.
 * Runs in: guest (inside its user namespace), host. Returns: 0 or -errno. Cannot be undone. */
int cjail_drop_capabilities(void)
{
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
            return -errno;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

/* Forbids this process and its descendants ever to gain privilege through execve. */
int cjail_lock_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 ? 0 : -errno;
}
