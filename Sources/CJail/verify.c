/* Looking from outside at a guest that came from a confined host, before anything is given to it.
 * Runs in: the init of the guest's sandbox, which sees it in a /proc of its own.
 *
 * First while the guest waits to be taken (gate.c): then it has no way to its host that it could keep. And again when
 * it is parked, in its control groups, having been given nothing yet that is a run's. */
#include "internal.h"

#include <stddef.h>
#include <stdio.h>

/* Processes and threads that a sandbox has had when its guest stands: init, the midwife, the guest. */
#define MOST_NUMBERS 4

static int last_number(struct cjail_init *init)
{
    char text[16] = "";
    int number = 0;
    if (pread(init->shell.last_pid, text, sizeof text - 1, 0) <= 0)
        return -1;
    for (const char *at = text; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    return number;
}

/* Whether a process is there and has not ended. */
bool cjail_is_alive(struct cjail_init *init, pid_t pid)
{
    char text[512];
    if (cjail_process_text(init->proc, pid, "/stat", text, sizeof text) <= 0)
        return false;
    const char *name_end = strrchr(text, ')');
    return !name_end || (name_end[2] != 'Z' && name_end[2] != 'X');
}

/* The one process besides init, threads counted. Numbers are given out in turn: while the last one given is small and
 * stays the same nobody can have been overlooked. Returns its number, or -errno. */
static pid_t only_process(struct cjail_init *init)
{
    pid_t found = 0;
    int last = last_number(init), count = 0;
    if (last < 2 || last > MOST_NUMBERS)
        return -EBUSY;
    for (pid_t pid = 2; pid <= last; pid++) {
        if (!cjail_is_alive(init, pid))
            continue;
        found = pid;
        count++;
    }
    return count == 1 && last_number(init) == last ? found : -EBUSY;
}

/* The same, once the midwife, who ends right after the fork, is dead. */
static pid_t await_only_process(struct cjail_init *init)
{
    pid_t found = only_process(init);
    for (int tries = 0; found < 0 && tries < 1000; tries++) {
        usleep(100);
        found = only_process(init);
    }
    return found;
}

static bool has_lost_privilege(struct cjail_init *init, pid_t guest)
{
    static const char *const lines[] = {
        "\nPPid:\t1\n", "\nTracerPid:\t0\n", "\nThreads:\t1\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n",
        "\nUid:\t1000\t1000\t1000\t1000\n", "\nGid:\t1000\t1000\t1000\t1000\n",
        "\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n",
        "\nCapBnd:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n"};
    char text[4096];
    if (cjail_process_text(init->proc, guest, "/status", text, sizeof text) <= 0)
        return false;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i]))
            return false;
    return true;
}

static bool is_in_namespaces(struct cjail_init *init, pid_t guest)
{
    struct stat own;
    for (int i = 0; i < CJAIL_NAMESPACES; i++)
        if (fstat(init->shell.namespaces[i], &own) < 0 || cjail_namespace_of(init->proc, guest, i) != own.st_ino)
            return false;
    return true;
}

/* Whether a process's root or working folder is the root of this mount namespace, and not the same folder in another. */
static bool is_at_root(struct cjail_init *init, pid_t guest, const char *link)
{
    char path[32];
    struct statx own, its;
    cjail_format(path, sizeof path, "", (uint64_t)guest, link);
    return statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &own) == 0 &&
           statx(init->proc, path, 0, STATX_INO | STATX_MNT_ID, &its) == 0 && (own.stx_mask & STATX_MNT_ID) &&
           own.stx_mnt_id == its.stx_mnt_id && own.stx_ino == its.stx_ino;
}

/* How many descriptors it has, or -1. */
static int count_descriptors(struct cjail_init *init, pid_t guest)
{
    char path[32], buffer[1024];
    int count = -2; /* "." and ".." */
    cjail_format(path, sizeof path, "", (uint64_t)guest, "/fd");
    int folder = openat(init->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    long got;
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
        uint16_t size;
        for (long at = 0; at < got; at += size, count++)
            memcpy(&size, buffer + at + 16, sizeof size);
    }
    close(folder);
    return got < 0 ? -1 : count;
}

/* One line of maps, as far as it has been read. */
struct mapping {
    int word, column;
    bool shared;
    int usr, diatom; /* letters of the path that are those of where nobody can write */
};

/* Takes one more letter of maps. Returns whether a mapping ends here that is shared with others who may write to it. */
static bool is_shared(struct mapping *line, char letter)
{
    static const char usr[] = "/usr/", diatom[] = "/diatom/";
    if (letter == '\n') {
        bool found = line->shared && line->usr < 5 && line->diatom < 8;
        *line = (struct mapping){0};
        return found;
    }
    if (letter == ' ') {
        line->word += line->column > 0;
        line->column = 0;
        return false;
    }
    if (line->word == 1 && line->column == 3)
        line->shared = letter != 'p';
    if (line->word == 5) {
        line->usr += line->column < 5 && letter == usr[line->column];
        line->diatom += line->column < 8 && letter == diatom[line->column];
    }
    line->column++;
    return false;
}

static bool has_own_memory(struct cjail_init *init, pid_t guest)
{
    static char text[65536];
    char path[32];
    struct mapping line = {0};
    bool own = true;
    cjail_format(path, sizeof path, "", (uint64_t)guest, "/maps");
    int fd = openat(init->proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long got;
    while ((got = RETRY(read(fd, text, sizeof text))) > 0)
        for (long at = 0; at < got; at++)
            own = !is_shared(&line, text[at]) && own;
    close(fd);
    return got == 0 && own;
}

/* Looks at a process that waits to be taken. Returns its number, or -errno with *what is wrong named. */
pid_t cjail_verify_claim(struct cjail_init *init, const char **what)
{
    pid_t guest = await_only_process(init);
    *what = guest < 0                                            ? "guest is not alone"
            : !has_lost_privilege(init, guest)                   ? "guest has kept privilege"
            : !is_in_namespaces(init, guest)                     ? "guest is in other namespaces"
            : !is_at_root(init, guest, "/root")                  ? "guest has another root"
            : !is_at_root(init, guest, "/cwd")                   ? "guest stands in another root"
            : count_descriptors(init, guest) != 0                ? "guest has descriptors"
            : !has_own_memory(init, guest)                       ? "guest shares memory"
            : !cjail_shell_is_untouched(init)                    ? "sandbox has been used"
                                                                 : NULL;
    if (*what == NULL)
        return guest;
    return guest < 0 ? guest : -EPERM;
}

static bool is_in_groups(struct cjail_init *init, pid_t guest)
{
    char own[4096], its[4096];
    return cjail_process_text(init->proc, 1, "/cgroup", own, sizeof own) >= 0 &&
           cjail_process_text(init->proc, guest, "/cgroup", its, sizeof its) >= 0 && !strcmp(own, its);
}

/* Looks at the guest once more: whether it has joined, and made nothing that the groups do not count. */
bool cjail_verify_parked(struct cjail_init *init, const char **what)
{
    *what = only_process(init) != init->guest             ? "guest is not alone"
            : !is_in_groups(init, init->guest)            ? "guest is in other control groups"
            : !has_lost_privilege(init, init->guest)      ? "guest has kept privilege"
            : count_descriptors(init, init->guest) != 4   ? "guest has descriptors"
                                                          : NULL;
    return *what == NULL;
}
