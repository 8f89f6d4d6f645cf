/* Checkpoints of a session: a copy of each context that waits, and a copy of the workspace's files.
 *
 * A context is asked over its socket to copy itself by a fork (context.c). The copy waits, frozen, on a socket of its
 * own; it is used by having it copy itself again, as often as wanted. Rollback ends every other process, puts a workspace
 * with the kept files in the place of the old one, and lets a copy of each frozen context go on.
 *
 * What a context says of itself decides nothing but whether a checkpoint of it comes about. Runs in: init. */
#include "session.h"

#include <poll.h>

#define FREEZE_MS 10000
#define NOTES_MAX 100 /* that a context may send before it stands frozen */
#define CONTEXTS_MAX 16

struct frozen {
    uint64_t member;
    pid_t pid;
    int socket;
};

static struct checkpoint {
    bool used;
    uint64_t number;
    int files; /* a detached mount */
    uint64_t bytes;
    struct frozen contexts[CONTEXTS_MAX];
    int count;
} all[CJAIL_CHECKPOINTS_MAX];

/* Frozen contexts of forgotten checkpoints, until they have been reaped. */
static pid_t dying[CJAIL_CHECKPOINTS_MAX * CONTEXTS_MAX];
static int dying_count;

/* What is in the way of a checkpoint, as lines. */
static struct {
    char text[4096];
    size_t used;
} obstacles;

static void note_obstacle(const char *line)
{
    size_t length = strlen(line);
    if (obstacles.used + length + 1 > sizeof obstacles.text)
        return;
    memcpy(obstacles.text + obstacles.used, line, length);
    obstacles.text[obstacles.used + length] = '\n';
    obstacles.used += length + 1;
}

static struct checkpoint *find(uint64_t number)
{
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX; i++)
        if (all[i].used && all[i].number == number)
            return &all[i];
    return NULL;
}

static bool is_frozen(pid_t pid)
{
    for (int i = 0; i < dying_count; i++)
        if (dying[i] == pid)
            return true;
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX; i++)
        for (int k = 0; all[i].used && k < all[i].count; k++)
            if (all[i].contexts[k].pid == pid)
                return true;
    return false;
}

/* A frozen context can be killed by the session's other processes; then the checkpoint cannot be used. */
void cjail_checkpoints_forget_process(pid_t pid)
{
    for (int i = 0; i < dying_count; i++)
        if (dying[i] == pid)
            dying[i] = dying[--dying_count];
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX; i++)
        for (int k = 0; all[i].used && k < all[i].count; k++)
            if (all[i].contexts[k].pid == pid)
                all[i].contexts[k].pid = 0;
}

static void forget(struct checkpoint *checkpoint)
{
    for (int i = 0; i < checkpoint->count; i++) {
        close(checkpoint->contexts[i].socket); /* it ends when it hears that */
        if (checkpoint->contexts[i].pid <= 1)
            continue;
        kill(checkpoint->contexts[i].pid, SIGKILL);
        if (dying_count < (int)(sizeof dying / sizeof *dying))
            dying[dying_count++] = checkpoint->contexts[i].pid;
    }
    if (checkpoint->files >= 0)
        close(checkpoint->files);
    checkpoint->used = false;
}

static uint64_t number_in(const char *name)
{
    uint64_t number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (uint64_t)(*name - '0');
    return *name ? 0 : number;
}

/* Calls visit with the number of each process of this sandbox but this one, and those that only wait to be reaped. */
int cjail_each_process(struct cjail_init *init, void (*visit)(struct cjail_init *init, pid_t pid))
{
    static char names[4096];
    int count = 0, folder = openat(init->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got;
    while (folder >= 0 && (got = syscall(SYS_getdents64, folder, names, sizeof names)) > 0) {
        uint16_t size;
        for (long at = 0; at < got; at += size) {
            memcpy(&size, names + at + 16, sizeof size);
            uint64_t pid = number_in(names + at + 19);
            if (pid <= 1 || !cjail_is_alive(init, (pid_t)pid) || (init->branches && cjail_is_nested(init, (pid_t)pid)))
                continue;
            count++;
            visit(init, (pid_t)pid);
        }
    }
    if (folder >= 0)
        close(folder);
    return count;
}

static bool is_context(const struct member *member)
{
    return member->used && member->released && member->socket >= 0 && (member->flags & CJAIL_ASK_JOINED);
}

static void note_stranger(struct cjail_init *init, pid_t pid)
{
    char line[96], name[32] = "";
    if (is_frozen(pid))
        return;
    for (int i = 0; i < CJAIL_MEMBERS_MAX; i++)
        if (cjail_members.all[i].pid == pid && is_context(&cjail_members.all[i]))
            return;
    long got = cjail_process_text(init->proc, pid, "/comm", name, sizeof name);
    for (long i = 0; i < got; i++)
        if ((unsigned char)name[i] < 32 || (unsigned char)name[i] > 126)
            name[i] = 0;
    size_t used = cjail_format(line, sizeof line, "process ", (uint64_t)pid, " (");
    strncat(line, name, sizeof line - used - 2);
    strcat(line, ")");
    note_obstacle(line);
}

/* Waits for one note of a process that may never answer. */
static bool hear(int socket, struct cjail_note *note)
{
    struct pollfd way = {.fd = socket, .events = POLLIN};
    return poll(&way, 1, FREEZE_MS) == 1 && cjail_receive(socket, note, NULL, NULL, MSG_DONTWAIT) == 1;
}

/* Whether a number that somebody gave is that of a process which is init's own child. */
static bool is_child(struct cjail_init *init, pid_t pid)
{
    uint64_t fields[2] = {0, 0}; /* state, parent */
    return pid > 1 && cjail_process_numbers(init->proc, (uint64_t)pid, "/stat", fields, 2) && fields[1] == 1;
}

static int freeze(struct cjail_init *init, struct checkpoint *checkpoint, struct member *member, bool drops)
{
    struct cjail_note note = {.kind = CJAIL_FREEZE, .a = drops ? CJAIL_FREEZE_DROP : 0};
    int pair[2];
    if (checkpoint->count >= CONTEXTS_MAX)
        return -EAGAIN;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    int error = cjail_send(member->socket, &note, &pair[1], 1);
    close(pair[1]);
    bool stands = false;
    for (int notes = 0; notes < NOTES_MAX && error == 0 && !stands && hear(pair[0], &note); notes++) {
        if (note.kind == CJAIL_OBSTACLE) {
            note_obstacle(note.text);
        } else if (note.kind == CJAIL_PARKED) {
            stands = is_child(init, note.a) && !is_frozen(note.a);
            error = stands ? 0 : -EPERM;
        } else {
            error = note.a > 0 ? -note.a : -EPROTO;
        }
    }
    if (!stands) {
        close(pair[0]);
        return error < 0 ? error : obstacles.used ? -EBUSY : -ETIMEDOUT;
    }
    checkpoint->contexts[checkpoint->count++] = (struct frozen){.member = member->number, .pid = note.a, .socket = pair[0]};
    return 0;
}

/* Copies the files of one workspace into another, which has none. */
int cjail_workspace_copy(int from, int to, uint64_t *bytes)
{
    static const char *const folders[] = {"user", "tmp", "shm"};
    int error = 0;
    for (int i = 0; error == 0 && i < 3; i++) {
        int source = openat(from, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        int target = openat(to, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        error = source < 0 || target < 0 ? -errno : cjail_tree_copy(source, target, bytes);
        close(source);
        close(target);
    }
    return error;
}

/* Another workspace of the same size with the same files. Returns: the detached mount, or -errno. */
static int copy_workspace(int workspace, uint64_t *bytes)
{
    struct cjail_note size = {0};
    cjail_workspace_measure(workspace, &size);
    int copy = cjail_workspace_make(size.disk_total, (uint32_t)size.inodes_total - 4);
    if (copy < 0)
        return copy;
    int error = cjail_workspace_copy(workspace, copy, bytes);
    if (error < 0)
        close(copy);
    return error < 0 ? error : copy;
}

static int make(struct cjail_init *init, uint64_t number, uint32_t flags, uint64_t *bytes)
{
    struct checkpoint *checkpoint = NULL;
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX && !checkpoint; i++)
        checkpoint = all[i].used ? NULL : &all[i];
    if (!checkpoint || find(number))
        return -EAGAIN;
    obstacles.used = 0;
    bool drops = flags & CJAIL_ASK_DROP, files = !(flags & CJAIL_ASK_NO_FILES);
    if (!drops) {
        cjail_each_process(init, note_stranger);
        if (obstacles.used)
            return -EBUSY;
    }
    *checkpoint = (struct checkpoint){.used = true, .number = number, .files = -1};
    int error = 0;
    for (int i = 0; i < CJAIL_MEMBERS_MAX && error == 0; i++)
        if (is_context(&cjail_members.all[i]))
            error = freeze(init, checkpoint, &cjail_members.all[i], drops);
    if (error == 0 && files && (checkpoint->files = copy_workspace(init->workspace, &checkpoint->bytes)) < 0)
        error = checkpoint->files;
    if (error < 0)
        forget(checkpoint);
    *bytes = checkpoint->bytes;
    return error;
}

static void kill_unless_frozen(struct cjail_init *init, pid_t pid)
{
    (void)init;
    if (!is_frozen(pid))
        kill(pid, SIGKILL);
}

static int count_frozen(void)
{
    int count = dying_count;
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX; i++)
        for (int k = 0; all[i].used && k < all[i].count; k++)
            count += all[i].contexts[k].pid > 1;
    return count;
}

/* Ends all processes but the frozen ones. What they fork meanwhile is met by the next round. */
static int end_others(struct cjail_init *init)
{
    for (int round = 0; round < 2000; round++) {
        int left = cjail_each_process(init, kill_unless_frozen);
        cjail_members_reap(init);
        if (left <= count_frozen())
            return 0;
        usleep(round < 20 ? 50 : 1000);
    }
    return -EBUSY;
}

/* The contexts that a checkpoint holds go on as members of the same numbers: their ends are not told. */
static void expect_return(const struct checkpoint *checkpoint)
{
    for (int i = 0; i < checkpoint->count; i++) {
        struct member *member = cjail_member_find(checkpoint->contexts[i].member);
        if (!member)
            continue;
        if (member->pid > 1)
            kill(member->pid, SIGKILL);
        cjail_member_remove(member);
    }
}

/* Whether a frozen context lives: one that was killed just now may not have been reaped. */
static bool is_there(const struct frozen *frozen)
{
    struct cjail_note ask = {.kind = CJAIL_FREEZE}, answer;
    return frozen->pid > 1 && cjail_send(frozen->socket, &ask, NULL, 0) == 0 && hear(frozen->socket, &answer) &&
           answer.kind == CJAIL_PARKED;
}

static int roll_back(struct cjail_init *init, struct checkpoint *checkpoint)
{
    uint64_t bytes = 0;
    if (checkpoint->files < 0)
        return -ENOENT;
    for (int i = 0; i < checkpoint->count; i++)
        if (!is_there(&checkpoint->contexts[i]))
            return -EOWNERDEAD;
    /* What can fail comes first, and leaves everything as it is. */
    int workspace = copy_workspace(checkpoint->files, &bytes);
    if (workspace < 0)
        return workspace;
    expect_return(checkpoint);
    int error = end_others(init);
    if (error == 0)
        error = cjail_workspace_detach(init->workspace);
    if (error == 0) {
        init->workspace = workspace;
        error = cjail_workspace_attach(workspace);
    }
    if (error < 0)
        cjail_die(init->control, "rollback", error); /* neither the old state nor the new */
    return 0;
}

static int revive(struct cjail_init *init, uint64_t number, struct checkpoint *checkpoint, const int *streams)
{
    struct cjail_note note = {.kind = CJAIL_THAW};
    struct frozen *frozen = NULL;
    for (int i = 0; checkpoint && i < checkpoint->count; i++)
        if (checkpoint->contexts[i].member == number)
            frozen = &checkpoint->contexts[i];
    struct member *member = frozen && frozen->pid > 1 ? cjail_member_add(number) : NULL;
    int pair[2];
    if (!member || member->pid)
        return -ESRCH;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    int fds[4] = {pair[1], streams[0], streams[1], streams[2]};
    int error = cjail_send(frozen->socket, &note, fds, 4);
    close(pair[1]);
    if (error == 0 && (!hear(pair[0], &note) || note.kind != CJAIL_PARKED || !is_child(init, note.a)))
        error = -ECHILD;
    if (error < 0) {
        close(pair[0]);
        cjail_member_remove(member);
        return error;
    }
    member->socket = pair[0];
    member->pid = note.a;
    member->flags = CJAIL_ASK_JOINED;
    member->parked = member->released = true;
    return 0;
}

/* From now on the gate (gate.c) is for forks of a checkpoint's context, on their way into sandboxes nested in this one. */
static int branch_from(struct cjail_init *init, const struct checkpoint *checkpoint)
{
    if (!init->branches)
        return -EOPNOTSUPP;
    if (checkpoint->count != 1)
        return -E2BIG;
    if (!is_there(&checkpoint->contexts[0]))
        return -EOWNERDEAD;
    init->guest = checkpoint->contexts[0].pid;
    init->guest_socket = checkpoint->contexts[0].socket;
    init->gate.files = checkpoint->files >= 0 ? checkpoint->files : init->workspace;
    return 0;
}

/* Lets go of what is about to be forgotten. */
static void leave_gate(struct cjail_init *init, const struct checkpoint *checkpoint)
{
    if (checkpoint->count != 1 || init->guest_socket != checkpoint->contexts[0].socket)
        return;
    cjail_gate_shut(init);
    init->guest = 0;
    init->guest_socket = init->gate.files = -1;
}

void cjail_checkpoints_clear(void)
{
    memset(all, 0, sizeof all);
    dying_count = 0;
}

/* Ends all processes of the session, the frozen ones too. Returns: 0 or -errno. */
int cjail_checkpoints_end(struct cjail_init *init)
{
    for (int i = 0; i < CJAIL_CHECKPOINTS_MAX; i++) {
        if (!all[i].used)
            continue;
        leave_gate(init, &all[i]);
        forget(&all[i]);
    }
    return end_others(init);
}

/* Which checkpoint the session has just been rolled back to: its contexts come back one by one. */
static uint64_t current;

void cjail_checkpoints_answer(struct cjail_init *init, const struct cjail_request *request, int *fds, int count)
{
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = request->number};
    struct checkpoint *checkpoint = find(request->value);
    uint64_t members[CONTEXTS_MAX];
    const void *text = NULL;
    size_t size = 0;
    int error = checkpoint ? 0 : -ENOENT;
    switch (request->kind) {
    case CJAIL_ASK_CHECKPOINT:
        error = make(init, request->value, request->flags, &answer.size);
        if (error == -EBUSY) {
            text = obstacles.text;
            size = obstacles.used;
        }
        break;
    case CJAIL_ASK_ROLLBACK:
        if (checkpoint && (error = roll_back(init, checkpoint)) == 0) {
            current = request->value;
            for (int i = 0; i < checkpoint->count; i++)
                members[i] = checkpoint->contexts[i].member;
            text = members;
            size = (size_t)checkpoint->count * sizeof *members;
        }
        break;
    case CJAIL_ASK_REVIVE:
        error = count == 3 ? revive(init, request->value, find(current), fds) : -EPROTO;
        break;
    case CJAIL_ASK_BRANCH:
        error = checkpoint ? branch_from(init, checkpoint) : -ENOENT;
        break;
    case CJAIL_ASK_FORGET:
        if (checkpoint) {
            leave_gate(init, checkpoint);
            forget(checkpoint);
        }
        break;
    default: error = -EPROTO; break;
    }
    for (int i = 0; i < count; i++)
        close(fds[i]);
    answer.error = -error;
    cjail_answer(init, &answer, text, size, -1);
}
