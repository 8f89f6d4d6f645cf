/* The sampled grade: where no control group counts, init adds up memory and CPU every 5 ms.
 * Runs in: init. A limit may be overshot by what a guest can take between two samples. */
#include "internal.h"

#include <dirent.h>
#include <time.h>

/* Reads a file of a process, of proc, as text. Returns its length, cut to fit, or -errno. */
long cjail_process_text(int proc, pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    cjail_format(path, sizeof path, "", (uint64_t)pid, file);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    long used = 0, got;
    do
        got = RETRY(read(fd, text + used, size - 1 - (size_t)used));
    while (got > 0 && (size_t)(used += got) < size - 1);
    text[used] = 0;
    int error = got < 0 ? -errno : 0;
    close(fd);
    return error < 0 ? error : used;
}

/* Reads the numbers of a process's stat or statm; what is none counts as 0. */
bool cjail_process_numbers(int proc, uint64_t pid, const char *file, uint64_t *numbers, int count)
{
    char text[512];
    if (cjail_process_text(proc, (pid_t)pid, file, text, sizeof text) <= 0)
        return false;
    const char *at = strrchr(text, ')'); /* the name in stat may hold anything: go on behind its end */
    at = at ? at + 2 : text;
    for (int i = 0; i < count; i++) {
        uint64_t number = 0;
        while (*at == ' ')
            at++;
        for (; *at && *at != ' ' && *at != '\n'; at++)
            number = *at >= '0' && *at <= '9' ? number * 10 + (uint64_t)(*at - '0') : number;
        numbers[i] = number;
    }
    return true;
}

/* Resident pages of a process that no file backs, in bytes. */
int64_t cjail_process_memory(int proc, uint64_t pid)
{
    uint64_t pages[3];
    if (!cjail_process_numbers(proc, pid, "/statm", pages, 3) || pages[1] <= pages[2])
        return 0;
    return (int64_t)(pages[1] - pages[2]) * sysconf(_SC_PAGESIZE);
}

/* Processor time of a process and its threads, in nanoseconds. */
int64_t cjail_process_cpu(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void add_process(struct cjail_init *init, uint64_t pid, int64_t *memory, int64_t *ticks)
{
    uint64_t fields[15];
    int64_t own = cjail_process_memory(init->proc, pid) - init->memory_base;
    *memory += own > 0 ? own : 0;
    if (cjail_process_numbers(init->proc, pid, "/stat", fields, 15))
        *ticks += (int64_t)(fields[11] + fields[12] + fields[13] + fields[14]);
}

static uint64_t process_number(const char *name)
{
    uint64_t number = 0;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return 0;
        number = number * 10 + (uint64_t)(*name - '0');
    }
    return number;
}

/* Whether a process is of a sandbox within this one, which has a limit of its own. */
bool cjail_is_nested(struct cjail_init *init, pid_t pid)
{
    char text[4096];
    if (cjail_process_text(init->proc, pid, "/status", text, sizeof text) <= 0)
        return false;
    const char *numbers = strstr(text, "\nNSpid:\t"); /* one for each pid namespace from this one on */
    if (!numbers)
        return false;
    numbers += 8;
    return memchr(numbers, '\t', strcspn(numbers, "\n")) != NULL;
}

static void walk_processes(struct cjail_init *init, int64_t *memory, int64_t *ticks, uint32_t *count)
{
    static char buffer[8192];
    int proc = openat(init->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got;
    while (proc >= 0 && (got = syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0) {
        uint16_t size;
        for (long at = 0; at < got; at += size) {
            memcpy(&size, buffer + at + 16, sizeof size);
            uint64_t pid = process_number(buffer + at + 19);
            if (pid <= 1 || ((init->hosting || init->branches) && cjail_is_nested(init, (pid_t)pid)))
                continue;
            add_process(init, pid, memory, ticks);
            *count += 1;
        }
    }
    if (proc >= 0)
        close(proc);
}

void cjail_init_sample(struct cjail_init *init)
{
    int64_t memory = 0, ticks = 0;
    uint32_t count = 0;
    struct cjail_note disk = {0};
    walk_processes(init, &memory, &ticks, &count);
    cjail_workspace_measure(init->workspace, &disk);
    memory += (int64_t)(disk.disk_total - disk.disk_free);
    int64_t cpu = ticks * (1000000000 / sysconf(_SC_CLK_TCK)) - init->cpu_parked;
    if (memory > init->memory_peak)
        init->memory_peak = memory;
    if (count > init->processes_peak)
        init->processes_peak = count;
    if (cpu > init->cpu_sampled)
        init->cpu_sampled = cpu;
    if (init->sampled_limit == CJAIL_SAMPLED_NONE && init->memory_limit && memory > init->memory_limit)
        init->sampled_limit = CJAIL_SAMPLED_MEMORY;
    if (init->sampled_limit == CJAIL_SAMPLED_NONE && init->cpu_limit && cpu > init->cpu_limit)
        init->sampled_limit = CJAIL_SAMPLED_CPU;
}
