/* A fork of an interpreter host becomes the guest of a sandbox that stands already.
 *
 * The host copies its memory once for each guest, and nothing is made or mounted by a process of
 * its size. It may enter because the sandbox's user namespace was made by its own user within its
 * own user namespace (see user_namespaces(7)), which gives it every capability there and none here.
 *
 *   host ── entrant ── midwife ── guest
 *
 * Entrant and midwife borrow the host's memory while the host waits (CLONE_VM | CLONE_VFORK). The
 * entrant joins the namespaces; only its children are in the pid namespace, so the midwife, born
 * there, makes the fork, and when it ends the kernel gives the guest to init. The guest then
 * leaves the midwife's stack for the place in the host's own that called cjail_join. It parks when the midwife is
 * gone, for nothing may end that one while it is in libc's fork: see await_birth in guest.c.
 *
 * A host that is a guest itself goes the same way, watched at every step (gate.c): each of the
 * entrant's calls waits for the word of the host's init, and the entrant for its own end. */
#include "internal.h"

#include <linux/rseq.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/rseq.h>

#define STACK 32768
#define GUEST 1

static struct {
    jmp_buf caller;
    const struct cjail_host_order *order;
    int guest_socket;
    int error;
} entry;

const int cjail_namespace_kinds[CJAIL_NAMESPACES] = {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS,    CLONE_NEWNET,
                                                     CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

static char stacks[2][STACK] __attribute__((aligned(16)));

/* The kernel forgets the registration where memory is borrowed, and libc would read its last word for ever. */
static void register_rseq(void)
{
    if (__rseq_size == 0)
        return;
    struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
    if (syscall(SYS_rseq, area, sizeof *area, 0, RSEQ_SIG) < 0)
        area->cpu_id = (uint32_t)RSEQ_CPU_ID_REGISTRATION_FAILED;
}

static int borrow(int (*function)(void *), int stack, int signal)
{
    int status;
    pid_t pid = clone(function, stacks[stack] + STACK, CLONE_VM | CLONE_VFORK | signal, NULL);
    if (pid < 0)
        return -errno;
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
        ;
    return entry.error;
}

static int midwife(void *unused)
{
    (void)unused;
    pid_t guest = fork(); /* libc's, so that its own handlers run in the guest */
    if (guest == 0)
        longjmp(entry.caller, GUEST);
    if (guest < 0)
        entry.error = -errno;
    _exit(0);
}

static int enter(const int *namespaces, int count)
{
    for (int i = 0; i < count && i < CJAIL_NAMESPACES; i++) {
        if (setns(namespaces[i], cjail_namespace_kinds[i]) < 0)
            return -errno;
        if (cjail_host_state.nested) /* capabilities took it; whoever is not believed must be seen */
            prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
    }
    return cjail_become(cjail_host_state.plan->inner_uid, cjail_host_state.plan->inner_gid);
}

static int entrant(void *unused)
{
    (void)unused;
    struct cjail_note note;
    int namespaces[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    if (cjail_host_state.nested)
        entry.error = enter(entry.order->fds, entry.order->count);
    else if (cjail_receive(entry.guest_socket, &note, namespaces, &count, MSG_DONTWAIT) != 1 || note.kind != CJAIL_ENTER)
        entry.error = -EPROTO;
    else
        entry.error = enter(namespaces, count);
    if (entry.error == 0)
        borrow(midwife, 1, SIGCHLD);
    while (entry.error == 0 && cjail_host_state.nested)
        pause(); /* until the host's init has seen that the guest shares nothing with this process */
    _exit(0);
}

/* Runs in: an interpreter host, which has one thread. Privilege: none but its user.
 * Returns: 0 in the new, confined guest; in the host 1, or -errno where there is no guest. */
int cjail_join(const struct cjail_host_order *order)
{
    entry.order = order;
    entry.guest_socket = order->fds[0];
    entry.error = 0;
    cjail_host_state.awaited = order->note.a & CJAIL_JOIN_AWAITED;
    cjail_host_state.hosting = order->note.a & CJAIL_JOIN_HOST;
    cjail_host_state.session = order->note.a & CJAIL_JOIN_SESSION;
    if (setjmp(entry.caller) == GUEST) {
        register_rseq();
        if (!cjail_host_state.nested) /* who is not believed gets no hold of a control group */
            cjail_join_groups(entry.guest_socket, order->fds + 1, order->count - 1);
        return cjail_guest_confine(entry.guest_socket);
    }
    int error = borrow(entrant, 0, SIGCHLD);
    for (int i = 0; i < order->count; i++)
        close(order->fds[i]);
    return error < 0 ? error : 1;
}

/* Forks a process that is not this one's child but init's, and that hears nothing of who was between them.
 * Runs in: a guest of one thread. Returns: 0 in the new process, 1 in this one, or -errno. */
int cjail_split(void)
{
    entry.error = 0;
    if (setjmp(entry.caller) == GUEST) {
        register_rseq();
        while (getppid() != 1) /* the midwife is within libc's fork still */
            sched_yield();
        setsid(); /* signals for the other's group are not for this process */
        return 0;
    }
    int error = borrow(midwife, 1, 0);
    return error < 0 ? error : 1;
}
