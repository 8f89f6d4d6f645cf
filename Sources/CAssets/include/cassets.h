/* Files of the project that stand inside the programs. */
#ifndef CASSETS_H
#define CASSETS_H

#include "cassets_languages.h"

#include <stddef.h>

/* What a warm Python host loads; functions, for Swift does not import arrays of unknown size. */
extern const size_t cassets_python_host_length;
const unsigned char *cassets_python_host_pointer(void);
extern const size_t cassets_python_warm_length;
const unsigned char *cassets_python_warm_pointer(void);

/* What a run with a seed starts with. */
extern const size_t cassets_python_seeded_length;
const unsigned char *cassets_python_seeded_pointer(void);

/* What a rich run starts with. */
extern const size_t cassets_python_rich_length;
const unsigned char *cassets_python_rich_pointer(void);

/* What the warm Node host is made of, and what every TypeScript run preloads. */
enum cassets_node_file { CASSETS_NODE_HOST, CASSETS_NODE_TYPESCRIPT, CASSETS_NODE_REHEARSAL, CASSETS_NODE_TYPES };
struct cassets_bytes {
    const unsigned char *bytes;
    size_t length;
};
struct cassets_bytes cassets_node(enum cassets_node_file file);

/* What gives a guest its environment of libraries, and what makes one in a build sandbox. */
struct cassets_bytes cassets_python_environment(void);

/* The description of the HTTP API, and the page that shows it. */
struct cassets_bytes cassets_openapi(void);
struct cassets_bytes cassets_docs_page(void);
struct cassets_bytes cassets_docs_script(void);

/* Rewrites which program an interpreter is about to run. */
struct cassets_bytes cassets_python_entry(void);
/* Runs the cells of a session's context. */
struct cassets_bytes cassets_python_context(void);
struct cassets_bytes cassets_node_context(void);
struct cassets_bytes cassets_sql_context(void);
struct cassets_bytes cassets_python_builder(void);

/* Which library has a module that is not called like it. */
struct cassets_bytes cassets_python_imports(void);

#endif
