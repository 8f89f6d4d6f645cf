/* What a fork of a context shares with it, noted and had anew: see context.c. Runs in: guest. */
#include "keep.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>

#define LOCKS_MAX 8
#define KEPT_MAX 1024
#define REGIONS_MAX 512

struct kept {
    int fd, flags, fd_flags;
    off_t offset;
    char *path;  /* NULL: deleted */
    char *content; /* of a deleted one; else NULL */
    size_t size;
    struct flock locks[LOCKS_MAX];
    int lock_count;
};

struct region {
    char *start;
    size_t length;
    int protection;
    off_t offset;
    char *path;     /* of a shared mapping of a file that is there; else NULL */
    bool anonymous; /* shared, of no file */
};

static struct kept kept[KEPT_MAX];
static struct region regions[REGIONS_MAX];
static int kept_count, region_count;
static char folder[PATH_MAX];

static bool is_ours(int fd, const int *ours, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ours[i] == fd)
            return true;
    return fd <= 2;
}

static long link_of(int fd, char *path, size_t size)
{
    char place[32];
    cjail_format(place, sizeof place, "/proc/self/fd/", (uint64_t)fd, "");
    long length = readlink(place, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
    return length;
}

/* Calls visit for each open descriptor that is the program's. */
static int each_descriptor(const int *ours, size_t count, int (*visit)(int fd, void *argument), void *argument)
{
    int list[KEPT_MAX], found = 0, error = 0;
    DIR *open_ones = opendir("/proc/self/fd");
    if (!open_ones)
        return -errno;
    for (struct dirent *entry; (entry = readdir(open_ones)) && found < KEPT_MAX;)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(open_ones))
            list[found++] = atoi(entry->d_name);
    closedir(open_ones);
    for (int i = 0; i < found && error >= 0; i++)
        if (!is_ours(list[i], ours, count))
            error = visit(list[i], argument);
    return error < 0 ? error : found == KEPT_MAX ? -EMFILE : 0;
}

struct search {
    int socket, found;
};

static void note(struct search *search, const char *before, uint64_t number, const char *after)
{
    struct cjail_note message = {.kind = CJAIL_OBSTACLE};
    cjail_format(message.text, sizeof message.text, before, number, after);
    cjail_send(search->socket, &message, NULL, 0);
    search->found++;
}

static int find_in_descriptor(int fd, void *argument)
{
    struct stat state;
    char path[64];
    if (fstat(fd, &state) < 0 || S_ISREG(state.st_mode) || S_ISDIR(state.st_mode) || S_ISCHR(state.st_mode))
        return 0;
    link_of(fd, path, sizeof path);
    if (S_ISFIFO(state.st_mode) && path[0] == '/')
        return 0;
    note(argument, S_ISSOCK(state.st_mode) ? "socket at descriptor " : S_ISFIFO(state.st_mode) ? "pipe at descriptor " : "descriptor ",
         (uint64_t)fd, S_ISSOCK(state.st_mode) || S_ISFIFO(state.st_mode) ? "" : strchr(path, ':') ? strchr(path, ':') : " of another kind");
    return 0;
}

static uint64_t count_threads(void)
{
    uint64_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return count;
}

int cjail_keep_find_obstacles(const int *ours, size_t count, int socket, bool drops)
{
    struct search search = {.socket = socket};
    uint64_t threads = count_threads();
    if (drops)
        return 0;
    if (threads > 1)
        note(&search, "", threads - 1, threads > 2 ? " other threads" : " other thread");
    each_descriptor(ours, count, find_in_descriptor, &search);
    return search.found;
}

/* A file without a name that has the content of one that was deleted. */
static int memory_file(const struct kept *one)
{
    int fd = memfd_create("kept", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < one->size;) {
        ssize_t wrote = RETRY(write(fd, one->content + at, one->size - at));
        if (wrote <= 0)
            break;
        at += (size_t)wrote;
    }
    return fd;
}

/* In memory: a descriptor could not go where a fork of this copy goes. */
static int keep_content(int fd, struct kept *one, size_t size)
{
    one->content = malloc(size ? size : 1);
    while (one->content && one->size < size) {
        ssize_t got = RETRY(pread(fd, one->content + one->size, size - one->size, (off_t)one->size));
        if (got <= 0)
            break;
        one->size += (size_t)got;
    }
    return one->content ? 0 : -ENOMEM;
}

/* The original's record locks, which a fork does not have. */
static void keep_locks(int fd, struct kept *file)
{
    for (off_t start = 0; file->lock_count < LOCKS_MAX;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start};
        if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
            return;
        lock.l_whence = SEEK_SET;
        file->locks[file->lock_count++] = lock;
        if (lock.l_len == 0)
            return;
        start = lock.l_start + lock.l_len;
    }
}

static int keep_descriptor(int fd, void *argument)
{
    const bool drops = *(const bool *)argument;
    char path[PATH_MAX];
    struct stat state;
    if (fstat(fd, &state) < 0 || S_ISCHR(state.st_mode))
        return 0;
    bool file = S_ISREG(state.st_mode) || S_ISDIR(state.st_mode) || S_ISFIFO(state.st_mode);
    if (link_of(fd, path, sizeof path) < 0 || (file && path[0] != '/'))
        file = false;
    if (!file) {
        if (drops)
            close(fd);
        return drops ? 0 : -EBUSY;
    }
    if (kept_count == KEPT_MAX)
        return -EMFILE;
    struct kept *one = &kept[kept_count++];
    *one = (struct kept){.fd = fd, .flags = fcntl(fd, F_GETFL), .fd_flags = fcntl(fd, F_GETFD)};
    one->offset = lseek(fd, 0, SEEK_CUR);
    if (S_ISREG(state.st_mode))
        keep_locks(fd, one);
    if (state.st_nlink > 0)
        one->path = strdup(path);
    else if (keep_content(fd, one, (size_t)state.st_size) < 0)
        return -ENOMEM;
    close(fd);
    return 0;
}

/* A line of /proc/self/maps. Returns whether it is one of a mapping that a copy must not share. */
static bool read_mapping(const char *line, const struct stat *workspace, struct region *region, bool *shared)
{
    unsigned long start, end, offset, inode;
    unsigned int of_major, of_minor;
    char mode[8] = "", path[PATH_MAX] = "";
    if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %4095[^\n]", &start, &end, mode, &offset, &of_major, &of_minor, &inode, path) < 7)
        return false;
    *shared = mode[3] == 's';
    *region = (struct region){.start = (char *)start, .length = end - start, .offset = (off_t)offset};
    region->protection = (mode[0] == 'r' ? PROT_READ : 0) | (mode[1] == 'w' ? PROT_WRITE : 0) | (mode[2] == 'x' ? PROT_EXEC : 0);
    bool of_workspace = inode != 0 && makedev(of_major, of_minor) == workspace->st_dev;
    if (*shared && of_workspace && !strstr(path, " (deleted)"))
        region->path = strdup(path);
    region->anonymous = *shared && !region->path;
    return of_workspace || *shared;
}

/* Puts memory of this process's own, with the same content, in a mapping's place. */
static int make_private(const struct region *region)
{
    char *copy = mmap(NULL, region->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return -ENOMEM;
    if (!(region->protection & PROT_READ))
        mprotect(region->start, region->length, PROT_READ);
    /* By a system call, for what lies beyond the end of a file must not be touched. */
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    for (size_t at = 0; memory >= 0 && at < region->length;) {
        ssize_t got = pread(memory, copy + at, region->length - at, (off_t)(uintptr_t)(region->start + at));
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    if (memory >= 0)
        close(memory);
    mprotect(copy, region->length, region->protection);
    return mremap(copy, region->length, region->length, MREMAP_MAYMOVE | MREMAP_FIXED, region->start) == MAP_FAILED ? -errno : 0;
}

static int keep_mappings(void)
{
    static struct region found[REGIONS_MAX];
    static bool shared[REGIONS_MAX];
    struct stat workspace;
    char *line = NULL;
    size_t size = 0;
    int count = 0, error = 0;
    prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL); /* a branch is not, and then may not read its own memory by its file */
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps || stat("/home/user", &workspace) < 0)
        return -errno;
    while (count < REGIONS_MAX && getline(&line, &size, maps) > 0)
        count += read_mapping(line, &workspace, &found[count], &shared[count]);
    free(line);
    fclose(maps);
    if (count == REGIONS_MAX)
        return -E2BIG;
    for (int i = 0; i < count && error == 0; i++) {
        error = make_private(&found[i]);
        if (shared[i])
            regions[region_count++] = found[i];
    }
    return error;
}

int cjail_keep_state(const int *ours, size_t count, bool drops)
{
    kept_count = region_count = 0;
    int error = each_descriptor(ours, count, keep_descriptor, &drops);
    if (error == 0)
        error = keep_mappings();
    if (!getcwd(folder, sizeof folder))
        strcpy(folder, "/home/user");
    return error < 0 ? error : chdir("/") < 0 ? -errno : 0;
}

static void restore_descriptor(const struct kept *one)
{
    int fd = -1;
    if (one->path) {
        fd = open(one->path, (one->flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } else {
        fd = memory_file(one);
    }
    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, one->flags);
    if (one->offset >= 0)
        lseek(fd, one->offset, SEEK_SET);
    if (fd != one->fd) {
        dup3(fd, one->fd, one->fd_flags & FD_CLOEXEC ? O_CLOEXEC : 0);
        close(fd);
    } else if (!(one->fd_flags & FD_CLOEXEC)) {
        fcntl(fd, F_SETFD, 0);
    }
    for (int i = 0; i < one->lock_count; i++) {
        struct flock lock = {.l_type = one->locks[i].l_type, .l_whence = SEEK_SET, .l_start = one->locks[i].l_start, .l_len = one->locks[i].l_len};
        fcntl(one->fd, F_SETLK, &lock);
    }
}

static void restore_region(const struct region *region)
{
    void *place = MAP_FAILED;
    if (region->path) {
        int fd = open(region->path, (region->protection & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (fd >= 0) {
            place = mmap(region->start, region->length, region->protection, MAP_SHARED | MAP_FIXED, fd, region->offset);
            close(fd);
        }
        return;
    }
    if (!(region->protection & PROT_READ))
        return;
    place = mmap(NULL, region->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        return;
    memcpy(place, region->start, region->length);
    mprotect(place, region->length, region->protection);
    if (mremap(place, region->length, region->length, MREMAP_MAYMOVE | MREMAP_FIXED, region->start) == MAP_FAILED)
        munmap(place, region->length);
}

/* A copy of the copy is a program again: what was kept for it is let go of. */
static void forget(void)
{
    for (int i = 0; i < kept_count; i++) {
        free(kept[i].path);
        free(kept[i].content);
    }
    for (int i = 0; i < region_count; i++)
        free(regions[i].path);
    kept_count = region_count = 0;
}

void cjail_keep_restore(void)
{
    if (chdir(folder) < 0 && chdir("/home/user") < 0)
        _exit(71);
    for (int i = 0; i < kept_count; i++)
        restore_descriptor(&kept[i]);
    for (int i = 0; i < region_count; i++)
        restore_region(&regions[i]);
    forget();
}
