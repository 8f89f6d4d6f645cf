/* The language packs inside the binary. A new language is one array and one row here, and a folder in languages/. */
#include "cassets_languages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char python[] = {
#embed "../../languages/python/pack.json"
};
static const unsigned char bash[] = {
#embed "../../languages/bash/pack.json"
};
static const unsigned char sh[] = {
#embed "../../languages/sh/pack.json"
};
static const unsigned char c[] = {
#embed "../../languages/c/pack.json"
};

static const unsigned char javascript[] = {
#embed "../../languages/javascript/pack.json"
};
static const unsigned char typescript[] = {
#embed "../../languages/typescript/pack.json"
};

#define PACK(name) { #name, name, sizeof name }

static const struct cassets_language languages[] = { PACK(python), PACK(bash), PACK(sh), PACK(c), PACK(javascript), PACK(typescript) };

const struct cassets_language *cassets_languages(void) { return languages; }
size_t cassets_language_count(void) { return sizeof languages / sizeof languages[0]; }
