/* The read-only root that a host and all its sandboxes stand in: binds in an empty tmpfs.
 * Everything goes over descriptors of mounts we made (fsopen, fsmount, open_tree, move_mount),
 * so no path of the old tree is followed twice. Runs in: the host's first process. */
#include "internal.h"

#include <sys/sysmacros.h>

static int make_folders(int root, const char *path)
{
    char copy[CJAIL_PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof copy)
        return -ENAMETOOLONG;
    memcpy(copy, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (copy[i] != '/' && copy[i] != 0)
            continue;
        char kept = copy[i];
        copy[i] = 0;
        if (mkdirat(root, copy, 0755) < 0 && errno != EEXIST)
            return -errno;
        copy[i] = kept;
    }
    return 0;
}

static int make_parent(int root, const char *path)
{
    char parent[CJAIL_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        return 0;
    size_t length = (size_t)(slash - path);
    if (length >= sizeof parent)
        return -ENAMETOOLONG;
    memcpy(parent, path, length);
    parent[length] = 0;
    return make_folders(root, parent);
}

static int make_file(int root, const struct cjail_file *file)
{
    int error = make_parent(root, file->path);
    if (error < 0)
        return error;
    int fd = openat(root, file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    const char *from = file->content;
    for (size_t done = 0; done < file->length;) {
        long wrote = RETRY(write(fd, from + done, file->length - done));
        if (wrote < 0) {
            error = -errno;
            break;
        }
        done += (size_t)wrote;
    }
    close(fd);
    return error;
}

/* A node of our own where we may make one (one mount less in every sandbox), else a bind. */
static int make_device(int root, const struct cjail_bind *bind)
{
    struct stat node;
    if (stat(bind->source, &node) < 0 || !S_ISCHR(node.st_mode))
        return -ENODEV;
    if (mknodat(root, bind->target, S_IFCHR | 0666, node.st_rdev) < 0)
        return -errno;
    int probe = openat(root, bind->target, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (probe < 0) {
        unlinkat(root, bind->target, 0);
        return -EPERM;
    }
    close(probe);
    return fchmodat(root, bind->target, 0666, 0) < 0 ? -errno : 0;
}

static int make_target(int root, const struct cjail_bind *bind)
{
    int error = make_parent(root, bind->target);
    if (error < 0)
        return error;
    if (!(bind->flags & (CJAIL_BIND_FILE | CJAIL_BIND_DEVICE)))
        return make_folders(root, bind->target);
    int fd = openat(root, bind->target, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static int bind_one(int root, const struct cjail_bind *bind)
{
    if ((bind->flags & CJAIL_BIND_DEVICE) && make_parent(root, bind->target) == 0 &&
        make_device(root, bind) == 0)
        return 0;
    unsigned int how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    int tree = bind->source_fd >= 0
                   ? open_tree(bind->source_fd, "", how | AT_EMPTY_PATH)
                   : open_tree(AT_FDCWD, bind->source, how);
    if (tree < 0)
        return (bind->flags & CJAIL_BIND_OPTIONAL) && errno == ENOENT ? 0 : -errno;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY};
    if (bind->flags & CJAIL_BIND_DEVICE)
        attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    else
        attributes.attr_set |= MOUNT_ATTR_NODEV;
    int error = make_target(root, bind);
    if (error == 0 && mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) < 0)
        error = -errno;
    if (error == 0 && move_mount(tree, "", root, bind->target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        error = -errno;
    close(tree);
    return error;
}

/* /proc of the old tree stays whole beneath: the kernel lets a user namespace mount a fresh one
 * only where a fully visible one stands. Every sandbox covers it before its guest exists. */
static int keep_proc(int root)
{
    int tree = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        return -errno;
    int error = make_folders(root, "proc");
    if (error == 0 && move_mount(tree, "", root, "proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        error = -errno;
    close(tree);
    return error;
}

static int empty_tmpfs(void)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0)
        return -errno;
    int mount = -1;
    if (fsconfig(context, FSCONFIG_SET_STRING, "size", "4194304", 0) == 0 &&
        fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", "2000", 0) == 0 &&
        fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) == 0 &&
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
    int error = mount < 0 ? -errno : mount;
    close(context);
    return error;
}

static int fill_root(int root, const struct cjail_root *plan, const char **stage)
{
    int error = 0;
    *stage = "folders";
    for (uint32_t i = 0; i < plan->folder_count && error == 0; i++)
        error = make_folders(root, plan->folders[i]);
    *stage = error ? *stage : "files";
    for (uint32_t i = 0; i < plan->file_count && error == 0; i++)
        error = make_file(root, &plan->files[i]);
    *stage = error ? *stage : "links";
    for (uint32_t i = 0; i < plan->link_count && error == 0; i++) {
        error = make_parent(root, plan->links[i].path);
        if (error == 0 && symlinkat(plan->links[i].target, root, plan->links[i].path) < 0)
            error = -errno;
    }
    for (uint32_t i = 0; i < plan->bind_count && error == 0; i++) {
        error = bind_one(root, &plan->binds[i]);
        *stage = plan->binds[i].target;
    }
    return error;
}

/* Makes the root and moves this process into it. Privilege: CAP_SYS_ADMIN over the mount
 * namespace, which must be new. Returns: 0 or -errno with *stage named. */
int cjail_root_build(const struct cjail_root *plan, const char **stage)
{
    *stage = "private mounts";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    *stage = "root tmpfs";
    int root = empty_tmpfs();
    if (root < 0)
        return root;
    /* Where nothing is bound from; onto /tmp it would hide a data folder there. */
    if (move_mount(root, "", AT_FDCWD, "/sys", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    int error = fill_root(root, plan, stage);
    if (error < 0)
        return error;
    *stage = "proc";
    if ((error = keep_proc(root)) < 0)
        return error;
    *stage = "read-only root";
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        return -errno;
    *stage = "pivot_root";
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -errno;
    close(root);
    return 0;
}

/* Puts a copy of the root, mounts and all, in its place, for this process and every other in the mount namespace.
 * Whoever kept a descriptor of the old one finds nothing there that is mounted later. Privilege: CAP_SYS_ADMIN over
 * the mount namespace. Returns: 0 or -errno. */
int cjail_root_renew(void)
{
    int root = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    int error = root < 0 ? -errno : 0;
    if (error == 0 && move_mount(root, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        error = -errno;
    if (error == 0 && (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
                       chdir("/") < 0))
        error = -errno;
    close(root);
    return error;
}
