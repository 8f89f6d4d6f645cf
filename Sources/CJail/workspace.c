/* The workspace: one tmpfs a sandbox, a mount object that can be made, attached, resized,
 * measured apart from the sandbox. Its three folders become /home/user, /tmp and /dev/shm, so
 * that one size and one number of inodes hold for all three together. Runs in: init. */
#include "internal.h"

#include <sys/statfs.h>
#include <sys/xattr.h>

#define WORKSPACE_AT "/tmp"

static int set_number(int context, const char *key, uint64_t number)
{
    char text[24];
    cjail_format(text, sizeof text, "", number, "");
    return fsconfig(context, FSCONFIG_SET_STRING, key, text, 0) < 0 ? -errno : 0;
}

/* Returns: the descriptor of a detached mount, or -errno. */
int cjail_workspace_make(uint64_t bytes, uint32_t inodes)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0)
        return -errno;
    int error = set_number(context, "size", bytes);
    if (error == 0)
        error = set_number(context, "nr_inodes", (uint64_t)inodes + 4);
    if (error == 0 && fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0)
        error = -errno;
    if (error == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        error = -errno;
    int workspace = -1;
    if (error == 0 && (workspace = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)) < 0)
        error = -errno;
    close(context);
    if (error == 0 && (mkdirat(workspace, "user", 0755) < 0 || mkdirat(workspace, "tmp", 0777) < 0 ||
                       mkdirat(workspace, "shm", 0777) < 0 || fchmodat(workspace, "tmp", 01777, 0) < 0 ||
                       fchmodat(workspace, "shm", 01777, 0) < 0))
        error = -errno;
    if (error < 0 && workspace >= 0)
        close(workspace);
    return error < 0 ? error : workspace;
}

/* Puts a detached workspace in its places. Its own root stays hidden beneath /tmp. */
int cjail_workspace_attach(int workspace)
{
    if (move_mount(workspace, "", AT_FDCWD, WORKSPACE_AT, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    if (mount(WORKSPACE_AT "/user", "/home/user", NULL, MS_BIND, NULL) < 0)
        return -errno;
    if (mount(WORKSPACE_AT "/shm", "/dev/shm", NULL, MS_BIND, NULL) < 0)
        return -errno;
    if (mount(WORKSPACE_AT "/tmp", "/tmp", NULL, MS_BIND, NULL) < 0)
        return -errno;
    return 0;
}

/* Removes what stands in a folder; not what stands deeper. */
static int empty_folder(const char *path)
{
    char buffer[1024];
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0)
        return -errno;
    long got = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    uint16_t size;
    for (long at = 0; at < got; at += size) {
        const char *name = buffer + at + 19; /* d_name of struct linux_dirent64 */
        memcpy(&size, buffer + at + 16, sizeof size);
        if (unlinkat(folder, name, 0) < 0 && errno == EISDIR)
            unlinkat(folder, name, AT_REMOVEDIR);
    }
    close(folder);
    return 0;
}

/* Empties an attached workspace whose users are dead. Cheaper than another one, and provably the same: no block and no
 * inode more is in use than when it was new, and its folders have the modes and attributes they had.
 * Returns: 0, or -errno where anything is left; then it must be replaced. */
int cjail_workspace_empty(int workspace, const struct cjail_note *birth)
{
    static const struct { const char *path; mode_t mode; } folders[3] = {
        {"/home/user", S_IFDIR | 0755}, {"/tmp", S_IFDIR | 01777}, {"/dev/shm", S_IFDIR | 01777}};
    struct cjail_note now = {0};
    struct stat state;
    for (int i = 0; i < 3; i++) {
        int error = empty_folder(folders[i].path);
        if (error < 0)
            return error;
        if (stat(folders[i].path, &state) < 0 || state.st_mode != folders[i].mode ||
            listxattr(folders[i].path, NULL, 0) > 0 || utimensat(AT_FDCWD, folders[i].path, NULL, 0) < 0)
            return -EBUSY;
    }
    cjail_workspace_measure(workspace, &now);
    return now.disk_total == birth->disk_total && now.disk_free == birth->disk_free &&
                   now.inodes_total == birth->inodes_total && now.inodes_free == birth->inodes_free
               ? 0
               : -EBUSY;
}

/* Takes an attached workspace out of its places again and lets go of it. */
int cjail_workspace_detach(int workspace)
{
    static const char *const places[4] = {WORKSPACE_AT, WORKSPACE_AT, "/home/user", "/dev/shm"};
    for (int i = 0; i < 4; i++)
        if (umount2(places[i], MNT_DETACH) < 0)
            return -errno;
    close(workspace);
    return 0;
}

/* Gives the attached workspace another size. */
int cjail_workspace_resize(uint64_t bytes, uint32_t inodes)
{
    int context = fspick(AT_FDCWD, "/home/user", FSPICK_CLOEXEC);
    if (context < 0)
        return -errno;
    int error = set_number(context, "size", bytes);
    if (error == 0)
        error = set_number(context, "nr_inodes", (uint64_t)inodes + 4);
    if (error == 0 && fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
        error = -errno;
    close(context);
    return error;
}

void cjail_workspace_measure(int workspace, struct cjail_note *note)
{
    struct statfs state;
    if (fstatfs(workspace, &state) < 0)
        return;
    uint64_t block = (uint64_t)state.f_bsize;
    note->disk_total = (uint64_t)state.f_blocks * block;
    note->disk_free = (uint64_t)state.f_bfree * block;
    note->inodes_total = (uint64_t)state.f_files;
    note->inodes_free = (uint64_t)state.f_ffree;
}

static int make_parents(int home, char *path)
{
    for (char *at = path; *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        int made = mkdirat(home, path, 0755);
        *at = '/';
        if (made < 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int write_all(int fd, const char *from, uint64_t length)
{
    while (length > 0) {
        long wrote = RETRY(write(fd, from, length > (1u << 30) ? (1u << 30) : length));
        if (wrote < 0)
            return -errno;
        from += wrote;
        length -= (uint64_t)wrote;
    }
    return 0;
}

static int lay_file(int home, const char *path, uint32_t length, uint32_t mode, const char *content, uint64_t size)
{
    char copy[PATH_MAX];
    if (length == 0 || length >= sizeof copy || path[0] == '/')
        return -EINVAL;
    memcpy(copy, path, length);
    copy[length] = 0;
    int error = make_parents(home, copy);
    if (error < 0)
        return error;
    int fd = openat(home, copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
    if (fd < 0)
        return -errno;
    error = write_all(fd, content, size);
    close(fd);
    return error;
}

/* Lays a bundle's files into the home folder; nothing of a guest has run there yet. */
int cjail_workspace_fill(const char **cursor, const char *end, uint32_t count)
{
    int home = open("/home/user", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (home < 0)
        return -errno;
    int error = 0;
    for (uint32_t i = 0; i < count && error == 0; i++) {
        const char *path = NULL;
        uint32_t length = 0, mode = 0;
        uint64_t size = 0;
        error = cjail_bundle_string(cursor, end, &path, &length);
        if (error == 0)
            error = cjail_bundle_number(cursor, end, &mode, sizeof mode);
        if (error == 0)
            error = cjail_bundle_number(cursor, end, &size, sizeof size);
        if (error == 0 && size > (uint64_t)(end - *cursor))
            error = -EPROTO;
        if (error == 0)
            error = lay_file(home, path, length, mode, *cursor, size);
        *cursor += error == 0 ? size : 0;
    }
    close(home);
    return error;
}
