/* The files of a session, for its owner. Runs in: init, while guests do to the same files what they like.
 *
 * A path is walked once, to a descriptor that stands for what was found; all that follows goes by that descriptor. Links
 * of guests are followed, for they lead nowhere but within the sandbox; /proc's are not, and nothing of /proc is opened:
 * init's own memory is there. Only the workspace can be written, everything else being mounted read-only. */
#include "internal.h"

#include <linux/openat2.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define PROC_MAGIC 0x9fa0
#define REMOVE_NS 5000000000LL /* guests may make files as fast as they are removed */
#define DEEPEST 128 /* folders in folders that are copied, removed or watched as one */
#define NAME_AT 19  /* offset of d_name in struct linux_dirent64 */

static int open_how(int folder, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    return fd < 0 ? -errno : (int)fd;
}

static int open_home(void)
{
    return open_how(AT_FDCWD, "/home/user", O_PATH | O_DIRECTORY, 0, 0);
}

static int refuse_proc(int fd)
{
    struct statfs state;
    if (fstatfs(fd, &state) == 0 && state.f_type != PROC_MAGIC)
        return fd;
    close(fd);
    return -EACCES;
}

/* Returns: a descriptor that only stands for the file, or -errno. */
int cjail_files_open(struct cjail_init *init, const char *path, bool follow)
{
    (void)init;
    int home = open_home();
    if (home < 0)
        return home;
    int fd = open_how(home, *path ? path : ".", O_PATH | (follow ? 0 : O_NOFOLLOW), 0, 0);
    close(home);
    return fd < 0 ? fd : refuse_proc(fd);
}

/* The file that a descriptor stands for, to be read or written. */
static int reopen(struct cjail_init *init, int fd, int flags)
{
    char path[32];
    cjail_format(path, sizeof path, "self/fd/", (uint64_t)fd, "");
    int opened = openat(init->proc, path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return opened < 0 ? -errno : opened;
}

static uint16_t kind_of(mode_t mode)
{
    return S_ISREG(mode) ? CJAIL_FILE_REGULAR : S_ISDIR(mode) ? CJAIL_FILE_FOLDER : S_ISLNK(mode) ? CJAIL_FILE_LINK : CJAIL_FILE_OTHER;
}

static int64_t modified(const struct stat *state)
{
    return state->st_mtim.tv_sec * 1000000000LL + state->st_mtim.tv_nsec;
}

static int describe(int fd, struct cjail_answer *answer)
{
    struct stat state;
    if (fstatat(fd, "", &state, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    answer->size = (uint64_t)state.st_size;
    answer->mode = state.st_mode & 07777;
    answer->modified_ns = modified(&state);
    answer->file_kind = kind_of(state.st_mode);
    return 0;
}

/* Makes what is missing of a path's folders, and opens the last. What remains of the path is its last name. */
static int open_parent(const char *path, const char **name, bool makes)
{
    char part[PATH_MAX];
    int folder = *path == '/' ? open_how(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, 0) : open_home();
    while (folder >= 0) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/"), rest = strspn(path + length, "/");
        if (length == 0 || length >= sizeof part || (path[length + rest] == 0 && path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.')))) {
            close(folder);
            return -EINVAL;
        }
        memcpy(part, path, length);
        part[length] = 0;
        if (path[length + rest] == 0) {
            *name = path;
            return folder;
        }
        int next = open_how(folder, part, O_PATH | O_DIRECTORY, 0, 0);
        if (next == -ENOENT && makes)
            next = mkdirat(folder, part, 0755) < 0 && errno != EEXIST ? -errno : open_how(folder, part, O_PATH | O_DIRECTORY, 0, 0);
        close(folder);
        folder = next;
        path += length;
    }
    return folder;
}

/* The last name of a path without the slashes behind it. */
static int last_name(const char *name, char *copy, size_t size)
{
    size_t length = strcspn(name, "/");
    if (length >= size)
        return -ENAMETOOLONG;
    memcpy(copy, name, length);
    copy[length] = 0;
    return 0;
}

static int answer_open(struct cjail_init *init, const struct cjail_request *request, struct cjail_answer *answer, const char *path)
{
    int fd = cjail_files_open(init, path, true), opened = -1;
    answer->error = fd < 0 ? -fd : -describe(fd, answer);
    if (answer->error == 0 && answer->file_kind == CJAIL_FILE_OTHER)
        answer->error = ENXIO;
    if (answer->error == 0 && answer->file_kind == CJAIL_FILE_REGULAR && (opened = reopen(init, fd, O_RDONLY)) < 0)
        answer->error = -opened;
    int error = cjail_answer(init, answer, NULL, 0, opened);
    if (fd >= 0)
        close(fd);
    if (opened >= 0)
        close(opened);
    (void)request;
    return error;
}

static int create(struct cjail_init *init, const struct cjail_request *request, const char *path)
{
    char last[NAME_MAX + 1];
    const char *name;
    int flags = O_WRONLY | (request->flags & CJAIL_ASK_APPEND ? O_APPEND : O_TRUNC), fd, opened;
    struct cjail_answer found = {0};
    if (!(request->flags & CJAIL_ASK_NEW) && (fd = cjail_files_open(init, path, true)) != -ENOENT) {
        int error = fd < 0 ? fd : describe(fd, &found);
        opened = error < 0 ? error : found.file_kind == CJAIL_FILE_FOLDER ? -EISDIR : found.file_kind != CJAIL_FILE_REGULAR ? -ENXIO : reopen(init, fd, flags);
        if (fd >= 0)
            close(fd);
        return opened;
    }
    int folder = open_parent(path, &name, true);
    if (folder < 0)
        return folder;
    int error = last_name(name, last, sizeof last);
    opened = error < 0 ? error : open_how(folder, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | (flags & O_APPEND), request->mode & 0777, RESOLVE_BENEATH);
    close(folder);
    return opened < 0 ? opened : refuse_proc(opened);
}

static int answer_create(struct cjail_init *init, const struct cjail_request *request, struct cjail_answer *answer, const char *path)
{
    int fd = create(init, request, path);
    answer->error = fd < 0 ? -fd : 0;
    int error = cjail_answer(init, answer, NULL, 0, fd);
    if (fd >= 0)
        close(fd);
    return error;
}

static size_t put_entry(char *at, size_t room, int folder, const char *name)
{
    struct stat state;
    struct cjail_entry entry = {0};
    char target[1024];
    size_t length = strlen(name);
    if (fstatat(folder, name, &state, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    long led = S_ISLNK(state.st_mode) ? readlinkat(folder, name, target, sizeof target) : 0;
    entry.size = (uint64_t)state.st_size;
    entry.modified_ns = modified(&state);
    entry.mode = state.st_mode & 07777;
    entry.file_kind = kind_of(state.st_mode);
    entry.name = (uint16_t)length;
    entry.target = led > 0 ? (uint32_t)led : 0;
    size_t size = (sizeof entry + length + entry.target + 7) & ~(size_t)7;
    if (size > room)
        return SIZE_MAX;
    memset(at, 0, size);
    memcpy(at, &entry, sizeof entry);
    memcpy(at + sizeof entry, name, length);
    memcpy(at + sizeof entry + length, target, entry.target);
    return size;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int answer_list(struct cjail_init *init, struct cjail_answer *answer, const char *path)
{
    static char text[CJAIL_ANSWER_TEXT], names[8192];
    size_t used = 0;
    int fd = cjail_files_open(init, path, true);
    int folder = fd < 0 ? fd : reopen(init, fd, O_RDONLY | O_DIRECTORY), error = 0;
    if (fd >= 0)
        close(fd);
    answer->error = folder < 0 ? -folder : 0;
    long got;
    while (folder >= 0 && error == 0 && (got = syscall(SYS_getdents64, folder, names, sizeof names)) > 0) {
        uint16_t size;
        for (long at = 0; at < got && error == 0; at += size) {
            memcpy(&size, names + at + 16, sizeof size);
            const char *name = names + at + NAME_AT;
            size_t put = is_dots(name) ? 0 : put_entry(text + used, sizeof text - used, folder, name);
            if (put == SIZE_MAX) {
                answer->kind = CJAIL_TELL_MORE;
                error = cjail_answer(init, answer, text, used, -1);
                put = put_entry(text, sizeof text, folder, name);
                used = 0;
            }
            used += put == SIZE_MAX ? 0 : put;
        }
    }
    if (folder >= 0)
        close(folder);
    answer->kind = CJAIL_TELL_ANSWER;
    return error < 0 ? error : cjail_answer(init, answer, text, used, -1);
}

static int make_folder(const char *path)
{
    char last[NAME_MAX + 1];
    const char *name;
    int folder = open_parent(path, &name, true);
    if (folder < 0)
        return folder;
    int error = last_name(name, last, sizeof last);
    if (error == 0 && mkdirat(folder, last, 0755) < 0)
        error = -errno;
    close(folder);
    return error;
}

static int move(const char *from, const char *to)
{
    char old[NAME_MAX + 1], new[NAME_MAX + 1];
    const char *name;
    int source = open_parent(from, &name, false);
    if (source < 0)
        return source;
    int error = last_name(name, old, sizeof old), target = -1;
    if (error == 0)
        error = target = open_parent(to, &name, true);
    if (error >= 0)
        error = last_name(name, new, sizeof new);
    if (error == 0 && renameat(source, old, target, new) < 0)
        error = -errno;
    close(source);
    if (target >= 0)
        close(target);
    return error;
}

/* Calls visit for each name in a folder; stops at the first that fails. */
static int each_name(int folder, int (*visit)(int folder, const char *name, void *argument), void *argument)
{
    char names[2048];
    long got;
    int error = 0;
    lseek(folder, 0, SEEK_SET);
    while (error == 0 && (got = syscall(SYS_getdents64, folder, names, sizeof names)) > 0) {
        uint16_t size;
        for (long at = 0; at < got && error == 0; at += size) {
            memcpy(&size, names + at + 16, sizeof size);
            if (!is_dots(names + at + NAME_AT))
                error = visit(folder, names + at + NAME_AT, argument);
        }
    }
    return error;
}

static int open_folder(int folder, const char *name)
{
    return open_how(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int64_t remove_until;

static int remove_visited(int folder, const char *name, void *depth)
{
    int *deep = depth, error = 0;
    if (cjail_now() > remove_until)
        return -EBUSY;
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return -errno;
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY)
        return -errno;
    if (++*deep > DEEPEST)
        return -ELOOP;
    int inner = open_folder(folder, name);
    if (inner < 0)
        return inner;
    /* Names go away under the reader, so it begins again until one round finds none. */
    for (int rounds = 0; rounds < 1000; rounds++) {
        error = each_name(inner, remove_visited, depth);
        if (error < 0 || unlinkat(folder, name, AT_REMOVEDIR) == 0)
            break;
        error = -errno;
        if (error != -ENOTEMPTY)
            break;
    }
    close(inner);
    --*deep;
    return error;
}

/* Removes a file or a folder with all that is in it. */
int cjail_tree_remove(int folder, const char *name)
{
    int deep = 0;
    remove_until = cjail_now() + REMOVE_NS;
    return remove_visited(folder, name, &deep);
}

/* Removes what stands in an open folder. */
int cjail_tree_empty(int folder)
{
    int deep = 0, error = 0;
    remove_until = cjail_now() + REMOVE_NS;
    for (int rounds = 0; rounds < 10 && error == 0; rounds++)
        error = each_name(folder, remove_visited, &deep);
    return error;
}

static int remove_path(const char *path)
{
    char last[NAME_MAX + 1];
    const char *name;
    struct stat state;
    int folder = open_parent(path, &name, false);
    if (folder < 0)
        return folder;
    int error = last_name(name, last, sizeof last);
    if (error == 0 && fstatat(folder, last, &state, AT_SYMLINK_NOFOLLOW) < 0)
        error = -errno;
    if (error == 0)
        error = cjail_tree_remove(folder, last);
    close(folder);
    return error;
}

static int answer_watch(struct cjail_init *init, struct cjail_answer *answer, const char *path)
{
    char place[64];
    int fd = cjail_files_open(init, path, true), watcher = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), error = fd < 0 ? fd : 0;
    if (error == 0 && watcher < 0)
        error = -errno;
    cjail_format(place, sizeof place, "/proc/self/fd/", (uint64_t)(fd < 0 ? 0 : fd), "");
    if (error == 0 && inotify_add_watch(watcher, place, IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK) < 0)
        error = -errno;
    answer->error = -error;
    int sent = cjail_answer(init, answer, NULL, 0, error == 0 ? watcher : -1);
    if (fd >= 0)
        close(fd);
    if (watcher >= 0)
        close(watcher);
    return sent;
}

/* Returns: -EPROTO where the request is of another kind. */
int cjail_files_answer(struct cjail_init *init, const struct cjail_request *request, const char *first, const char *second)
{
    struct cjail_answer answer = {.kind = CJAIL_TELL_ANSWER, .number = request->number};
    struct cjail_note space = {0};
    int fd;
    switch (request->kind) {
    case CJAIL_ASK_OPEN: return answer_open(init, request, &answer, first);
    case CJAIL_ASK_CREATE: return answer_create(init, request, &answer, first);
    case CJAIL_ASK_LIST: return answer_list(init, &answer, first);
    case CJAIL_ASK_WATCH: return answer_watch(init, &answer, first);
    case CJAIL_ASK_FOLDER: answer.error = -make_folder(first); break;
    case CJAIL_ASK_MOVE: answer.error = -move(first, second); break;
    case CJAIL_ASK_REMOVE: answer.error = -remove_path(first); break;
    case CJAIL_ASK_SPACE:
        cjail_workspace_measure(init->workspace, &space);
        answer.value = space.disk_total;
        answer.size = space.disk_total - space.disk_free;
        break;
    case CJAIL_ASK_STATE:
        fd = cjail_files_open(init, first, !(request->flags & CJAIL_ASK_LINK));
        answer.error = fd < 0 ? -fd : -describe(fd, &answer);
        if (fd >= 0)
            close(fd);
        break;
    default: return -EPROTO;
    }
    return cjail_answer(init, &answer, NULL, 0, -1);
}

struct copying {
    int from, to, depth;
    uint64_t *bytes;
};

static int copy_name(int folder, const char *name, void *argument);

/* Holes stay holes, so that a sparse file takes no more room than it did. */
static int copy_content(int from, int to, uint64_t size, uint64_t *bytes)
{
    off_t at = 0;
    if (ftruncate(to, (off_t)size) < 0)
        return -errno;
    while ((uint64_t)at < size) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : -errno;
        off_t hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        lseek(to, data, SEEK_SET);
        for (off_t place = data; place < hole;) {
            ssize_t sent = RETRY(sendfile(to, from, &place, (size_t)(hole - place)));
            if (sent < 0)
                return -errno;
            if (sent == 0) /* it has become shorter */
                return 0;
            *bytes += (uint64_t)sent;
        }
        at = hole;
    }
    return 0;
}

static void copy_attributes(int from, int to)
{
    char names[1024], value[4096];
    ssize_t length = flistxattr(from, names, sizeof names);
    for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(from, name, value, sizeof value);
        if (size >= 0)
            fsetxattr(to, name, value, (size_t)size, 0);
    }
}

static int copy_file(struct copying *copying, const char *name, const struct stat *state)
{
    int from = open_how(copying->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (from < 0)
        return from == -ENOENT ? 0 : from;
    int to = open_how(copying->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, RESOLVE_BENEATH);
    int error = to < 0 ? to : copy_content(from, to, (uint64_t)state->st_size, copying->bytes);
    if (error == 0) {
        copy_attributes(from, to);
        fchmod(to, state->st_mode & 07777);
        struct timespec times[2] = {state->st_atim, state->st_mtim};
        futimens(to, times);
    }
    close(from);
    if (to >= 0)
        close(to);
    return error;
}

static int copy_link(struct copying *copying, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(copying->from, name, target, sizeof target - 1);
    if (length < 0)
        return -errno;
    target[length] = 0;
    return symlinkat(target, copying->to, name) < 0 ? -errno : 0;
}

static int copy_folder(struct copying *copying, const char *name, const struct stat *state)
{
    if (copying->depth >= DEEPEST)
        return -ELOOP;
    if (mkdirat(copying->to, name, 0700) < 0)
        return -errno;
    struct copying inner = {.from = open_folder(copying->from, name), .to = open_folder(copying->to, name), .depth = copying->depth + 1, .bytes = copying->bytes};
    int error = inner.from < 0 ? inner.from : inner.to < 0 ? inner.to : each_name(inner.from, copy_name, &inner);
    if (error == 0) {
        struct timespec times[2] = {state->st_atim, state->st_mtim};
        fchmod(inner.to, state->st_mode & 07777);
        futimens(inner.to, times);
    }
    if (inner.from >= 0)
        close(inner.from);
    if (inner.to >= 0)
        close(inner.to);
    return error;
}

static int copy_name(int folder, const char *name, void *argument)
{
    struct stat state;
    if (fstatat(folder, name, &state, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(state.st_mode))
        return copy_folder(argument, name, &state);
    if (S_ISLNK(state.st_mode))
        return copy_link(argument, name);
    if (S_ISREG(state.st_mode))
        return copy_file(argument, name, &state);
    if (S_ISFIFO(state.st_mode))
        return mkfifoat(((struct copying *)argument)->to, name, state.st_mode & 07777) < 0 ? -errno : 0;
    return 0; /* a socket is its process's */
}

/* Copies what stands in one open folder into another, empty one. Names of one file become files of their own. */
int cjail_tree_copy(int from, int to, uint64_t *bytes)
{
    struct copying copying = {.from = from, .to = to, .bytes = bytes};
    return each_name(from, copy_name, &copying);
}
