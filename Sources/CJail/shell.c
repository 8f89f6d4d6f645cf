/* A sandbox apart from its guests: ids, namespaces, mounts. Made once, renewed between runs.
 *
 * Making a network, mount and pid namespace costs more than most programs. So after a run whose
 * processes are all dead the same init takes another guest, if it can show that nothing is left:
 * workspace and ipc namespace are found as they were born or replaced, pids count from the start
 * again, /proc hides init itself, and the network namespace has to have carried nothing at all (its
 * counters stand as at birth; no socket outlives its process). Where any of this cannot be shown
 * the sandbox ends. The jailer lends a sandbox to runs of one key only. Runs in: init. */
#include "internal.h"

#include <linux/ioprio.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#define MOST_USES 256
#define FIRST_PID "1" /* what the pid namespace counts on from */

static void take_ids(struct cjail_init *init, uint32_t outer_uid, uint32_t outer_gid)
{
    const struct cjail_plan *plan = init->plan;
    int control = init->control, error;
    if ((plan->flags & CJAIL_MAPPED_OUTSIDE) && !init->nested) {
        struct cjail_note note;
        if (cjail_receive(control, &note, NULL, NULL, 0) != 1 || note.kind != CJAIL_MAPS_WRITTEN)
            _exit(71);
        if ((error = cjail_become(plan->inner_uid, plan->inner_gid)) < 0)
            cjail_die(control, "ids", error);
        return;
    }
    /* Its own maps can be written by a process only that others may look at. A confined host can't look at a nested
     * init all the same: it has no /proc, and a Landlock domain, which no init is in. */
    if (init->nested)
        prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
    if ((error = cjail_map_self(init->proc, plan->inner_uid, plan->inner_gid, outer_uid, outer_gid)) < 0)
        cjail_die(control, "id maps", error);
    if (init->nested)
        prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

static void limit_namespace(const struct cjail_plan *plan)
{
    if (!plan->process_limit) /* a controller counts */
        return;
    struct rlimit limit = {plan->process_limit + 1, plan->process_limit + 1};
    setrlimit(RLIMIT_NPROC, &limit);
}

static int furnish(struct cjail_init *init)
{
    init->workspace = cjail_workspace_make(init->plan->workspace_bytes, init->plan->workspace_inodes);
    if (init->workspace < 0)
        return init->workspace;
    cjail_workspace_measure(init->workspace, &init->shell.workspace);
    return cjail_workspace_attach(init->workspace);
}

/* The folder of processes: of this pid namespace, or without one the old one's, whose "self" is this process as well. */
static int open_proc(struct cjail_init *init)
{
    bool has_none = init->plan->flags & CJAIL_NO_PROC;
    init->proc = has_none ? open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) : cjail_proc_make(init->plan);
    if (init->proc < 0)
        return has_none ? -errno : init->proc;
    bool looks = init->hosting || init->nested || init->branches || (init->plan->flags & CJAIL_SAMPLED);
    return looks && !has_none ? cjail_proc_reveal(init->proc) : 0;
}

/* Keeps a mount namespace apart from the guest's: nested ones begin there, without anything of this sandbox.
 *
 * Neither a host nor its guests on their way may see a /proc: they would find the runs in it, whose memory the kernel
 * lets the host look at. But the kernel lets nested inits make one only where one stands uncovered; so one stands,
 * where nobody gets, because what covers the way to it was put up by whoever is above them. */
static int part_mounts(struct cjail_init *init)
{
    if (!init->hosting && !init->branches)
        return 0;
    int error = cjail_proc_hide("/var/proc");
    if (error < 0)
        return error;
    if (move_mount(init->proc, "", AT_FDCWD, "/var/kept/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        mount("/var/empty", "/var/kept", NULL, MS_BIND, NULL) < 0)
        return -errno;
    init->outside = openat(init->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (init->outside < 0 || unshare(CLONE_NEWNS) < 0)
        return -errno;
    init->inside = openat(init->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return init->inside < 0 ? -errno : 0;
}

static int show_processes(struct cjail_init *init)
{
    if (init->plan->flags & CJAIL_NO_PROC)
        return cjail_proc_hide("/var/empty");
    return init->hosting || init->nested ? 0 : cjail_proc_show(init);
}

/* Gives the guest a /proc: init's own, or, where init has to see what guests may hide, another one. Returns: 0 or -errno. */
int cjail_proc_show(struct cjail_init *init)
{
    if (!init->branches && !init->nested && !(init->plan->flags & CJAIL_SAMPLED))
        return cjail_proc_attach(init->plan, init->proc);
    int proc = cjail_proc_make(init->plan);
    int error = proc < 0 ? proc : cjail_proc_attach(init->plan, proc);
    if (proc >= 0)
        close(proc);
    return error;
}

static uint64_t digest(uint64_t sum, const void *bytes, long size)
{
    for (const unsigned char *at = bytes; size > 0; size--)
        sum = (sum ^ *at++) * 0x100000001b3ULL; /* FNV-1a */
    return sum;
}

/* What every counter of the network namespace says, the loopback's too. */
static uint64_t traffic(const struct cjail_shell *shell)
{
    char text[4096];
    uint64_t sum = 0xcbf29ce484222325ULL;
    for (int i = 0; i < CJAIL_TRAFFIC_FILES; i++) {
        long at = 0, got = 0;
        while (shell->traffic_files[i] >= 0 && (got = pread(shell->traffic_files[i], text, sizeof text, at)) > 0) {
            sum = digest(sum, text, got);
            at += got;
        }
    }
    return sum;
}

/* How the scheduler sees init: a guest of its own user may have changed that. */
static uint64_t standing(void)
{
    struct sched_param parameters = {0};
    cpu_set_t processors;
    CPU_ZERO(&processors);
    sched_getparam(0, &parameters);
    sched_getaffinity(0, sizeof processors, &processors);
    long values[4] = {getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), parameters.sched_priority,
                      syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0)};
    return digest(digest(0, values, sizeof values), &processors, sizeof processors);
}

/* Makes and removes one object of each kind. The numbers count up in a namespace that nobody else used. */
static bool try_objects(struct cjail_shell *shell)
{
    int semaphore = semget(IPC_PRIVATE, 1, 0600), memory = shmget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);
    semctl(semaphore, 0, IPC_RMID);
    shmctl(memory, IPC_RMID, NULL);
    msgctl(queue, IPC_RMID, NULL);
    int expected = shell->trials++;
    return semaphore == expected && memory == expected && queue == expected;
}

static void watch_ipc(struct cjail_shell *shell)
{
    int context = fsopen("mqueue", FSOPEN_CLOEXEC), mount = -1;
    if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
    shell->queues = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(mount);
    close(context);
    shell->trials = 0;
    try_objects(shell);
}

/* Whether no object of the guest's is, or ever was, in the ipc namespace. */
static bool ipc_is_new(struct cjail_shell *shell)
{
    char names[256];
    if (shell->queues < 0 || lseek(shell->queues, 0, SEEK_SET) < 0)
        return false;
    enum { DOTS = 48 }; /* "." and ".." as getdents64 gives them */
    return syscall(SYS_getdents64, shell->queues, names, sizeof names) == DOTS && try_objects(shell);
}

/* Opens what renewal needs; a sandbox that cannot have it is used once. */
static void watch(struct cjail_init *init, bool renews)
{
    struct cjail_shell *shell = &init->shell;
    static const char *const counters[CJAIL_TRAFFIC_FILES] = {
        "self/net/dev", "self/net/snmp", "self/net/snmp6"};
    static const char *const spaces[CJAIL_NAMESPACES] = { /* in the order in which they are entered */
        "self/ns/user", "self/ns/pid", "self/ns/mnt", "self/ns/net", "self/ns/ipc", "self/ns/uts", "self/ns/cgroup"};
    shell->last_pid = openat(init->proc, "sys/kernel/ns_last_pid", (renews ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    shell->uses = renews && shell->last_pid >= 0 ? 0 : MOST_USES;
    for (int i = 0; i < CJAIL_TRAFFIC_FILES; i++) {
        shell->traffic_files[i] = openat(init->proc, counters[i], O_RDONLY | O_CLOEXEC);
        if (shell->traffic_files[i] < 0 && (i < 2 || errno != ENOENT)) /* without IPv6 the last is not there */
            shell->uses = MOST_USES;
    }
    for (int i = 0; i < CJAIL_NAMESPACES; i++)
        shell->namespaces[i] = openat(init->proc, spaces[i], O_RDONLY | O_CLOEXEC);
    shell->sockets = renews ? -1 : openat(init->proc, "self/net/sockstat", O_RDONLY | O_CLOEXEC);
    watch_ipc(shell);
    shell->traffic = traffic(shell);
    shell->standing = standing();
}

void cjail_join_groups(int report, const int *groups, int count)
{
    for (int i = 0; i < count; i++) {
        /* "0" is the writing task itself: for one thread the kernel skips its global lock. */
        if (write(groups[i], "0", 1) != 1)
            cjail_die(report, "control group", errno);
        close(groups[i]);
    }
}

void cjail_shell_make(struct cjail_init *init, const int *groups, int count, uint32_t uid, uint32_t gid)
{
    const struct cjail_plan *plan = init->plan;
    bool renews = !init->hosting && !init->nested && !(plan->flags & CJAIL_NO_PROC);
    int error;
    for (; init->nested && init->group_count < count && init->group_count < CJAIL_GROUPS_MAX; init->group_count++)
        init->groups[init->group_count] = fcntl(groups[init->group_count], F_DUPFD_CLOEXEC, 3);
    cjail_join_groups(init->control, groups, count);
    if ((error = open_proc(init)) < 0)
        cjail_die(init->control, "proc", error);
    take_ids(init, uid, gid);
    limit_namespace(plan);
    if (unshare(CLONE_NEWCGROUP) < 0)
        cjail_die(init->control, "cgroup namespace", errno);
    if ((error = part_mounts(init)) < 0)
        cjail_die(init->control, "mount namespace", error);
    if (!init->nested && (error = furnish(init)) < 0)
        cjail_die(init->control, "workspace", error);
    if ((error = cjail_loopback_up()) < 0)
        cjail_die(init->control, "loopback", error);
    if ((error = show_processes(init)) < 0)
        cjail_die(init->control, "proc", error);
    watch(init, renews);
}

/* A digest of how many sockets this network namespace has, or 0: some may be in the hands of others.
 * The first line; what follows it is partly counted for the whole machine. */
static uint64_t sockets(const struct cjail_shell *shell)
{
    char text[512];
    long got = pread(shell->sockets, text, sizeof text, 0);
    const char *end = got <= 0 ? NULL : memchr(text, '\n', (size_t)got);
    return end ? digest(1, text, end - text) : 0;
}

/* Whether nothing has been made in namespaces that others were in. */
bool cjail_shell_is_untouched(struct cjail_init *init)
{
    uint64_t now = sockets(&init->shell);
    return now != 0 && now == init->shell.socket_count && traffic(&init->shell) == init->shell.traffic && standing() == init->shell.standing &&
           ipc_is_new(&init->shell);
}

/* Gives a sandbox whose guest has been found fit what it was kept from: a root that nobody else has a way into,
 * its processes, and a workspace. Returns: 0 or -errno. */
int cjail_shell_settle(struct cjail_init *init)
{
    int error = cjail_root_renew();
    if (error == 0)
        error = cjail_proc_show(init);
    return error < 0 ? error : furnish(init);
}

/* Signals that a guest sent to init stay pending, for init blocks them all, and count against the next one's limit. */
static void forget_signals(void)
{
    sigset_t all;
    struct timespec now = {0, 0};
    sigfillset(&all);
    while (sigtimedwait(&all, NULL, &now) > 0)
        ;
}

static int renew_ipc(struct cjail_init *init)
{
    struct cjail_shell *shell = &init->shell;
    enum { IPC = 4 };
    if (unshare(CLONE_NEWIPC) < 0)
        return -errno;
    close(shell->namespaces[IPC]);
    close(shell->queues);
    shell->namespaces[IPC] = openat(init->proc, "self/ns/ipc", O_RDONLY | O_CLOEXEC);
    watch_ipc(shell);
    return shell->namespaces[IPC] < 0 ? -errno : 0;
}

static int renew_workspace(struct cjail_init *init)
{
    if (cjail_workspace_empty(init->workspace, &init->shell.workspace) == 0)
        return 0;
    int error = cjail_workspace_detach(init->workspace);
    return error < 0 ? error : furnish(init);
}

/* Makes the sandbox as new, its processes being dead. Returns: 0, or -errno where it can't be had: then it must end. */
int cjail_shell_renew(struct cjail_init *init)
{
    struct cjail_shell *shell = &init->shell;
    forget_signals();
    if ((init->go_flags & CJAIL_GO_NETWORK) || ++shell->uses >= MOST_USES || traffic(shell) != shell->traffic ||
        standing() != shell->standing)
        return -EBUSY;
    int error = ipc_is_new(shell) ? 0 : renew_ipc(init);
    if (error == 0)
        error = renew_workspace(init);
    if (error == 0 && pwrite(shell->last_pid, FIRST_PID, 1, 0) != 1)
        error = -errno;
    return error;
}

/* Tells the jailer that a guest may come; one that joins finds the namespaces in its socket. */
int cjail_shell_offer(struct cjail_init *init)
{
    struct cjail_note vacant = {.kind = CJAIL_VACANT}, enter = {.kind = CJAIL_ENTER};
    if (!init->joined)
        return cjail_send(init->control, &vacant, NULL, 0);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    if (init->nested) /* with the last of ours, before anybody else can make one */
        init->shell.socket_count = sockets(&init->shell);
    int error = cjail_send(pair[0], &enter, init->shell.namespaces, CJAIL_NAMESPACES);
    if (error == 0)
        error = cjail_send(init->control, &vacant, &pair[1], 1);
    close(pair[1]);
    init->guest_socket = pair[0];
    return error;
}
