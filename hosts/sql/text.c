#include "sql.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void fail(const char *where, const char *what)
{
    fprintf(stderr, "%s: OperationalError: %s\n", where, what);
    exit(1);
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (text->room - text->length <= length) {
        text->room = (text->room + length + 64) * 2;
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes)
            fail("diatom-sql", "out of memory");
    }
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void text_put(struct text *text, const char *string) { text_add(text, string, strlen(string)); }

char *text_string(struct text *text)
{
    text_add(text, "", 1);
    text->length--;
    return text->bytes;
}

/* The length of a sound UTF-8 sequence, or 0. */
static size_t sequence(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if (length == 3 && ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)))
        return 0;
    return length == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)) ? 0 : length;
}

/* A JSON string; what is no UTF-8 becomes U+FFFD. */
void text_json(struct text *text, const char *bytes, size_t length)
{
    text_put(text, "\"");
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)bytes[i];
        size_t step = sequence((const unsigned char *)bytes + i, length - i);
        char escape[8];
        if (step == 0) {
            text_put(text, "\xef\xbf\xbd");
            i++;
        } else if (byte < 0x20 || byte == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", byte);
            text_put(text, escape);
            i++;
        } else {
            if (byte == '"' || byte == '\\')
                text_put(text, "\\");
            text_add(text, bytes + i, step);
            i += step;
        }
    }
    text_put(text, "\"");
}

/* How many characters; one that a terminal shows wide counts once. */
size_t text_width(const char *bytes, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return width;
}

char *read_file(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat state;
    if (fd < 0 || fstat(fd, &state) < 0 || !S_ISREG(state.st_mode)) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    size_t size = (size_t)state.st_size;
    char *bytes = malloc(size + 1);
    if (!bytes)
        fail(path, "out of memory");
    *length = 0;
    long got;
    while (*length < size && (got = read(fd, bytes + *length, size - *length)) > 0)
        *length += (size_t)got;
    bytes[*length] = 0;
    close(fd);
    return bytes;
}
