/* The guest, before it is one: loses everything, parks, and takes its run.
 * Runs in: the child of init. From cjail_guest_confine on it has no capability. */
#include "internal.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define GUEST_SOCKET 3 /* the lowest number; the notifier of a filter becomes the next */
#define GUEST_NOTIFIER 4

static struct {
    char **argv, **envp;
    bool hosts;
} given; /* to an interpreter's guest */

static int settle_descriptors(int init_socket)
{
    if (init_socket != GUEST_SOCKET && dup3(init_socket, GUEST_SOCKET, O_CLOEXEC) < 0)
        return -errno;
    return close_range(GUEST_SOCKET + 1, ~0U, 0) < 0 ? -errno : 0;
}

static int set_rlimits(const struct cjail_plan *plan)
{
    for (uint32_t i = 0; i < plan->rlimit_count && i < CJAIL_RLIMITS_MAX; i++) {
        struct rlimit limit = {plan->rlimits[i].soft, plan->rlimits[i].hard};
        struct rlimit now;
        if (getrlimit((int)plan->rlimits[i].resource, &now) < 0)
            return -errno;
        if (limit.rlim_max > now.rlim_max)
            limit.rlim_max = now.rlim_max;
        if (limit.rlim_cur > limit.rlim_max)
            limit.rlim_cur = limit.rlim_max;
        if (setrlimit((int)plan->rlimits[i].resource, &limit) < 0)
            return -errno;
    }
    return 0;
}

static int enter_landlock(const struct cjail_plan *plan)
{
    if (plan->flags & CJAIL_NO_LANDLOCK)
        return 0;
    int ruleset = cjail_ruleset_open(plan, cjail_host_state.hosting || cjail_host_state.session);
    if (ruleset < 0)
        return ruleset;
    int error = syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
    close(ruleset);
    return error;
}

static int load_filter(const struct cjail_plan *plan)
{
    /* Copies of a context of a session may branch off to other sandboxes; what is in one of those may not. */
    bool branches = cjail_host_state.session && plan->interpreter && !cjail_host_state.nested;
    if (!cjail_host_state.hosting && !branches)
        return cjail_filter_load(&plan->filter, 0);
    struct cjail_note note = {.kind = CJAIL_COUNTING, .a = GUEST_NOTIFIER, .b = syscall(SYS_getpid)};
    int notifier = cjail_filter_load(&plan->gate, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (notifier != GUEST_NOTIFIER)
        return notifier < 0 ? notifier : -EBADF;
    return cjail_send(GUEST_SOCKET, &note, NULL, 0);
}

/* The guest of a confined host asks its init to be taken, with nothing in its hands, and gets the socket to it as
 * the answer; then it joins its control groups. Does nothing in other guests. */
static void pass_gate(void)
{
    struct cjail_note note;
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    if (!cjail_host_state.nested)
        return;
    if (chdir("/") < 0 || close_range(0, ~0U, 0) < 0 || syscall(SYS_setns, -1, CJAIL_GATE) < 0)
        _exit(71);
    for (int i = 0; i < 3; i++)
        if (open("/dev/null", O_RDWR) != i)
            cjail_die(GUEST_SOCKET, "streams", EBADF);
    if (cjail_receive(GUEST_SOCKET, &note, fds, &count, 0) != 1 || note.kind != CJAIL_SETTLE)
        _exit(71);
    cjail_join_groups(GUEST_SOCKET, fds, count);
}

/* In this order: what needs privilege first, the filter last.
 * Returns: 0 in a confined guest; a failing step ends the process and is told to init. */
int cjail_guest_confine(int init_socket)
{
    const struct cjail_plan *plan = cjail_host_state.plan;
    int error = cjail_host_state.nested ? 0 : settle_descriptors(init_socket);
    if (error < 0)
        cjail_die(init_socket, "descriptors", error);
    setsid();
    umask(022);
    /* An interpreter's own handlers stay: they are what a bare start has. */
    if (!plan->interpreter)
        cjail_default_signals();
    cjail_unblock_signals();
    prctl(PR_SET_PDEATHSIG, 0);
    if ((error = set_rlimits(plan)) < 0)
        cjail_die(GUEST_SOCKET, "rlimits", error);
    if ((error = cjail_drop_capabilities()) < 0)
        cjail_die(GUEST_SOCKET, "capabilities", error);
    if ((error = cjail_lock_privileges()) < 0)
        cjail_die(GUEST_SOCKET, "no_new_privs", error);
    prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL); /* changing ids took it; /proc/self needs it */
    pass_gate();
    if (chdir("/home/user") < 0)
        cjail_die(GUEST_SOCKET, "home", errno);
    if ((error = enter_landlock(plan)) < 0)
        cjail_die(GUEST_SOCKET, "landlock", error);
    if ((error = load_filter(plan)) < 0)
        cjail_die(GUEST_SOCKET, "seccomp", error);
    return 0;
}

static int read_strings(const char **cursor, const char *end, char **list, uint32_t count)
{
    uint32_t length;
    for (uint32_t i = 0; i < count; i++) {
        int error = cjail_bundle_string(cursor, end, (const char **)&list[i], &length);
        if (error < 0)
            return error;
    }
    list[count] = NULL;
    return 0;
}

/* Counted in this user namespace, init included: its own limits where no controller counts. */
static void limit_processes(uint32_t processes)
{
    struct rlimit limit = {processes + 1, processes + 1};
    if (processes && setrlimit(RLIMIT_NPROC, &limit) < 0)
        cjail_die(GUEST_SOCKET, "process limit", errno);
}

static void take_streams(const int *fds)
{
    for (int i = 0; i < 3; i++)
        if (dup2(fds[i + 1], i) < 0)
            cjail_die(GUEST_SOCKET, "streams", errno);
}

static void count_calls(const struct cjail_plan *plan)
{
    struct cjail_note note = {.kind = CJAIL_COUNTING, .a = GUEST_NOTIFIER};
    close_range(GUEST_NOTIFIER, ~0U, 0);
    cjail_send(GUEST_SOCKET, &note, NULL, 0);
    int notifier = cjail_filter_load(&plan->counter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (notifier < 0)
        cjail_die(GUEST_SOCKET, "profile", notifier);
}

/* Waits for the end of the process that made the fork (join.c). It shares the host's memory: should this sandbox end
 * while that process is within libc's fork, locks of the host's would stay locked for ever. */
static void await_birth(void)
{
    const struct timespec moment = {.tv_nsec = 50000};
    if (cjail_host_state.nested)
        return;
    for (int turns = 0; getppid() != 1; turns++)
        turns < 10 ? (void)sched_yield() : (void)nanosleep(&moment, NULL);
}

/* Parks, and takes of the run all that every guest takes. Returns its flags; fds are the release's. */
static int32_t take_run(char ***argv, char ***envp, int *fds, int *count)
{
    static char *arguments[CJAIL_STRINGS_MAX + 1];
    static char *environment[CJAIL_STRINGS_MAX + 1];
    struct cjail_note note = {.kind = CJAIL_PARKED, .a = (int32_t)syscall(SYS_getpid)};
    await_birth();
    cjail_send(GUEST_SOCKET, &note, NULL, 0);
    if (cjail_receive(GUEST_SOCKET, &note, fds, count, 0) != 1 || note.kind != CJAIL_RELEASE || *count < 4)
        _exit(71);
    const char *cursor, *end;
    struct cjail_bundle_head head;
    int error = cjail_bundle_map(fds[0], &cursor, &end, &head);
    if (error == 0)
        error = read_strings(&cursor, end, arguments, head.argc);
    if (error == 0)
        error = read_strings(&cursor, end, environment, head.envc);
    if (error < 0)
        cjail_die(GUEST_SOCKET, "bundle", error);
    limit_processes(note.processes);
    take_streams(fds);
    if (note.a & CJAIL_GO_TERMINAL)
        ioctl(0, TIOCSCTTY, 0);
    given.hosts = note.a & CJAIL_GO_HOST;
    *argv = arguments;
    *envp = environment;
    return note.a;
}

int cjail_guest_await(char ***argv, char ***envp)
{
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    if (take_run(argv, envp, fds, &count) & CJAIL_GO_PROFILE)
        count_calls(cjail_host_state.plan);
    else
        close_range(GUEST_NOTIFIER, ~0U, 0);
    return 0;
}

int cjail_guest_await_ahead(char ***argv, char ***envp)
{
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    if (take_run(argv, envp, fds, &count) & CJAIL_GO_PROFILE)
        cjail_die(GUEST_SOCKET, "profile", ENOTSUP);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    close(GUEST_SOCKET);
    return 0;
}

/* Runs in: a confined guest that has no run yet; the program goes on with its socket. */
void cjail_guest_become(const struct cjail_ahead *program)
{
    if (!program->argv)
        cjail_die(GUEST_SOCKET, "ahead", EPROTO);
    fcntl(GUEST_SOCKET, F_SETFD, 0);
    execve(program->argv[0], program->argv, program->envp);
    cjail_die(GUEST_SOCKET, "exec ahead", errno);
}

void cjail_guest_leave(void)
{
    close_range(GUEST_SOCKET, ~0U, 0);
}

static bool same_strings(char *const *one, char *const *other)
{
    while (*one && *other && !strcmp(*one, *other)) {
        one++;
        other++;
    }
    return !*one && !*other;
}

int cjail_guest_take(char *const *argv, char *const *envp)
{
    cjail_guest_await(&given.argv, &given.envp);
    if (given.hosts) {
        cjail_host_state.nested = true;
        return CJAIL_TAKEN_HOST;
    }
    cjail_guest_leave();
    bool same = same_strings(argv, given.argv) && same_strings(envp, given.envp);
    return same ? CJAIL_TAKEN_SAME : CJAIL_TAKEN_OTHER;
}

void cjail_guest_receive(void)
{
    cjail_guest_await(&given.argv, &given.envp);
}

void cjail_guest_given(char ***argv, char ***envp)
{
    *argv = given.argv;
    *envp = given.envp;
}

static const char *search_path(char **envp)
{
    for (; *envp; envp++)
        if (!strncmp(*envp, "PATH=", 5))
            return *envp + 5;
    return "/usr/local/bin:/usr/bin:/bin";
}

void cjail_guest_exec(char **argv, char **envp)
{
    char path[PATH_MAX];
    int error = ENOENT;
    if (!argv[0] || !argv[0][0])
        cjail_die(GUEST_SOCKET, "exec", EINVAL);
    if (strchr(argv[0], '/')) {
        execve(argv[0], argv, envp);
        cjail_die(GUEST_SOCKET, "exec", errno);
    }
    size_t name = strlen(argv[0]);
    for (const char *at = search_path(envp); *at;) {
        size_t length = strcspn(at, ":");
        if (length > 0 && length + name + 2 < sizeof path) {
            memcpy(path, at, length);
            path[length] = '/';
            memcpy(path + length + 1, argv[0], name + 1);
            execve(path, argv, envp);
            error = errno == ENOENT || errno == ENOTDIR ? error : errno;
        }
        at += length + (at[length] == ':');
    }
    cjail_die(GUEST_SOCKET, "exec", error);
}
