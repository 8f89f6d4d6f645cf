/* A context of a session: a guest that can be copied while it waits for its next cell.
 *
 * A copy is a fork that is init's own child. It lets go of the streams it shares with the original and waits; told to
 * thaw, it copies itself once more, and that copy goes on in the place of the original. What a fork shares is parted:
 * open files are closed in the copy that waits, and opened anew, at the same path, flags, offset and locks, in the one
 * that goes on; those that were deleted go by a copy of their content. Mappings of files that others may write become
 * private memory, and shared ones are made again. What can't be parted is an obstacle (keep.c).
 *
 * Runs in: guest, with guests' code in the same memory. Nobody believes it anything. */
#include "keep.h"

#include <poll.h>
#include <sys/prctl.h>

#define OUT_OF_THE_WAY 900
#define STREAMS 3

static int cells = -1, init_socket = -1;
static bool is_branch;

/* A program in a sandbox that has branched off is not to be read from the one that it came from. */
static void be_unreadable(void)
{
    if (is_branch)
        prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

static int move_away(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    close(fd);
    return moved;
}

static void open_nothing(int at, int flags)
{
    int null = open("/dev/null", flags | O_CLOEXEC);
    if (null != at) {
        dup2(null, at);
        close(null);
    }
    fcntl(at, F_SETFD, 0);
}

int cjail_context_take(void)
{
    enum { GUEST_SOCKET = 3 };
    cjail_guest_receive();
    init_socket = move_away(GUEST_SOCKET);
    cells = move_away(0);
    open_nothing(0, O_RDONLY);
    return cells;
}

/* In a fork that has come into another sandbox: takes what it is given there. */
static void become_branch(void)
{
    enum { GUEST_SOCKET = 3 };
    int number = cells;
    cjail_guest_receive();
    init_socket = move_away(GUEST_SOCKET);
    cells = fcntl(0, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (cells != number) {
        dup3(cells, number, O_CLOEXEC);
        close(cells);
    }
    cells = number;
    open_nothing(0, O_RDONLY);
    cjail_keep_restore();
    is_branch = true;
    be_unreadable();
}

/* Forks into the sandbox whose namespaces came with the note. Returns true there. */
static bool branch(int socket, struct cjail_note *note, const int *fds, int count, void (*in_child)(void))
{
    struct cjail_host_order order = {.note = *note, .count = count};
    memcpy(order.fds, fds, (size_t)count * sizeof *fds);
    order.note.a |= CJAIL_JOIN_SESSION;
    cjail_host_state.nested = true;
    int side = cjail_join(&order);
    if (side == 0) {
        in_child();
        become_branch();
        return true;
    }
    cjail_host_state.nested = false;
    struct cjail_note refusal = {.kind = CJAIL_UNJOINED, .a = side};
    if (side < 0)
        cjail_send(socket, &refusal, NULL, 0);
    return false;
}

static void tell(int socket, uint32_t kind, int32_t number)
{
    struct cjail_note note = {.kind = kind, .a = number};
    cjail_send(socket, &note, NULL, 0);
}

/* Takes, in a copy that goes on, the streams that it was given. */
static void take_streams(const int *fds)
{
    close(cells);
    close(init_socket);
    init_socket = move_away(fds[0]);
    int moved = fcntl(fds[1], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (moved != cells) {
        dup3(moved, cells, O_CLOEXEC);
        close(moved);
    }
    close(fds[1]);
    for (int i = 1; i < STREAMS; i++) {
        dup2(fds[i + 1], i);
        close(fds[i + 1]);
    }
}

/* Waits frozen. Returns in a copy that goes on.
 *
 * No code of the interpreter's runs here: to it the copy that goes on is the child of the original's fork, and what its
 * hooks did before that fork is undone there. */
static void wait_frozen(int socket, void (*in_child)(void))
{
    struct cjail_note note;
    tell(socket, CJAIL_PARKED, (int32_t)syscall(SYS_getpid));
    for (;;) {
        int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
        if (cjail_receive(socket, &note, fds, &count, 0) != 1)
            _exit(0); /* nobody can want this copy any more */
        if (note.kind == CJAIL_FREEZE) /* whether it is there still */
            tell(socket, CJAIL_PARKED, (int32_t)syscall(SYS_getpid));
        if (note.kind == CJAIL_JOIN && count == CJAIL_NAMESPACES) {
            if (branch(socket, &note, fds, count, in_child))
                return;
            continue;
        }
        if (note.kind != CJAIL_THAW || count != 4)
            continue;
        int side = cjail_split();
        if (side == 0) {
            in_child();
            close(socket);
            take_streams(fds);
            cjail_keep_restore();
            be_unreadable();
            tell(init_socket, CJAIL_PARKED, (int32_t)syscall(SYS_getpid));
            return;
        }
        for (int i = 0; i < count; i++)
            close(fds[i]);
    }
}

/* In the copy: lets go of what is the original's. */
static int freeze_here(int socket, int flags)
{
    int own = fcntl(socket, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    close(socket);
    open_nothing(1, O_WRONLY);
    open_nothing(2, O_WRONLY);
    int ours[] = {own, cells, init_socket};
    int error = cjail_keep_state(ours, sizeof ours / sizeof *ours, flags & CJAIL_FREEZE_DROP);
    if (error < 0) {
        tell(own, CJAIL_FAILED, -error);
        _exit(0);
    }
    /* Numbers that the copy which goes on will use again. */
    open_nothing(cells, O_RDONLY);
    open_nothing(init_socket, O_RDONLY);
    fcntl(cells, F_SETFD, FD_CLOEXEC);
    fcntl(init_socket, F_SETFD, FD_CLOEXEC);
    return own;
}

static bool freeze(int flags, int socket, void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    int ours[] = {socket, cells, init_socket};
    int found = cjail_keep_find_obstacles(ours, sizeof ours / sizeof *ours, socket, flags & CJAIL_FREEZE_DROP);
    if (found > 0) {
        tell(socket, CJAIL_FAILED, EBUSY);
        close(socket);
        return false;
    }
    before();
    int side = cjail_split();
    if (side == 0) {
        wait_frozen(freeze_here(socket, flags), in_child);
        return true;
    }
    after();
    if (side < 0)
        tell(socket, CJAIL_FAILED, -side);
    close(socket);
    return false;
}

static bool hear_init(void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    struct cjail_note note;
    int socket = -1, count = 1;
    if (cjail_receive(init_socket, &note, &socket, &count, MSG_DONTWAIT) != 1) {
        close(init_socket);
        init_socket = -1;
        return false;
    }
    if (note.kind == CJAIL_FREEZE && count == 1)
        return freeze(note.a, socket, before, after, in_child);
    if (count == 1)
        close(socket);
    return false;
}

int cjail_context_wait(void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    for (;;) {
        struct pollfd ways[2] = {{.fd = cells, .events = POLLIN}, {.fd = init_socket, .events = POLLIN}};
        if (poll(ways, 2, -1) < 0)
            continue;
        if (ways[0].revents)
            return CJAIL_AWOKEN_CELL;
        if (ways[1].revents && hear_init(before, after, in_child))
            return CJAIL_AWOKEN_THAWED;
    }
}
