#ifndef CASSETS_LANGUAGES_H
#define CASSETS_LANGUAGES_H

#include <stddef.h>

/* One language pack, as its pack.json stands in the source tree. */
struct cassets_language {
    const char *id;
    const unsigned char *bytes;
    size_t length;
};

/* The packs that this program was built with, most used first; the pointers live as long as the program. */
const struct cassets_language *cassets_languages(void);
size_t cassets_language_count(void);

#endif
