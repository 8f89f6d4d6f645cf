/* Deciding about the gated calls of a guest that hosts runs. Runs in: the init of its sandbox.
 *
 * Such a guest has run strangers' code and is believed nothing. Its runs live in sandboxes nested in its own: this init
 * clones an init for each, and the host's fork joins it as a trusted host's does (join.c). It may, because the nested
 * user namespace is its own user's; so what decides who enters, and when, is its filter, which sends every setns here.
 * While the jailer has a guest on its way
 *
 *   - one process, a child of the host, enters that sandbox's namespaces, one by one, user first and pid second.
 *     What setns is given stands in registers. The descriptor may be swapped meanwhile; but once the user namespace is
 *     seen to be the right one the kernel lets it enter no others than that sandbox's, and before that it has nowhere
 *     to go: it sees no other's files and processes;
 *   - its child, the guest, asks to be taken (CJAIL_GATE). It waits for that call's end while this init makes sure that
 *     it shares no memory and no descriptors with the process that entered, ends that process, and asks the nested init,
 *     which looks at the rest (verify.c). Only then the guest gets the socket to its own init, put into its empty hands
 *     by the kernel: the host has never held it.
 *
 * Anything else is EPERM. */
#include "internal.h"

#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>

enum { USER = 0, PID = 1 };
#define GUEST_SOCKET 3
#define ANSWER_MS 2000

const char *const cjail_namespace_names[CJAIL_NAMESPACES] = {
    "/ns/user", "/ns/pid", "/ns/mnt", "/ns/net", "/ns/ipc", "/ns/uts", "/ns/cgroup"};

/* The number of a process's namespace, or 0 where it is not to be seen. */
uint64_t cjail_namespace_of(int proc, pid_t pid, int which)
{
    char path[32];
    struct stat state;
    cjail_format(path, sizeof path, "", (uint64_t)pid, cjail_namespace_names[which]);
    return fstatat(proc, path, &state, 0) < 0 ? 0 : state.st_ino;
}

void cjail_gate_shut(struct cjail_init *init)
{
    struct cjail_gate *gate = &init->gate;
    if (gate->way >= 0)
        close(gate->way); /* the nested init hears that nobody comes */
    if (gate->entrant_pidfd > 0)
        close(gate->entrant_pidfd);
    *gate = (struct cjail_gate){.way = -1, .files = gate->files};
}

static void refuse_join(struct cjail_init *init, const char *why, int error)
{
    struct cjail_note note = {.kind = CJAIL_UNJOINED, .a = error};
    strncpy(note.text, why, sizeof note.text - 1);
    cjail_gate_shut(init);
    cjail_send(init->control, &note, NULL, 0);
}

static uint64_t number_of(int namespace)
{
    struct stat state;
    return fstat(namespace, &state) < 0 ? 0 : state.st_ino;
}

static void open_gate(struct cjail_init *init, const struct cjail_note *note, int way)
{
    struct cjail_note enter, join = {.kind = CJAIL_JOIN, .a = note->a & CJAIL_JOIN_AWAITED};
    int spaces[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    cjail_gate_shut(init);
    init->gate.way = way;
    if (cjail_receive(way, &enter, spaces, &count, MSG_DONTWAIT) != 1 || enter.kind != CJAIL_ENTER ||
        count != CJAIL_NAMESPACES)
        return refuse_join(init, "namespaces", -EPROTO);
    init->gate.user = number_of(spaces[USER]);
    init->gate.pid = number_of(spaces[PID]);
    int error = cjail_send_message(init->guest_socket, &join, sizeof join, spaces, count, MSG_DONTWAIT);
    for (int i = 0; i < count; i++)
        close(spaces[i]);
    if (error < 0)
        refuse_join(init, "confined host", error);
}

/* In the new process: keeps what came with the order, and nothing of the outer sandbox's. */
_Noreturn static void live_as_nested(int *fds, int count, uint32_t uid, uint32_t gid)
{
    enum { ASIDE = 900, FIRST = 3 };
    for (int i = 0; i < count; i++)
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, ASIDE);
    for (int i = 0; i < count; i++)
        fds[i] = dup3(fds[i], FIRST + i, O_CLOEXEC);
    close_range((unsigned)(FIRST + count), ~0U, 0);
    cjail_session_forget();
    struct cjail_init nested = {.control = fds[0], .joined = true, .nested = true};
    char **argv, **envp;
    cjail_init_start(&nested, fds + 1, count - 1, uid, gid);
    cjail_guest_await(&argv, &envp); /* a program of a session that has branched off */
    cjail_guest_exec(argv, envp);
    _exit(71);
}

static int clone_nested(struct cjail_init *init, int *fds, int count, int *pidfd)
{
    uint32_t uid = getuid(), gid = getgid();
    struct clone_args arguments = {.flags = CJAIL_SANDBOX_NAMESPACES | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)pidfd,
                                   .exit_signal = SIGCHLD};
    if (setns(init->outside, CLONE_NEWNS) < 0)
        return -errno;
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        live_as_nested(fds, count, uid, gid);
    int error = pid < 0 ? -errno : 0;
    if (setns(init->inside, CLONE_NEWNS) < 0)
        cjail_die(init->control, "mount namespace", errno);
    return error < 0 ? error : (int)pid;
}

static void spawn_nested(struct cjail_init *init, int *fds, int count)
{
    struct cjail_note note = {.kind = CJAIL_SPAWNED};
    int pidfd = -1;
    note.a = clone_nested(init, fds, count, &pidfd);
    cjail_send(init->control, &note, &pidfd, note.a > 0 ? 1 : 0);
    if (pidfd >= 0)
        close(pidfd);
}

void cjail_gate_take_order(struct cjail_init *init, const struct cjail_note *note, int *fds, int count)
{
    if (note->kind == CJAIL_JOIN && count == 1)
        return open_gate(init, note, fds[0]);
    if (note->kind == CJAIL_SPAWN && count >= 1)
        spawn_nested(init, fds, count);
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

/* Of all that a host may say two things are of use: that it is ready, and that a join failed. */
void cjail_gate_hear(struct cjail_init *init, const struct cjail_note *note)
{
    struct cjail_note ready = {.kind = CJAIL_HOST_READY};
    if (note->kind == CJAIL_HOST_READY)
        cjail_send(init->control, &ready, NULL, 0);
    else if (note->kind == CJAIL_UNJOINED && init->gate.way >= 0)
        refuse_join(init, "confined host", note->a < 0 && note->a > -4096 ? note->a : -EPROTO);
}

static pid_t parent_of(struct cjail_init *init, pid_t pid)
{
    uint64_t fields[2] = {0, 0}; /* state, parent */
    return cjail_process_numbers(init->proc, (uint64_t)pid, "/stat", fields, 2) ? (pid_t)fields[1] : 0;
}

static int judge_entry(struct cjail_init *init, pid_t caller, int kind)
{
    struct cjail_gate *gate = &init->gate;
    if (gate->way < 0 || gate->step >= CJAIL_NAMESPACES || kind != cjail_namespace_kinds[gate->step])
        return -EPERM;
    if (gate->step == 0) {
        if (parent_of(init, caller) != init->guest)
            return -EPERM;
        gate->entrant = caller;
        gate->entrant_pidfd = (int)syscall(SYS_pidfd_open, caller, 0);
    }
    if (caller != gate->entrant || gate->entrant_pidfd < 0)
        return -EPERM;
    if (gate->step > 0 && cjail_namespace_of(init->proc, caller, USER) != gate->user)
        return -EPERM;
    gate->step++;
    return 1;
}

/* Whether a guest and the process that it came from are known to share neither memory nor descriptors. That process
 * has to be alive still: else its number may be another's by now. */
static bool is_apart(pid_t guest, const struct cjail_gate *gate)
{
    struct pollfd end = {.fd = gate->entrant_pidfd, .events = POLLIN};
    return syscall(SYS_kcmp, guest, gate->entrant, KCMP_VM, 0, 0) > 0 &&
           syscall(SYS_kcmp, guest, gate->entrant, KCMP_FILES, 0, 0) > 0 && poll(&end, 1, 0) == 0;
}

static bool end_entrant(struct cjail_gate *gate)
{
    struct pollfd end = {.fd = gate->entrant_pidfd, .events = POLLIN};
    syscall(SYS_pidfd_send_signal, gate->entrant_pidfd, SIGKILL, NULL, 0);
    return poll(&end, 1, ANSWER_MS) == 1;
}

static bool is_found_fit(struct cjail_gate *gate)
{
    struct cjail_note claim = {.kind = CJAIL_CLAIM}, answer;
    struct pollfd way = {.fd = gate->way, .events = POLLIN};
    return cjail_send(gate->way, &claim, &gate->files, gate->files >= 0) == 0 && poll(&way, 1, ANSWER_MS) == 1 &&
           cjail_receive(gate->way, &answer, NULL, NULL, MSG_DONTWAIT) == 1 && answer.kind == CJAIL_SETTLE;
}

static int judge_claim(struct cjail_init *init, const struct seccomp_notif *call)
{
    struct cjail_gate *gate = &init->gate;
    pid_t caller = (pid_t)call->pid;
    struct seccomp_notif_addfd gift = {.id = call->id,
                                       .flags = SECCOMP_ADDFD_FLAG_SETFD,
                                       .srcfd = (uint32_t)gate->way,
                                       .newfd = GUEST_SOCKET,
                                       .newfd_flags = O_CLOEXEC};
    if (gate->way < 0 || gate->step != CJAIL_NAMESPACES || cjail_namespace_of(init->proc, caller, PID) != gate->pid)
        return -EPERM;
    const char *why = !is_apart(caller, gate)                                         ? "guest is not apart from its host"
                      : !end_entrant(gate)                                            ? "entrant does not end"
                      : !is_found_fit(gate)                                           ? "guest is not fit"
                      : ioctl(init->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &gift) < 0 ? "guest is gone"
                                                                                      : NULL;
    if (why) {
        refuse_join(init, why, -EPERM);
        return -EPERM;
    }
    cjail_gate_shut(init);
    return 0;
}

/* Routes may be read by whoever could not change them. */
static int judge_netlink(struct cjail_init *init, pid_t caller)
{
    char text[4096];
    long got = cjail_process_text(init->proc, caller, "/status", text, sizeof text);
    return got > 0 && strstr(text, "\nCapEff:\t0000000000000000\n") ? 1 : -EPERM;
}

/* Returns: 1 to let the call through, 0 where it has been carried out here, -errno to refuse it. */
int cjail_gate_judge(struct cjail_init *init, const struct seccomp_notif *call)
{
    pid_t caller = (pid_t)call->pid;
    if (call->data.nr == SYS_socket)
        return judge_netlink(init, caller);
    if (call->data.nr != SYS_setns)
        return -EPERM;
    int kind = (int)call->data.args[1];
    return kind == CJAIL_GATE ? judge_claim(init, call) : judge_entry(init, caller, kind);
}
