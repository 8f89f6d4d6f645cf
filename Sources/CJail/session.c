/* A session's sandbox from the order to go until its end: one init, many guests, at the service's word.
 *
 * The sandbox is a run's. Its first guest, and every further one that an interpreter host forks, is a context; others
 * are forked here and become commands. No guest's death ends the session, and nothing that guests do or say is more
 * than a number in an answer: init reads fixed notes from them, and the files by descriptors (files.c).
 * Runs in: init. */
#include "session.h"

#include <poll.h>
#include <sys/prctl.h>

struct cjail_members cjail_members;

/* Notifiers of the contexts' filters; one serves all copies of its context as well. */
static int listeners[CJAIL_MEMBERS_MAX], listener_count;

int cjail_answer(struct cjail_init *init, struct cjail_answer *answer, const void *text, size_t size, int fd)
{
    static char message[sizeof *answer + CJAIL_ANSWER_TEXT];
    if (size > CJAIL_ANSWER_TEXT)
        return -EMSGSIZE;
    answer->text = (uint32_t)size;
    memcpy(message, answer, sizeof *answer);
    if (size > 0)
        memcpy(message + sizeof *answer, text, size);
    int error, tries = 0;
    /* A service that does not read is not waited for longer than for its descriptors under way. */
    while ((error = cjail_send_message(init->session, message, sizeof *answer + size, &fd, fd >= 0, 0)) == -ETOOMANYREFS &&
           tries++ < 2000)
        usleep(1000);
    return error;
}

static void tell_ended(struct cjail_init *init, const struct member *member, int status)
{
    struct cjail_answer ended = {.kind = CJAIL_TELL_ENDED,
                                 .value = member->number,
                                 .mode = (uint32_t)status,
                                 .error = member->error,
                                 .size = init->sampled_limit};
    cjail_answer(init, &ended, member->stage, strlen(member->stage), -1);
}

static void answer_start(struct cjail_init *init, struct member *member, int error)
{
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = member->request, .error = error, .value = (uint64_t)member->pid};
    if (member->request)
        cjail_answer(init, &answer, NULL, 0, -1);
    member->request = 0;
}

static void drop_streams(struct member *member)
{
    for (int i = 0; i < member->stream_count; i++)
        close(member->streams[i]);
    member->stream_count = 0;
}

struct member *cjail_member_find(uint64_t number)
{
    for (int i = 0; i < CJAIL_MEMBERS_MAX; i++)
        if (cjail_members.all[i].used && cjail_members.all[i].number == number)
            return &cjail_members.all[i];
    return NULL;
}

struct member *cjail_member_add(uint64_t number)
{
    struct member *member = cjail_member_find(number);
    for (int i = 0; !member && i < CJAIL_MEMBERS_MAX; i++) {
        if (cjail_members.all[i].used)
            continue;
        member = &cjail_members.all[i];
        *member = (struct member){.used = true, .number = number, .socket = -1};
    }
    return member;
}

void cjail_member_remove(struct member *member)
{
    drop_streams(member);
    if (member->socket >= 0)
        close(member->socket);
    member->used = false;
}

static void release(struct cjail_init *init, struct member *member)
{
    struct cjail_note release = {.kind = CJAIL_RELEASE, .a = member->flags & CJAIL_ASK_TERMINAL ? CJAIL_GO_TERMINAL : 0,
                                 .processes = init->processes_limit};
    int error = cjail_send(member->socket, &release, member->streams, member->stream_count);
    member->released = true;
    drop_streams(member);
    answer_start(init, member, error < 0 ? -error : 0);
}

/* In an init that was cloned from a session's: its members and checkpoints are another's. */
void cjail_session_forget(void)
{
    memset(&cjail_members, 0, sizeof cjail_members);
    listener_count = 0;
    cjail_checkpoints_clear();
}

static void add_listener(int listener)
{
    if (listener >= 0 && listener_count < CJAIL_MEMBERS_MAX)
        listeners[listener_count++] = listener;
    else if (listener >= 0)
        close(listener);
}

static void hear_member(struct cjail_init *init, struct member *member)
{
    struct cjail_note note;
    if (cjail_receive(member->socket, &note, NULL, NULL, MSG_DONTWAIT) != 1) {
        close(member->socket);
        member->socket = -1;
        if (member->pid)
            return;
        answer_start(init, member, ECHILD); /* nobody came */
        return cjail_member_remove(member);
    }
    if (note.kind == CJAIL_COUNTING && !member->pid) {
        member->pid = (pid_t)note.b;
        add_listener(cjail_init_take_listener(member->pid, note.a));
    }
    if (note.kind == CJAIL_FAILED && !member->error) {
        member->error = note.a;
        memcpy(member->stage, note.text, sizeof member->stage);
    }
    if (note.kind != CJAIL_PARKED || member->parked)
        return;
    member->parked = true;
    if (!member->pid)
        member->pid = note.a;
    note = (struct cjail_note){.kind = CJAIL_READY, .b = (int64_t)member->number};
    if (member->flags & CJAIL_ASK_JOINED)
        cjail_send(init->control, &note, NULL, 0);
    if (member->stream_count)
        release(init, member);
}

/* Returns true in the new guest. */
static bool fork_member(struct cjail_init *init, struct member *member)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        answer_start(init, member, errno);
        cjail_member_remove(member);
        return false;
    }
    cjail_host_state.session = true;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        return cjail_guest_confine(pair[1]) == 0;
    }
    close(pair[1]);
    member->socket = pair[0];
    member->pid = pid;
    if (pid < 0) {
        answer_start(init, member, errno);
        cjail_member_remove(member);
    }
    return false;
}

static bool start(struct cjail_init *init, const struct cjail_request *request, const int *fds, int count)
{
    struct member *member = count == 4 ? cjail_member_add(request->value) : NULL;
    struct cjail_answer refusal = {.kind = CJAIL_TELL_ANSWER, .number = request->number,
                                   .error = count != 4 ? EPROTO : !member ? EAGAIN : EEXIST};
    if (count != 4 || !member || member->request || member->released) {
        for (int i = 0; i < count; i++)
            close(fds[i]);
        cjail_answer(init, &refusal, NULL, 0, -1);
        return false;
    }
    memcpy(member->streams, fds, sizeof member->streams);
    member->stream_count = count;
    member->request = request->number;
    member->flags = request->flags;
    if (!(request->flags & CJAIL_ASK_JOINED))
        return fork_member(init, member);
    if (member->parked)
        release(init, member);
    return false;
}

/* The jailer has a fork of an interpreter host for the session, which finds the namespaces in its socket. */
static void admit(struct cjail_init *init, uint64_t number)
{
    struct cjail_note vacant = {.kind = CJAIL_VACANT, .b = (int64_t)number}, enter = {.kind = CJAIL_ENTER};
    struct member *member = cjail_member_add(number);
    int pair[2];
    if (!member || member->socket >= 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    member->flags |= CJAIL_ASK_JOINED;
    if (cjail_send(pair[0], &enter, init->shell.namespaces, CJAIL_NAMESPACES) == 0)
        cjail_send(init->control, &vacant, &pair[1], 1);
    close(pair[1]);
    member->socket = pair[0];
}

static void signal_member(struct cjail_init *init, const struct cjail_request *request)
{
    struct member *member = cjail_member_find(request->value);
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = request->number};
    bool group = request->flags & CJAIL_ASK_GROUP;
    if (!member || member->pid <= 1 || request->mode > 64)
        answer.error = ESRCH;
    else if (kill(member->pid, (int)request->mode) < 0)
        answer.error = errno;
    else if (group) /* which it may have left */
        kill(-member->pid, (int)request->mode);
    cjail_answer(init, &answer, NULL, 0, -1);
}

static int signal_of_all;

static void send_signal(struct cjail_init *init, pid_t pid)
{
    (void)init;
    kill(pid, signal_of_all);
}

/* All processes but init. One that forks meanwhile is met by the next round; a stopped one forks no more. */
static void stop_all(struct cjail_init *init, const struct cjail_request *request)
{
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = request->number};
    signal_of_all = request->kind == CJAIL_ASK_PAUSE ? SIGSTOP : SIGCONT;
    for (int round = 0; round < 3; round++)
        cjail_each_process(init, send_signal);
    cjail_answer(init, &answer, NULL, 0, -1);
}

/* What is left is the shell that others are nested in. */
static void retire(struct cjail_init *init, const struct cjail_request *request)
{
    static const char *const folders[] = {"/home/user", "/tmp", "/dev/shm"};
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = request->number};
    answer.error = -cjail_checkpoints_end(init);
    for (int i = 0; i < 3; i++) {
        int folder = open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0)
            cjail_tree_empty(folder);
        close(folder);
    }
    cjail_answer(init, &answer, NULL, 0, -1);
}

static bool take_request(struct cjail_init *init)
{
    static struct {
        struct cjail_request head;
        char text[CJAIL_REQUEST_TEXT];
    } message;
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    struct cjail_request *request = &message.head;
    long got = cjail_receive_some(init->session, &message, sizeof message, fds, &count);
    if (got <= 0) {
        if (got != -EAGAIN) { /* the service is gone; the jailer decides what becomes of the session */
            close(init->session);
            init->session = -1;
        }
        return false;
    }
    struct cjail_answer refusal = {.kind = CJAIL_TELL_ANSWER, .number = request->number, .error = EPROTO};
    uint64_t size = sizeof *request + (uint64_t)request->first + request->second + 2;
    char *first = message.text, *second = first + request->first + 1;
    bool whole = got >= (long)sizeof *request && request->first < CJAIL_REQUEST_TEXT / 2 && request->second < CJAIL_REQUEST_TEXT / 2 &&
                 size == (uint64_t)got && first[request->first] == 0 && second[request->second] == 0 &&
                 strlen(first) == request->first && strlen(second) == request->second;
    if (whole && request->kind == CJAIL_ASK_START)
        return start(init, request, fds, count);
    if (whole && request->kind >= CJAIL_ASK_CHECKPOINT)
        return cjail_checkpoints_answer(init, request, fds, count), false;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    if (whole && request->kind == CJAIL_ASK_SIGNAL)
        signal_member(init, request);
    else if (whole && (request->kind == CJAIL_ASK_PAUSE || request->kind == CJAIL_ASK_RESUME))
        stop_all(init, request);
    else if (whole && request->kind == CJAIL_ASK_RETIRE)
        retire(init, request);
    else if (!whole || cjail_files_answer(init, request, first, second) < 0)
        cjail_answer(init, &refusal, NULL, 0, -1);
    return false;
}

static void take_order(struct cjail_init *init)
{
    struct cjail_note note;
    int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
    if (cjail_receive(init->control, &note, fds, &count, 0) != 1)
        _exit(0); /* the jailer is gone; with pid 1 the whole sandbox ends */
    if (init->branches && (note.kind == CJAIL_SPAWN || note.kind == CJAIL_JOIN))
        return cjail_gate_take_order(init, &note, fds, count);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    if (note.kind == CJAIL_ADMIT)
        admit(init, (uint64_t)note.b);
    else if (note.kind == CJAIL_KILL)
        cjail_init_finish(init);
}

static void drain(int signals)
{
    char news[128 * 8];
    while (read(signals, news, sizeof news) > 0)
        ;
}

void cjail_members_reap(struct cjail_init *init)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        cjail_checkpoints_forget_process(pid);
        for (int i = 0; i < CJAIL_MEMBERS_MAX; i++) {
            struct member *member = &cjail_members.all[i];
            if (!member->used || member->pid != pid)
                continue;
            if (member->socket >= 0)
                hear_member(init, member); /* why it ended */
            answer_start(init, member, member->error ? member->error : ECHILD);
            tell_ended(init, member, status);
            cjail_member_remove(member);
        }
    }
}

static void sample(struct cjail_init *init)
{
    cjail_init_sample(init);
    if (init->sampled_limit == CJAIL_SAMPLED_NONE)
        return;
    signal_of_all = SIGKILL;
    for (int tries = 0; tries < 200 && cjail_each_process(init, send_signal) > 0; tries++) {
        usleep(1000);
        cjail_members_reap(init);
    }
    init->sampled_limit = CJAIL_SAMPLED_NONE;
}

/* Before a session's first guest is released: its guests are to see each other, each being in a Landlock domain of its
 * own. What init's own folder tells of the machine is covered. Returns: 0 or -errno. */
int cjail_session_prepare(struct cjail_init *init)
{
    if (init->plan->flags & CJAIL_NO_PROC)
        return 0;
    int context = fspick(AT_FDCWD, "/proc", FSPICK_CLOEXEC), error = 0;
    if (context < 0 || mount("/dev/null", "/proc/1/cmdline", NULL, MS_BIND, NULL) < 0 ||
        fsconfig(context, FSCONFIG_SET_STRING, "hidepid", "off", 0) < 0 || fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
        error = -errno;
    close(context);
    return error;
}

/* The first guest is what the order to go released. */
static void begin(struct cjail_init *init)
{
    struct member *first = cjail_member_add(0);
    first->pid = init->guest;
    first->socket = init->guest_socket;
    first->flags = init->joined ? CJAIL_ASK_JOINED : 0;
    first->parked = first->released = true;
    add_listener(init->listener);
    init->listener = init->guest_socket = -1;
    init->guest = 0;
    /* Out of memory means a guest, not what supervises them. */
    cjail_write_file(init->proc, "self/oom_score_adj", "900");
}

static int watch(struct cjail_init *init, struct pollfd *watched, struct member **members)
{
    int count = 0;
    watched[count++] = (struct pollfd){.fd = init->control, .events = POLLIN};
    watched[count++] = (struct pollfd){.fd = init->signals, .events = POLLIN};
    watched[count++] = (struct pollfd){.fd = init->session, .events = POLLIN};
    watched[count++] = (struct pollfd){.fd = init->network, .events = POLLIN};
    watched[count++] = (struct pollfd){.fd = init->guest_socket, .events = POLLIN};
    for (int i = 0; i < CJAIL_MEMBERS_MAX; i++) {
        if (!cjail_members.all[i].used || cjail_members.all[i].socket < 0)
            continue;
        members[count] = &cjail_members.all[i];
        watched[count++] = (struct pollfd){.fd = cjail_members.all[i].socket, .events = POLLIN};
    }
    return count;
}

static int watch_listeners(struct pollfd *watched, int count)
{
    for (int i = 0; i < listener_count; i++)
        watched[count++] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    return count;
}

/* Answers guests' gated calls; a notifier whose filter nobody has any more is let go of. */
static void answer_calls(struct cjail_init *init, const struct pollfd *watched)
{
    int kept = 0;
    for (int i = 0; i < listener_count; i++) {
        init->listener = listeners[i];
        if (watched[i].revents & POLLIN)
            cjail_init_answer(init);
        else if (watched[i].revents)
            init->listener = (close(init->listener), -1);
        if (init->listener >= 0)
            listeners[kept++] = init->listener;
    }
    listener_count = kept;
    init->listener = -1;
}

/* What the copy says whose forks branch off. */
static void hear_copy(struct cjail_init *init)
{
    struct cjail_note note;
    if (cjail_receive(init->guest_socket, &note, NULL, NULL, MSG_DONTWAIT) == 1)
        return cjail_gate_hear(init, &note);
    cjail_gate_shut(init);
    init->guest = 0;
    init->guest_socket = init->gate.files = -1;
}

/* Returns when the session has ended; true in a guest that was forked. */
bool cjail_session_serve(struct cjail_init *init)
{
    enum { FIXED = 5 };
    bool sampling = init->plan->flags & CJAIL_SAMPLED;
    struct cjail_note way;
    begin(init);
    while (!init->ended) {
        struct pollfd watched[FIXED + 2 * CJAIL_MEMBERS_MAX];
        struct member *members[FIXED + CJAIL_MEMBERS_MAX];
        int count = watch(init, watched, members), all = watch_listeners(watched, count);
        if (poll(watched, (nfds_t)all, sampling ? 5 : -1) > 0) {
            answer_calls(init, watched + count);
            if (watched[4].revents)
                hear_copy(init);
            for (int i = FIXED; i < count; i++)
                if (watched[i].revents && members[i]->used)
                    hear_member(init, members[i]);
            if (watched[1].revents) {
                drain(init->signals);
                cjail_members_reap(init);
            }
            if (watched[3].revents && cjail_network_serve(init->network, &way) == 0) {
                close(init->network);
                init->network = -1;
            }
            if (watched[2].revents && take_request(init))
                return true;
            if (watched[0].revents && !init->ended)
                take_order(init);
        }
        if (sampling && !init->ended)
            sample(init);
    }
    return false;
}
