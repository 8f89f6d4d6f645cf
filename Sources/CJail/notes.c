/* Messages of a fixed size and few descriptors; notes are those between jailer, hosts, inits and guests. */
#include "internal.h"

int cjail_send_message(int socket, const void *bytes, size_t size, const int *fds, int fd_count, int flags)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * CJAIL_NOTE_FDS)];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count < 0 || fd_count > CJAIL_NOTE_FDS)
        return -EINVAL;
    if (fd_count > 0) {
        size_t room = sizeof(int) * (size_t)fd_count;
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(room);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(room);
        memcpy(CMSG_DATA(head), fds, room);
    }
    long sent = RETRY(sendmsg(socket, &message, flags | MSG_NOSIGNAL));
    if (sent < 0)
        return -errno;
    return sent == (long)size ? 0 : -EPROTO;
}

int cjail_send(int socket, const struct cjail_note *note, const int *fds, int fd_count)
{
    return cjail_send_message(socket, note, sizeof *note, fds, fd_count, 0);
}

static int take_descriptors(struct msghdr *message, int *fds, int room)
{
    int taken = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            if (taken < room)
                fds[taken++] = fd;
            else
                close(fd);
        }
    }
    return taken;
}

static long receive_any(int socket, void *bytes, size_t size, int *fds, int *fd_count, int flags, bool *cut)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * CJAIL_NOTE_FDS)];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof control.space,
    };
    int room = fds && fd_count ? *fd_count : 0;
    long got = RETRY(recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC));
    if (fd_count)
        *fd_count = 0;
    if (got < 0)
        return -errno;
    int taken = take_descriptors(&message, fds, room);
    if (fd_count)
        *fd_count = taken;
    *cut = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    return got;
}

long cjail_receive_some(int socket, void *bytes, size_t room, int *fds, int *fd_count)
{
    bool cut;
    return receive_any(socket, bytes, room, fds, fd_count, MSG_DONTWAIT, &cut);
}

int cjail_receive_message(int socket, void *bytes, size_t size, int *fds, int *fd_count, int flags)
{
    bool cut = false;
    long got = receive_any(socket, bytes, size, fds, fd_count, flags, &cut);
    if (got < 0)
        return (int)got;
    if (got == (long)size && !cut)
        return 1;
    for (int i = 0; fd_count && i < *fd_count; i++)
        close(fds[i]);
    if (fd_count)
        *fd_count = 0;
    return got == 0 ? 0 : -EPROTO;
}

int cjail_receive(int socket, struct cjail_note *note, int *fds, int *fd_count, int flags)
{
    int got = cjail_receive_message(socket, note, sizeof *note, fds, fd_count, flags);
    note->text[sizeof note->text - 1] = 0;
    return got;
}
