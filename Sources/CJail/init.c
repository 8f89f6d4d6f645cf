/* pid 1 of a sandbox: sets it up, gets a guest, supervises it, hands out what it left.
 * Privilege: all capabilities of its own user namespace, none outside. Never the guest. */
#include "internal.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static void guard_self(struct cjail_init *init)
{
    prctl(PR_SET_NAME, "diatom-init", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL); /* its memory and links are out of the guest's reach */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    init->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (init->signals < 0)
        cjail_die(init->control, "signalfd", errno);
}

int cjail_init_take_listener(pid_t guest, int number)
{
    int process = (int)syscall(SYS_pidfd_open, guest, 0), fd = -1;
    /* The guest's next call waits for our answer, so its descriptor is fetched, not sent. */
    for (int tries = 0; process >= 0 && fd < 0 && tries < 20000; tries++)
        if ((fd = (int)syscall(SYS_pidfd_getfd, process, number, 0)) < 0)
            usleep(50);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (process >= 0)
        close(process);
    return fd;
}

static void adopt(struct cjail_init *init, pid_t guest)
{
    init->guest = guest;
    init->guest_pidfd = (int)syscall(SYS_pidfd_open, guest, 0);
}

/* Forks the guest and returns in it: 0. In init: waits until the guest stands confined. */
static bool fork_guest(struct cjail_init *init)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        cjail_die(init->control, "socketpair", errno);
    pid_t guest = fork(); /* libc's, so that its own handlers run in the guest */
    if (guest < 0)
        cjail_die(init->control, "fork", errno);
    if (guest == 0) {
        close(pair[0]);
        return cjail_guest_confine(pair[1]) == 0;
    }
    close(pair[1]);
    init->guest_socket = pair[0];
    adopt(init, guest);
    return false;
}

static void kill_everything(struct cjail_init *init)
{
    if (!init->ended)
        kill(-1, SIGKILL);
}

static int64_t cpu_of_children(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
           ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void measure_end(struct cjail_init *init, struct cjail_note *note)
{
    int64_t cpu = cpu_of_children() - init->cpu_base - init->cpu_parked;
    note->a = init->status;
    note->wall_ns = init->released_ns ? init->ended_ns - init->released_ns : 0;
    note->cpu_ns = cpu > init->cpu_sampled ? cpu : init->cpu_sampled;
    note->memory_bytes = init->memory_peak;
    note->processes = init->processes_peak;
    note->sampled_limit = init->sampled_limit;
    cjail_workspace_measure(init->workspace, note);
}

/* The guest is dead: everything else dies, then the end is told and the files are handed out. */
void cjail_init_finish(struct cjail_init *init)
{
    struct cjail_note note = {.kind = CJAIL_ENDED};
    init->ended_ns = cjail_now();
    init->ended = true;
    do
        kill(-1, SIGKILL);
    while (RETRY(waitpid(-1, NULL, __WALL)) >= 0);
    measure_end(init, &note);
    cjail_send(init->control, &note, NULL, 0);
    if (init->files >= 0 && (init->go_flags & CJAIL_GO_COLLECT))
        cjail_workspace_collect(init->files);
    if (init->files >= 0 && init->profile)
        RETRY(send(init->files, init->profile, sizeof *init->profile, MSG_NOSIGNAL));
}

/* A host's guests live on; the jailer knows when to end them, and this sandbox. */
static void host_ended(struct cjail_init *init)
{
    struct cjail_note note = {.kind = CJAIL_ENDED};
    init->ended_ns = cjail_now();
    measure_end(init, &note);
    cjail_gate_shut(init);
    cjail_send(init->control, &note, NULL, 0);
}

static void reap(struct cjail_init *init)
{
    struct signalfd_siginfo news;
    while (read(init->signals, &news, sizeof news) > 0)
        ;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid <= 0)
            return;
        if (pid == init->guest) {
            init->status = status;
            if (!init->hosting)
                return cjail_init_finish(init);
            host_ended(init);
        }
    }
}

static int lay_out(struct cjail_init *init, const struct cjail_note *go, int bundle)
{
    const char *cursor, *end, *text;
    struct cjail_bundle_head head;
    uint32_t length;
    int error = 0;
    if ((uint64_t)go->b != init->plan->workspace_bytes || (uint64_t)go->c != init->plan->workspace_inodes)
        error = cjail_workspace_resize((uint64_t)go->b, (uint32_t)go->c);
    if (error == 0)
        error = cjail_bundle_map(bundle, &cursor, &end, &head);
    for (uint32_t i = 0; error == 0 && i < head.argc + head.envc; i++)
        error = cjail_bundle_string(&cursor, end, &text, &length);
    return error < 0 ? error : cjail_workspace_fill(&cursor, end, head.file_count);
}

static void start_counting(struct cjail_init *init)
{
    init->profile = mmap(NULL, sizeof *init->profile, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (init->profile == MAP_FAILED)
        cjail_die(init->control, "profile", ENOMEM);
    init->profile->marker = CJAIL_PROFILE_MARKER;
}

static void go(struct cjail_init *init, struct cjail_note *order, int *fds, int count)
{
    init->go_flags = (uint32_t)order->a;
    init->network = init->go_flags & CJAIL_GO_NETWORK && count > 4 ? fds[--count] : -1;
    if (init->running || count < 4)
        cjail_die(init->control, "go", EPROTO);
    int fifth = count > 4 ? fds[4] : -1;
    init->session = init->go_flags & CJAIL_GO_SESSION ? fifth : -1;
    init->files = init->session < 0 ? fifth : -1;
    init->processes_limit = order->processes;
    init->memory_limit = order->memory_bytes;
    init->cpu_limit = order->cpu_ns;
    int error = lay_out(init, order, fds[0]);
    if (error < 0)
        cjail_die(init->control, "files", error);
    if (init->network >= 0 && (error = cjail_network_open(init->network)) < 0)
        cjail_die(init->control, "network", error);
    if (init->session >= 0 && (error = cjail_session_prepare(init)) < 0)
        cjail_die(init->control, "session", error);
    if (init->go_flags & CJAIL_GO_PROFILE)
        start_counting(init);
    if (init->joined && (init->plan->flags & CJAIL_SAMPLED))
        init->memory_base = cjail_process_memory(init->proc, (uint64_t)init->guest); /* shared with the host */
    init->cpu_parked = cjail_process_cpu(init->guest);
    struct cjail_note release = {.kind = CJAIL_RELEASE, .a = order->a, .processes = order->processes};
    init->running = true;
    init->released_ns = cjail_now();
    /* Told first: a run of which it is not known that it began is given to another sandbox if this one dies. */
    struct cjail_note started = {.kind = CJAIL_STARTED, .b = init->released_ns};
    cjail_send(init->control, &started, NULL, 0);
    if ((error = cjail_send(init->guest_socket, &release, fds, 4)) < 0)
        cjail_die(init->control, "release", error);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void take_order(struct cjail_init *init)
{
    struct cjail_note note;
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    int got = cjail_receive(init->control, &note, fds, &count, 0);
    if (got != 1)
        _exit(0); /* the jailer is gone; with pid 1 the whole sandbox ends */
    if (init->hosting && (note.kind == CJAIL_SPAWN || note.kind == CJAIL_JOIN))
        cjail_gate_take_order(init, &note, fds, count);
    else if (note.kind == CJAIL_GO)
        go(init, &note, fds, count);
    else if (note.kind == CJAIL_KILL)
        kill_everything(init);
}

/* A process from a confined host stands in this sandbox: if it is fit it gets what it was kept from. */
static void take_claim(struct cjail_init *init)
{
    struct cjail_note settle = {.kind = CJAIL_SETTLE};
    const char *what = "";
    pid_t guest = cjail_verify_claim(init, &what);
    if (guest < 0)
        cjail_die(init->control, what, guest);
    adopt(init, guest);
    int error = cjail_shell_settle(init);
    if (error < 0)
        cjail_die(init->control, "settle", error);
    cjail_send(init->guest_socket, &settle, NULL, 0); /* to the host's init, which hands the socket over */
    uint64_t bytes = 0;
    if (init->origin >= 0 && (error = cjail_workspace_copy(init->origin, init->workspace, &bytes)) < 0)
        cjail_die(init->control, "files", error);
    if (init->origin >= 0)
        close(init->origin);
    init->origin = -1;
    cjail_send(init->guest_socket, &settle, init->groups, init->group_count);
}

static void hear_stranger(struct cjail_init *init, struct cjail_note *note)
{
    const char *what = "";
    if (note->kind == CJAIL_CLAIM && !init->guest)
        return take_claim(init);
    if (note->kind == CJAIL_FAILED)
        cjail_die(init->control, "confined guest", note->a); /* its words are not handed on */
    if (note->kind != CJAIL_PARKED || !init->guest || init->running)
        return;
    if (!cjail_verify_parked(init, &what))
        cjail_die(init->control, what, EPERM);
    note->kind = CJAIL_READY;
    cjail_send(init->control, note, NULL, 0);
}

static void hear_guest(struct cjail_init *init)
{
    struct cjail_note note;
    int fd = -1, count = init->nested && init->origin < 0;
    if (cjail_receive(init->guest_socket, &note, &fd, &count, MSG_DONTWAIT) != 1) {
        if (!init->guest)
            cjail_die(init->control, "join", ECHILD);
        close(init->guest_socket);
        init->guest_socket = -1;
        return;
    }
    if (count == 1)
        init->origin = fd;
    if (init->nested)
        return hear_stranger(init, &note);
    if (init->hosting && init->running)
        return cjail_gate_hear(init, &note);
    switch (note.kind) {
    case CJAIL_COUNTING:
        /* Before GO this is the gate's notifier, after it the counter's; a guest that has been
         * released and exec'd no longer holds this socket. */
        if (!init->guest)
            adopt(init, (pid_t)note.b);
        if (init->listener < 0)
            init->listener = cjail_init_take_listener(init->guest, note.a);
        break;
    case CJAIL_PARKED:
        if (!init->guest)
            adopt(init, note.a);
        note.kind = CJAIL_READY;
        cjail_send(init->control, &note, NULL, 0);
        break;
    case CJAIL_FAILED:
        cjail_send(init->control, &note, NULL, 0);
        break;
    default:
        break;
    }
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* From the moment a guest is under way until its run has been handed out. Returns true in a session's guest. */
static bool supervise(struct cjail_init *init)
{
    bool sampling = init->plan->flags & CJAIL_SAMPLED;
    struct cjail_note way;
    while (!init->ended) {
        if (init->session >= 0)
            return cjail_session_serve(init);
        struct pollfd watched[5] = {
            {.fd = init->control, .events = POLLIN},
            {.fd = init->signals, .events = POLLIN},
            {.fd = init->guest_socket, .events = POLLIN},
            {.fd = init->listener, .events = POLLIN},
            {.fd = init->network, .events = POLLIN},
        };
        int ready = poll(watched, 5, sampling && init->running ? 5 : -1);
        if (ready > 0 && watched[2].revents)
            hear_guest(init);
        if (ready > 0 && watched[3].revents)
            cjail_init_answer(init);
        if (ready > 0 && watched[4].revents && cjail_network_serve(init->network, &way) == 0)
            drop(&init->network);
        if (ready > 0 && watched[1].revents)
            reap(init);
        if (ready > 0 && watched[0].revents && !init->ended)
            take_order(init);
        if (sampling && init->running && !init->ended) {
            cjail_init_sample(init);
            if (init->sampled_limit != CJAIL_SAMPLED_NONE)
                kill_everything(init);
        }
    }
    return false;
}

/* Forgets the run that has ended. */
static void clear(struct cjail_init *init)
{
    drop(&init->guest_socket);
    drop(&init->guest_pidfd);
    drop(&init->listener);
    drop(&init->files);
    drop(&init->network);
    if (init->profile)
        munmap(init->profile, sizeof *init->profile);
    init->profile = NULL;
    init->guest = 0;
    init->status = 0;
    init->running = init->ended = false;
    init->released_ns = 0;
    init->memory_base = init->memory_peak = init->cpu_sampled = init->cpu_parked = 0;
    init->processes_peak = 0;
    init->sampled_limit = CJAIL_SAMPLED_NONE;
    init->cpu_base = cpu_of_children();
}

static void await_admission(struct cjail_init *init)
{
    struct cjail_note note;
    do
        if (cjail_receive(init->control, &note, NULL, NULL, 0) != 1)
            _exit(0);
    while (note.kind != CJAIL_ADMIT);
}

/* Gets the next guest. Returns true in a guest that was forked here. */
static bool take_guest(struct cjail_init *init, bool first)
{
    if (init->joined || !first)
        if (cjail_shell_offer(init) < 0)
            _exit(71);
    if (init->joined)
        return false;
    if (!first)
        await_admission(init);
    return fork_guest(init);
}

/* Runs in: the process just cloned from the exec host, pid 1 of all its namespaces.
 * Returns only in a confined guest, through the caller of cjail_host_spawn. */
bool cjail_init_start(struct cjail_init *init, const int *groups, int group_count, uint32_t uid, uint32_t gid)
{
    init->plan = cjail_host_state.plan;
    init->listener = init->files = init->network = init->session = init->guest_socket = init->guest_pidfd = -1;
    init->origin = init->gate.files = -1;
    init->proc = init->gate.way = -1;
    cjail_shell_make(init, groups, group_count, uid, gid);
    guard_self(init);
    for (bool first = true;; first = false) {
        if (take_guest(init, first))
            return true;
        if (supervise(init))
            return true;
        if (!init->running || (init->go_flags & CJAIL_GO_SESSION))
            _exit(0); /* died parked, or is used up */
        clear(init);
        if (cjail_shell_renew(init) < 0)
            _exit(0);
    }
}
