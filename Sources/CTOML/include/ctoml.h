/* TOML by cpptoml, whose interface is C++'s: a document as JSON text. */
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns JSON text, which the caller frees; NULL with what is wrong in `problem`, cut to its room. */
char *diatom_toml_to_json(const char *text, size_t length, char *problem, size_t room);

#ifdef __cplusplus
}
#endif
