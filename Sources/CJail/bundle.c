/* Reading a bundle: every length is checked against what is left. */
#include "internal.h"

#include <sys/mman.h>

/* Maps a sealed bundle. Returns 0 or -errno; the mapping stays. */
int cjail_bundle_map(int fd, const char **start, const char **end, struct cjail_bundle_head *head)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_WRITE;
    struct stat state;
    if ((fcntl(fd, F_GET_SEALS) & seals) != seals)
        return -EPERM;
    if (fstat(fd, &state) < 0)
        return -errno;
    if (state.st_size < (off_t)sizeof *head)
        return -EPROTO;
    const char *base = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED)
        return -errno;
    memcpy(head, base, sizeof *head);
    if (head->magic != CJAIL_BUNDLE_MAGIC || head->argc > CJAIL_STRINGS_MAX || head->envc > CJAIL_STRINGS_MAX ||
        head->file_count > CJAIL_BUNDLE_FILES_MAX)
        return -EPROTO;
    *start = base + sizeof *head;
    *end = base + state.st_size;
    return 0;
}

int cjail_bundle_number(const char **cursor, const char *end, void *number, size_t size)
{
    if ((size_t)(end - *cursor) < size)
        return -EPROTO;
    memcpy(number, *cursor, size);
    *cursor += size;
    return 0;
}

int cjail_bundle_string(const char **cursor, const char *end, const char **text, uint32_t *length)
{
    int error = cjail_bundle_number(cursor, end, length, sizeof *length);
    if (error < 0)
        return error;
    if ((uint64_t)(end - *cursor) < (uint64_t)*length + 1 || (*cursor)[*length] != 0)
        return -EPROTO;
    *text = *cursor;
    *cursor += *length + 1;
    return 0;
}
