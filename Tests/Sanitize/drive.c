/* Drives the parts of CJail that read what others wrote, under AddressSanitizer and UBSan: bundles (2,000 damaged
 * ones), notes with too many descriptors or of the wrong size, a workspace that is filled and handed out, and ways out of a
 * network namespace, asked for at random.
 * Exit 0 and a line of counts, or whatever the sanitizers say. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static uint64_t state = 88172645463325252ULL;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t put(char *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return size;
}

static size_t put_string(char *at, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    size_t used = put(at, &length, sizeof length);
    return used + put(at + used, text, length + 1);
}

/* Two arguments, one variable, three files, one of them two folders down. */
static size_t sound_bundle(char *at)
{
    static const char *paths[3] = {"main.py", "a/b/c.txt", "empty"};
    struct cjail_bundle_head head = {CJAIL_BUNDLE_MAGIC, 2, 1, 3};
    size_t used = put(at, &head, sizeof head);
    used += put_string(at + used, "python3");
    used += put_string(at + used, "main.py");
    used += put_string(at + used, "HOME=/home/user");
    for (int i = 0; i < 3; i++) {
        uint32_t mode = 0644;
        uint64_t size = i == 2 ? 0 : 300;
        used += put_string(at + used, paths[i]);
        used += put(at + used, &mode, sizeof mode);
        used += put(at + used, &size, sizeof size);
        memset(at + used, 'x', size);
        used += size;
    }
    return used;
}

static int read_bundle(const char *bytes, size_t size, bool fill)
{
    const char *cursor, *end, *text;
    struct cjail_bundle_head head;
    uint32_t length;
    int fd = memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (write(fd, bytes, size) != (ssize_t)size)
        abort();
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    int error = cjail_bundle_map(fd, &cursor, &end, &head);
    close(fd);
    if (error < 0)
        return error;
    const char *start = cursor - sizeof head;
    for (uint32_t i = 0; error == 0 && i < head.argc + head.envc; i++)
        error = cjail_bundle_string(&cursor, end, &text, &length);
    if (error == 0 && fill)
        error = cjail_workspace_fill(&cursor, end, head.file_count);
    munmap((void *)(uintptr_t)start, (size_t)(end - start));
    return error;
}

static void damage_bundles(int *refused, int *read)
{
    char sound[2048], damaged[2048];
    size_t size = sound_bundle(sound);
    for (int round = 0; round < 2000; round++) {
        memcpy(damaged, sound, size);
        size_t length = next_random() % 4 == 0 ? next_random() % size : size;
        for (uint64_t hits = next_random() % 6; hits > 0 && length > 0; hits--)
            damaged[next_random() % length] = (char)next_random();
        *(read_bundle(damaged, length, false) < 0 ? refused : read) += 1;
    }
}

static void exchange_notes(void)
{
    int pair[2], fds[CJAIL_NOTE_FDS], many[CJAIL_NOTE_FDS], count = 2;
    struct cjail_note note = {.kind = CJAIL_GO};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    for (int i = 0; i < CJAIL_NOTE_FDS; i++)
        many[i] = pair[0];
    if (cjail_send(pair[0], &note, many, CJAIL_NOTE_FDS) < 0 || cjail_receive(pair[1], &note, fds, &count, 0) != 1)
        abort(); /* six of the eight are closed, two are taken */
    for (int i = 0; i < count; i++)
        close(fds[i]);
    if (cjail_send(pair[0], &note, many, CJAIL_NOTE_FDS + 1) != -EINVAL)
        abort();
    for (size_t size = 1; size < 300; size += 7) {
        char bytes[300] = {0};
        count = CJAIL_NOTE_FDS;
        if (size == sizeof note || send(pair[0], bytes, size, 0) < 0)
            continue;
        if (cjail_receive(pair[1], &note, fds, &count, 0) != -EPROTO || count != 0)
            abort();
    }
    close(pair[0]);
    if (cjail_receive(pair[1], &note, fds, &count, 0) != 0)
        abort();
    close(pair[1]);
}

static int hand_out(void)
{
    int pair[2], found = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    symlink("/etc/passwd", "/home/user/link");
    mkfifo("/home/user/fifo", 0600);
    cjail_workspace_collect(pair[0]);
    close(pair[0]);
    for (;;) {
        char bytes[8192];
        int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
        if (cjail_receive_some(pair[1], bytes, sizeof bytes, fds, &count) <= 0)
            break;
        for (int i = 0; i < count; i++)
            close(fds[i]);
        found += count;
    }
    close(pair[1]);
    return found;
}

/* In a user namespace of its own, where /home may be covered. */
static int work_in_workspace(void)
{
    uint32_t uid = getuid(), gid = getgid();
    char sound[2048];
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || chdir("/proc") < 0 ||
        cjail_map_self(AT_FDCWD, 0, 0, uid, gid) < 0)
        return -1;
    if (mount("tmpfs", "/home", "tmpfs", 0, NULL) < 0 || mkdir("/home/user", 0755) < 0)
        return -1;
    if (read_bundle(sound, sound_bundle(sound), true) < 0)
        abort();
    return hand_out();
}

/* In the network namespace of work_in_workspace. Returns how many of 500 random ways were opened. */
static int open_ways(void)
{
    int pair[2], opened = 0;
    if (unshare(CLONE_NEWNET) < 0 || cjail_loopback_up() < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    for (int round = 0; round < 500; round++) {
        struct cjail_note way = {.kind = CJAIL_WAY, .a = (int32_t)(next_random() & ~(uint64_t)CJAIL_WAY_LAST)};
        int fds[CJAIL_NOTE_FDS], count = CJAIL_NOTE_FDS;
        way.b = round % 3 ? (int64_t)next_random() : 0x7f4d0000 + round;
        way.c = (int64_t)next_random();
        int expected = cjail_send(pair[0], &way, NULL, 0) == 0 ? cjail_network_serve(pair[1], &way) : -EPIPE;
        if (cjail_receive(pair[0], &way, fds, &count, MSG_DONTWAIT) != 1 || count != (expected == 1))
            abort();
        for (int i = 0; i < count; i++)
            close(fds[i]);
        opened += count;
    }
    if (cjail_network_serve(pair[1], &(struct cjail_note){0}) != -EAGAIN || cjail_network_open(pair[1]) != -EAGAIN)
        abort();
    close(pair[0]);
    if (cjail_network_open(pair[1]) != -EPROTO)
        abort();
    close(pair[1]);
    return opened;
}

int main(void)
{
    int refused = 0, read = 0;
    damage_bundles(&refused, &read);
    exchange_notes();
    int found = work_in_workspace();
    int opened = found >= 0 ? open_ways() : -1;
    if (opened == 0 || opened == 500)
        abort();
    if (refused == 0 || read == 0 || (found >= 0 && found != 3))
        abort();
    printf("sanitized: %d damaged bundles refused, %d read, %d files handed out, %d ways opened\n", refused, read, found,
           opened);
    return 0;
}
