/* Handing out the regular files of a finished workspace. Runs in: init, when no guest is left. */
#include "internal.h"

#include <dirent.h>
#include <linux/openat2.h>

#define DEEPEST 32
#define LINUX_DIRENT_NAME 19 /* offset of d_name in struct linux_dirent64 */

struct level {
    int folder;
    size_t path_length;
};

static int open_beneath(int folder, const char *name, uint64_t flags)
{
    struct open_how how = {
        .flags = flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

static bool send_found(int socket, const char *path, size_t length, int fd, const struct stat *state)
{
    struct cjail_found found = {
        .size = (uint64_t)state->st_size,
        .mode = state->st_mode & 07777,
        .path_length = (uint32_t)length,
    };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec parts[2] = {{&found, sizeof found}, {(void *)(uintptr_t)path, length}};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.space, .msg_controllen = sizeof control.space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    for (int tries = 0; tries < 2000; tries++) {
        if (RETRY(sendmsg(socket, &message, MSG_NOSIGNAL)) >= 0)
            return true;
        if (errno != ETOOMANYREFS && errno != ENOBUFS && errno != ENOMEM)
            return false;
        usleep(1000); /* the reader has descriptors of ours under way */
    }
    return false;
}

static bool offer_file(int socket, int folder, const char *name, const char *path, size_t length)
{
    int fd = open_beneath(folder, name, O_RDONLY);
    if (fd < 0)
        return true;
    struct stat state;
    bool go_on = true;
    if (fstat(fd, &state) == 0 && S_ISREG(state.st_mode))
        go_on = send_found(socket, path, length, fd, &state);
    close(fd);
    return go_on;
}

static bool visit(int socket, struct level *levels, int *depth, char *path, const char *name)
{
    struct level *level = &levels[*depth];
    size_t length = strlen(name), at = level->path_length;
    if (at + length + 2 > PATH_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
        return true;
    memcpy(path + at, name, length + 1);
    struct stat state;
    if (fstatat(level->folder, name, &state, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    if (S_ISREG(state.st_mode))
        return offer_file(socket, level->folder, name, path, at + length);
    if (!S_ISDIR(state.st_mode) || *depth + 1 >= DEEPEST)
        return true;
    int folder = open_beneath(level->folder, name, O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return true;
    path[at + length] = '/';
    levels[++*depth] = (struct level){folder, at + length + 1};
    return true;
}

/* Reads one buffer of names at a time; a folder found is walked before the rest of its parent. */
void cjail_workspace_collect(int socket)
{
    static char buffer[4096];
    static char path[PATH_MAX];
    struct level levels[DEEPEST];
    int depth = 0;
    levels[0] = (struct level){open("/home/user", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), 0};
    while (depth >= 0) {
        long got = syscall(SYS_getdents64, levels[depth].folder, buffer, sizeof buffer);
        if (got <= 0) {
            close(levels[depth--].folder);
            continue;
        }
        int here = depth;
        long at = 0;
        while (at < got && depth == here) {
            uint16_t size;
            int64_t next;
            memcpy(&next, buffer + at + 8, sizeof next);
            memcpy(&size, buffer + at + 16, sizeof size);
            if (!visit(socket, levels, &depth, path, buffer + at + LINUX_DIRENT_NAME))
                return;
            at += size;
            if (depth != here && at < got) /* come back to the next name later */
                lseek(levels[here].folder, next, SEEK_SET);
        }
    }
}
