#include "cassets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char python_host[] = {
#embed "../../hosts/python/sitecustomize.py"
};
const size_t cassets_python_host_length = sizeof python_host;

static const unsigned char python_warm[] = {
#embed "../../hosts/python/warm.py"
};
const size_t cassets_python_warm_length = sizeof python_warm;

static const unsigned char python_entry[] = {
#embed "../../hosts/python/entry.py"
};

static const unsigned char python_context[] = {
#embed "../../hosts/python/context.py"
};

static const unsigned char node_context[] = {
#embed "../../hosts/node/context.cjs"
};
static const unsigned char sql_context[] = {
#embed "../../hosts/sql/context.py"
};

struct cassets_bytes cassets_node_context(void)
{
    return (struct cassets_bytes){node_context, sizeof node_context};
}

struct cassets_bytes cassets_sql_context(void)
{
    return (struct cassets_bytes){sql_context, sizeof sql_context};
}

struct cassets_bytes cassets_python_context(void)
{
    return (struct cassets_bytes){python_context, sizeof python_context};
}

struct cassets_bytes cassets_python_entry(void)
{
    return (struct cassets_bytes){python_entry, sizeof python_entry};
}

static const unsigned char python_seeded[] = {
#embed "../../hosts/python/seeded.py"
};
const size_t cassets_python_seeded_length = sizeof python_seeded;

static const unsigned char python_rich[] = {
#embed "../../hosts/python/rich.py"
};
const size_t cassets_python_rich_length = sizeof python_rich;

const unsigned char *cassets_python_rich_pointer(void)
{
    return python_rich;
}

static const unsigned char python_environment[] = {
#embed "../../hosts/python/environment.py"
};
static const unsigned char python_builder[] = {
#embed "../../builders/python.py"
};

struct cassets_bytes cassets_python_environment(void)
{
    return (struct cassets_bytes){python_environment, sizeof python_environment};
}

struct cassets_bytes cassets_python_builder(void)
{
    return (struct cassets_bytes){python_builder, sizeof python_builder};
}

static const unsigned char python_imports[] = {
#embed "../../languages/python/imports.txt"
};

struct cassets_bytes cassets_python_imports(void)
{
    return (struct cassets_bytes){python_imports, sizeof python_imports};
}

static const unsigned char node_host[] = {
#embed "../../hosts/node/host.cjs"
};
static const unsigned char node_typescript[] = {
#embed "../../hosts/node/typescript.cjs"
};
static const unsigned char node_rehearsal[] = {
#embed "../../hosts/node/rehearsal.ts"
};
static const unsigned char node_types[] = {
#embed "../../hosts/node/node.d.ts"
};

struct cassets_bytes cassets_node(enum cassets_node_file file)
{
    switch (file) {
    case CASSETS_NODE_HOST: return (struct cassets_bytes){node_host, sizeof node_host};
    case CASSETS_NODE_TYPESCRIPT: return (struct cassets_bytes){node_typescript, sizeof node_typescript};
    case CASSETS_NODE_TYPES: return (struct cassets_bytes){node_types, sizeof node_types};
    case CASSETS_NODE_REHEARSAL: break;
    }
    return (struct cassets_bytes){node_rehearsal, sizeof node_rehearsal};
}

const unsigned char *cassets_python_seeded_pointer(void)
{
    return python_seeded;
}

const unsigned char *cassets_python_host_pointer(void)
{
    return python_host;
}

const unsigned char *cassets_python_warm_pointer(void)
{
    return python_warm;
}
