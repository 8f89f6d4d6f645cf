/* A fresh /proc, its masks, and the loopback interface. Runs in: init, before the guest exists. */
#include "internal.h"

#include <linux/magic.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

/* Makes a /proc of this pid namespace that stands nowhere yet. Returns: its descriptor, or -errno. */
int cjail_proc_make(const struct cjail_plan *plan)
{
    bool processes_only = plan->flags & CJAIL_SUBSET_PROC;
    int context = fsopen("proc", FSOPEN_CLOEXEC);
    if (context < 0)
        return -errno;
    int error = 0, tree = -1;
    if (processes_only && fsconfig(context, FSCONFIG_SET_STRING, "subset", "pid", 0) < 0)
        error = -errno;
    /* Init, which outlives a run, would tell the next one of it. */
    if (error == 0 && fsconfig(context, FSCONFIG_SET_STRING, "hidepid", "ptraceable", 0) < 0)
        error = -errno;
    if (error == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        error = -errno;
    if (error == 0 &&
        (tree = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)) < 0)
        error = -errno;
    close(context);
    return error < 0 ? error : tree;
}

static int mask(const char *path)
{
    struct stat state;
    if (lstat(path, &state) < 0)
        return errno == ENOENT ? 0 : -errno;
    /* Of the read-only root: an empty folder covers folders, an empty file files. */
    const char *cover = S_ISDIR(state.st_mode) ? "/var/empty" : "/var/blank";
    return mount(cover, path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

/* Covers the old /proc with a folder of the read-only root. */
int cjail_proc_hide(const char *cover)
{
    return mount(cover, "/proc", NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

/* Shows all processes in a /proc, also those that are not dumpable: nobody can hide from who looks there.
 * Returns: 0 or -errno. */
int cjail_proc_reveal(int proc)
{
    int context = fspick(proc, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
    if (context < 0)
        return -errno;
    int error = fsconfig(context, FSCONFIG_SET_STRING, "hidepid", "off", 0) < 0 || fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0 ? -errno : 0;
    close(context);
    return error;
}

/* Mounts this pid namespace's /proc over the old one and checks that it is one. */
int cjail_proc_attach(const struct cjail_plan *plan, int proc)
{
    struct statfs state;
    struct stat self;
    int error = 0;
    if (move_mount(proc, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    if (statfs("/proc", &state) < 0 || state.f_type != PROC_SUPER_MAGIC || stat("/proc/1", &self) < 0)
        return -EUCLEAN;
    for (uint32_t i = 0; i < plan->mask_count && i < CJAIL_MASKS_MAX && error == 0; i++)
        error = mask(plan->masks[i]);
    return error;
}

int cjail_loopback_up(void)
{
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return -errno;
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int error = ioctl(probe, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
    close(probe);
    return error;
}
