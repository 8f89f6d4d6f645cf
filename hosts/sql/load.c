/* Data files as tables. What they hold is as hostile as the SQL; only the sandbox's own limits bound their size. */
#include "sql.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

sqlite3 *database;

void add_name(struct text *sql, const char *name, size_t length)
{
    text_put(sql, "\"");
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '"')
            text_put(sql, "\"");
        text_add(sql, name + i, 1);
    }
    text_put(sql, "\"");
}

sqlite3_stmt *prepare(const char *where, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail(where, sqlite3_errmsg(database));
    return statement;
}

static bool exists(const char *table)
{
    sqlite3_stmt *statement = prepare(table, "SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?)");
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

static void add_plain(struct text *name, const char *from, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)from[i];
        text_add(name, byte >= 0x80 || isalnum(byte) ? from + i : "_", 1);
    }
}

/* sales.csv is sales; what cannot stand in a plain name becomes _. A name that is taken gets its folders before it, then
 * its ending behind it, then a number. */
char *table_name(const char *path)
{
    struct text name = {0};
    const char *last = strrchr(path, '/'), *start = last ? last + 1 : path, *dot = strrchr(path, '.');
    add_plain(&name, start, (size_t)(dot - start));
    if (exists(text_string(&name))) {
        name.length = 0;
        add_plain(&name, path, (size_t)(dot - path));
    }
    if (exists(text_string(&name)))
        add_plain(&name, dot, strlen(dot));
    size_t length = name.length;
    for (unsigned number = 2; exists(text_string(&name)); number++) {
        char digits[16];
        snprintf(digits, sizeof digits, "_%u", number);
        name.length = length;
        text_put(&name, digits);
    }
    return name.bytes;
}

static void bind_and_step(const char *path, sqlite3_stmt *statement, const char *json, size_t length)
{
    sqlite3_bind_text64(statement, 1, json, length, SQLITE_STATIC, SQLITE_UTF8);
    if (sqlite3_step(statement) != SQLITE_DONE)
        fail(path, sqlite3_errmsg(database));
    sqlite3_finalize(statement);
}

/* Lines of JSON as one array. */
static char *joined(const char *lines, size_t *length)
{
    struct text all = {0};
    text_put(&all, "[");
    for (const char *at = lines, *end = lines + *length; at < end;) {
        size_t size = strcspn(at, "\n");
        size = size > (size_t)(end - at) ? (size_t)(end - at) : size;
        if (strspn(at, " \t\r\n") < size) {
            text_put(&all, all.length > 1 ? "," : "");
            text_add(&all, at, size);
        }
        at += size + 1;
    }
    text_put(&all, "]");
    *length = all.length;
    return text_string(&all);
}

/* A list of objects, or one object; a list of other values has one column, value. */
static void load_json(const char *path, const char *json, size_t length)
{
    struct text create = {0}, insert = {0}, keys = {0};
    char *table = table_name(path);
    sqlite3_stmt *statement = prepare(path, "SELECT json_valid(?1), CASE WHEN json_valid(?1) THEN json_type(?1) END");
    sqlite3_bind_text64(statement, 1, json, length, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_step(statement);
    const char *type = (const char *)sqlite3_column_text(statement, 1);
    if (!sqlite3_column_int(statement, 0) || !type)
        fail(path, "is not JSON");
    bool is_list = !strcmp(type, "array");
    if (!is_list && strcmp(type, "object") != 0)
        fail(path, "is neither a list nor an object");
    sqlite3_finalize(statement);
    const char *from = is_list ? "json_each(?1)" : "(SELECT 0 AS id, ?1 AS value, 'object' AS type)";
    text_put(&keys, "SELECT o.key FROM ");
    text_put(&keys, from);
    text_put(&keys, " r, json_each(CASE r.type WHEN 'object' THEN r.value ELSE '{\"value\":0}' END) o "
                    "GROUP BY o.key ORDER BY min(r.id), min(o.id)");
    statement = prepare(path, text_string(&keys));
    sqlite3_bind_text64(statement, 1, json, length, SQLITE_STATIC, SQLITE_UTF8);
    text_put(&create, "CREATE TABLE ");
    add_name(&create, table, strlen(table));
    text_put(&insert, "INSERT INTO ");
    add_name(&insert, table, strlen(table));
    text_put(&insert, " SELECT ");
    size_t columns = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; columns++) {
        const char *key = (const char *)sqlite3_column_text(statement, 0);
        char *part = sqlite3_mprintf(
            "%sCASE r.type WHEN 'object' THEN (SELECT o.value FROM json_each(r.value) o WHERE o.key = %Q) ELSE %s END",
            columns ? ", " : "", key, strcmp(key, "value") ? "NULL" : "r.value");
        text_put(&insert, part);
        sqlite3_free(part);
        text_put(&create, columns ? ", " : " (");
        add_name(&create, key, strlen(key));
    }
    sqlite3_finalize(statement);
    if (columns == 0)
        return;
    text_put(&create, ")");
    text_put(&insert, " FROM ");
    text_put(&insert, from);
    text_put(&insert, " r");
    run(database, path, text_string(&create));
    bind_and_step(path, prepare(path, text_string(&insert)), json, length);
}

static char **paths;
static size_t path_count;

static bool ends_with(const char *path, const char *ending)
{
    const char *dot = strrchr(path, '.');
    return dot && !strcasecmp(dot, ending);
}

static int visit(const char *path, const struct stat *state, int type, struct FTW *place)
{
    (void)state;
    bool is_data = ends_with(path, ".csv") || ends_with(path, ".tsv") || ends_with(path, ".json") ||
                   ends_with(path, ".jsonl") || ends_with(path, ".ndjson");
    if (type != FTW_F || !is_data || path[place->base] == '.')
        return 0;
    if ((path_count & (path_count + 1)) == 0)
        paths = realloc(paths, 2 * (path_count + 1) * sizeof *paths);
    char *copy = strdup(path + 2); /* without its ./ */
    if (!paths || !copy)
        fail(path, "out of memory");
    paths[path_count++] = copy;
    return 0;
}

/* What lies higher comes first, and gets the plain name; then by name. */
static int compare(const void *one, const void *other)
{
    const char *left = *(char *const *)one, *right = *(char *const *)other;
    long depth = 0;
    for (const char *at = left; *at; at++)
        depth += *at == '/';
    for (const char *at = right; *at; at++)
        depth -= *at == '/';
    return depth != 0 ? (depth < 0 ? -1 : 1) : strcmp(left, right);
}

static void load_file(const char *path)
{
    size_t length = 0;
    char *bytes = read_file(path, &length);
    if (!bytes)
        fail(path, "cannot be read");
    if (ends_with(path, ".jsonl") || ends_with(path, ".ndjson")) {
        char *lines = bytes;
        bytes = joined(lines, &length);
        free(lines);
    }
    if (ends_with(path, ".csv") || ends_with(path, ".tsv"))
        load_csv(path, bytes, length, ends_with(path, ".csv") ? ',' : '\t');
    else
        load_json(path, bytes, length);
    free(bytes);
}

void load_files(sqlite3 *db)
{
    database = db;
    nftw(".", visit, 16, FTW_PHYS);
    if (path_count == 0)
        return;
    qsort(paths, path_count, sizeof *paths, compare);
    run(db, "diatom-sql", "BEGIN");
    for (size_t i = 0; i < path_count; i++)
        load_file(paths[i]);
    run(db, "diatom-sql", "COMMIT");
}

static void insert_line(sqlite3_stmt *statement, sqlite3_int64 number, const char *text, size_t length)
{
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_text64(statement, 2, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
        fail("diatom-sql", sqlite3_errmsg(database));
}

void load_arguments(sqlite3 *db, int count, char **values)
{
    run(db, "args", "CREATE TABLE args (n INTEGER, value TEXT)");
    sqlite3_stmt *statement = prepare("args", "INSERT INTO args VALUES (?, ?)");
    for (int i = 0; i < count; i++)
        insert_line(statement, i + 1, values[i], strlen(values[i]));
    sqlite3_finalize(statement);
}

void load_input(sqlite3 *db)
{
    run(db, "stdin", "CREATE TABLE stdin (n INTEGER, line TEXT)");
    sqlite3_stmt *statement = prepare("stdin", "INSERT INTO stdin VALUES (?, ?)");
    char *line = NULL;
    size_t room = 0;
    long length;
    for (sqlite3_int64 number = 1; (length = getline(&line, &room, stdin)) >= 0; number++)
        insert_line(statement, number, line, (size_t)length - (length > 0 && line[length - 1] == '\n'));
    free(line);
    sqlite3_finalize(statement);
}
