/* Hosts: born by the jailer into the read-only root, they clone an init for each order. */
#include "internal.h"

#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static struct cjail_host_order order;

static pid_t clone_process(uint64_t flags, int exit_signal)
{
    struct clone_args arguments = {.flags = flags, .exit_signal = (uint64_t)exit_signal};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    return pid < 0 ? -errno : (pid_t)pid;
}


int cjail_host_prepare_from(int plan_fd)
{
    const struct cjail_plan *plan = mmap(NULL, sizeof *plan, PROT_READ, MAP_PRIVATE, plan_fd, 0);
    close(plan_fd);
    if (plan == MAP_FAILED)
        return -errno;
    if (plan->size != sizeof *plan)
        return -EPROTO;
    cjail_host_state.plan = plan;
    /* Loading a filter costs a guest more than all else that binds it: what all guests have is loaded once. */
    return plan->standing.count == 0 ? 0 : cjail_filter_load(&plan->standing, 0);
}

int cjail_host_announce(int control)
{
    struct cjail_note ready = {.kind = CJAIL_HOST_READY, .a = cjail_landlock_abi()};
    return cjail_send(control, &ready, NULL, 0);
}

void cjail_host_decline(int control)
{
    cjail_die(control, "fork", ENOTSUP);
}

int cjail_host_wait(int control)
{
    for (;;) {
        order.count = CJAIL_NOTE_FDS;
        int got = cjail_receive(control, &order.note, order.fds, &order.count, 0);
        if (got != 1)
            return got;
        if ((order.note.kind == CJAIL_SPAWN || order.note.kind == CJAIL_JOIN) && order.count >= 1)
            return 1;
        for (int i = 0; i < order.count; i++)
            close(order.fds[i]);
    }
}

static int join_sandbox(int control)
{
    int joined = cjail_join(&order);
    if (joined == 0)
        return 0;
    if (joined > 0) /* init will say that its guest stands */
        return 1;
    struct cjail_note note = {.kind = CJAIL_UNJOINED, .a = joined};
    int error = cjail_send(control, &note, NULL, 0);
    return error < 0 ? error : 1;
}

int cjail_host_spawn(int control)
{
    if (order.note.kind == CJAIL_JOIN)
        return join_sandbox(control);
    uint32_t uid = getuid(), gid = getgid();
    /* CLONE_PARENT makes the jailer the parent: it alone reaps, whatever becomes of the host. */
    pid_t pid = clone_process(CJAIL_SANDBOX_NAMESPACES | CLONE_PARENT, 0);
    if (pid == 0) {
        struct cjail_init init = {.control = order.fds[0],
                                  .joined = order.note.a & CJAIL_SPAWN_JOINED,
                                  .hosting = order.note.a & CJAIL_SPAWN_HOST,
                                  .branches = order.note.a & CJAIL_SPAWN_SESSION};
        close(control);
        cjail_init_start(&init, order.fds + 1, order.count - 1, uid, gid);
        return 0;
    }
    for (int i = 0; i < order.count; i++)
        close(order.fds[i]);
    struct cjail_note note = {.kind = CJAIL_SPAWNED, .a = pid};
    int error = cjail_send(control, &note, NULL, 0);
    return error < 0 ? error : 1;
}

int cjail_interpreter_host(int control, void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    while (cjail_host_wait(control) == 1) {
        before();
        int spawned = cjail_host_spawn(control);
        if (spawned == 0) {
            in_child();
            return cjail_host_state.awaited ? CJAIL_FORK_AWAITED : CJAIL_FORK_IDLE;
        }
        after();
        if (spawned < 0)
            break;
    }
    return CJAIL_FORK_ENDED;
}

void cjail_exec_host(int control)
{
    while (cjail_host_wait(control) == 1) {
        if (cjail_host_spawn(control) != 0)
            continue;
        if (order.note.b > 0 && order.note.b < CJAIL_AHEAD_MAX && cjail_host_state.ahead)
            cjail_guest_become(&cjail_host_state.ahead[order.note.b]);
        char **argv, **envp;
        cjail_guest_await(&argv, &envp);
        cjail_guest_exec(argv, envp);
    }
}

/* Waits, a second at most, until the host that made the namespace has mapped its ids. */
static int share_user_namespace(int fd)
{
    if (setns(fd, CLONE_NEWUSER) < 0)
        return -errno;
    for (int tries = 0; tries < 1000; tries++) {
        char line[64];
        int map = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
        long got = map < 0 ? -1 : read(map, line, sizeof line);
        close(map);
        if (got > 0)
            return unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) < 0 ? -errno : 0;
        usleep(1000);
    }
    return -ETIMEDOUT;
}

static int enter_user_namespace(const struct cjail_host_birth *birth)
{
    if (!birth->outer_user)
        return 0;
    if (birth->user_fd >= 0)
        return share_user_namespace(birth->user_fd);
    /* Nobody without CAP_SETFCAP may map a parent's user 0, and sandboxes map this one's: so root of a
     * container is another user already here. */
    uint32_t uid = birth->host_uid == 0 ? 1000 : birth->host_uid;
    uint32_t gid = birth->host_gid == 0 ? 1000 : birth->host_gid;
    if (chdir("/proc") < 0)
        return -errno;
    return cjail_map_self(AT_FDCWD, uid, gid, birth->host_uid, birth->host_gid);
}

static void give_up_privilege(const struct cjail_host_birth *birth)
{
    int error = birth->outer_user ? 0 : cjail_become(birth->host_uid, birth->host_gid);
    if (error == 0)
        error = cjail_drop_capabilities();
    if (error == 0)
        error = cjail_lock_privileges();
    if (error < 0)
        cjail_die(birth->control_fd, "host privileges", error);
}

/* Keeps only the control socket and the plan; an interpreter finds them at 3 and 4. */
static int settle(const struct cjail_host_birth *birth)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return -errno;
    int quiet[2];
    if (pipe2(quiet, 0) < 0)
        return -errno;
    int plan = birth->plan_fd >= 0 ? fcntl(birth->plan_fd, F_DUPFD_CLOEXEC, 64) : -1;
    int control = fcntl(birth->control_fd, F_DUPFD_CLOEXEC, 64);
    /* Standard streams of a bare start in a pipeline: pipes, so that nothing seems seekable. */
    if (dup2(quiet[0], 0) < 0 || dup2(quiet[1], 1) < 0 || (birth->argv == NULL && dup2(quiet[1], 2) < 0))
        return -errno;
    if (dup3(control, 3, birth->argv ? 0 : O_CLOEXEC) < 0)
        return -errno;
    if (plan >= 0 && dup2(plan, 4) < 0)
        return -errno;
    return close_range(plan >= 0 ? 5 : 4, ~0U, 0) < 0 ? -errno : 3;
}

/* The plan is made while this host builds its root. */
static int take_plan(int control)
{
    struct cjail_note note;
    int plan = -1, count = 1;
    if (cjail_receive(control, &note, &plan, &count, 0) != 1)
        _exit(0); /* the jailer is gone */
    return note.kind == CJAIL_PLAN && count == 1 ? cjail_host_prepare_from(plan) : -EPROTO;
}

_Noreturn static void live_as_host(const struct cjail_host_birth *birth)
{
    const char *stage = "";
    int error;
    for (uint32_t i = 0; i < birth->group_count; i++)
        if (write(birth->group_fds[i], "0", 1) != 1)
            cjail_die(birth->control_fd, "host control group", errno);
    if ((error = enter_user_namespace(birth)) < 0)
        cjail_die(birth->control_fd, "host id maps", error);
    if ((error = cjail_root_build(birth->root, &stage)) < 0)
        cjail_die(birth->control_fd, stage, error);
    if (sethostname("diatom", 6) < 0)
        cjail_die(birth->control_fd, "hostname", errno);
    give_up_privilege(birth);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cjail_default_signals();
    cjail_unblock_signals();
    int control = settle(birth);
    if (control < 0)
        cjail_die(birth->control_fd, "host descriptors", control);
    if (birth->argv) {
        execve(birth->argv[0], birth->argv, birth->envp);
        cjail_die(control, "host exec", errno);
    }
    if ((error = take_plan(control)) < 0)
        cjail_die(control, "plan", error);
    cjail_host_state.ahead = birth->ahead;
    prctl(PR_SET_NAME, "diatom-exec", 0, 0, 0);
    cjail_host_announce(control);
    cjail_exec_host(control);
    _exit(0);
}

pid_t cjail_host_start(const struct cjail_host_birth *birth)
{
    uint64_t flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | (birth->outer_user ? CLONE_NEWUSER : 0);
    pid_t pid = clone_process(birth->outer_user && birth->user_fd >= 0 ? 0 : flags, SIGCHLD);
    if (pid == 0)
        live_as_host(birth);
    return pid;
}
