/* Data files as tables. What they hold is as hostile as the SQL; only the sandbox's own limits bound their size. */
#include "sql.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static sqlite3 *database;

static void add_name(struct text *sql, const char *name, size_t length)
{
    text_put(sql, "\"");
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '"')
            text_put(sql, "\"");
        text_add(sql, name + i, 1);
    }
    text_put(sql, "\"");
}

static sqlite3_stmt *prepare(const char *where, const char *sql)
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
static char *table_name(const char *path)
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

/* One field of a CSV text; returns where the next begins. A quote that is never closed reaches to the end. */
static const char *field(const char *at, const char *end, char comma, struct text *value, bool *ends_row)
{
    value->length = 0;
    if (at < end && *at == '"') {
        for (at++; at < end; at++) {
            if (*at == '"' && (at + 1 == end || at[1] != '"'))
                break;
            at += *at == '"';
            text_add(value, at, 1);
        }
        at += at < end;
    }
    const char *start = at;
    while (at < end && *at != comma && *at != '\n')
        at++;
    const char *stop = at;
    if (stop > start && (at == end || *at == '\n') && stop[-1] == '\r')
        stop--;
    text_add(value, start, (size_t)(stop - start));
    *ends_row = at == end || *at == '\n';
    return at + (at < end);
}

enum kind { NOTHING, WHOLE, REAL, TEXT };

/* Text that starts with a zero it does not need is no number: postcodes, telephone numbers. */
static enum kind kind_of(const char *text, size_t length)
{
    size_t sign = length > 1 && (*text == '-' || *text == '+');
    size_t digits = strspn(text + sign, "0123456789");
    if (length == 0)
        return NOTHING;
    if (digits > 1 && text[sign] == '0')
        return TEXT;
    if (sign + digits == length)
        return digits < 19 ? WHOLE : TEXT;
    char *end;
    strtod(text, &end);
    return end == text + length && digits + (text[sign] == '.') > 0 && strspn(text + sign, "0123456789.eE+-") == length - sign ? REAL : TEXT;
}

struct csv {
    const char *path, *at, *end;
    char comma;
    size_t columns, line;
    enum kind *kinds;
};

/* Calls for each field of each row; a row may be shorter than the header, not longer. */
static void each_row(struct csv csv, sqlite3_stmt *insert)
{
    struct text value = {0};
    for (const char *at = csv.at; at < csv.end; csv.line++) {
        bool ends_row = false;
        size_t column = 0;
        if (insert)
            sqlite3_clear_bindings(insert);
        for (; !ends_row; column++) {
            at = field(at, csv.end, csv.comma, &value, &ends_row);
            const char *text = text_string(&value);
            if (column == 0 && ends_row && value.length == 0 && csv.columns > 1)
                break; /* an empty line */
            if (column >= csv.columns) {
                char what[96];
                snprintf(what, sizeof what, "row %zu has more fields than the header's %zu", csv.line, csv.columns);
                fail(csv.path, what);
            }
            enum kind kind = kind_of(text, value.length);
            if (!insert)
                csv.kinds[column] = kind > csv.kinds[column] ? kind : csv.kinds[column];
            else if (kind != NOTHING)
                sqlite3_bind_text(insert, (int)column + 1, text, (int)value.length, SQLITE_TRANSIENT);
        }
        if (insert && column > 0 && (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK))
            fail(csv.path, sqlite3_errmsg(database));
    }
    free(value.bytes);
}

static void load_csv(const char *path, const char *bytes, size_t length, char comma)
{
    static const char *types[] = {"TEXT", "INTEGER", "REAL", "TEXT"};
    struct csv csv = {.path = path, .at = bytes, .end = bytes + length, .comma = comma, .line = 1};
    struct text create = {0}, insert = {0}, value = {0}, *names = NULL;
    if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        csv.at += 3;
    for (bool ends_row = csv.at == csv.end; !ends_row; csv.columns++) {
        csv.at = field(csv.at, csv.end, comma, &value, &ends_row);
        names = realloc(names, (csv.columns + 1) * sizeof *names);
        names[csv.columns] = (struct text){0};
        text_add(&names[csv.columns], value.bytes, value.length);
    }
    if (csv.columns == 0)
        return;
    csv.kinds = calloc(csv.columns, sizeof *csv.kinds);
    each_row(csv, NULL);
    char *table = table_name(path), number[32];
    text_put(&create, "CREATE TABLE ");
    add_name(&create, table, strlen(table));
    text_put(&insert, "INSERT INTO ");
    add_name(&insert, table, strlen(table));
    for (size_t column = 0; column < csv.columns; column++) {
        snprintf(number, sizeof number, "column_%zu", column + 1);
        text_put(&create, column ? ", " : " (");
        text_put(&insert, column ? ", ?" : " VALUES (?");
        if (names[column].length > 0)
            add_name(&create, names[column].bytes, names[column].length);
        else
            text_put(&create, number);
        text_put(&create, " ");
        text_put(&create, types[csv.kinds[column]]);
    }
    text_put(&create, ")");
    text_put(&insert, ")");
    run(database, path, text_string(&create));
    sqlite3_stmt *statement = prepare(path, text_string(&insert));
    csv.line++;
    each_row(csv, statement);
    sqlite3_finalize(statement);
    /* What little is left (names, statements) lives as long as the program. */
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
    if (!sqlite3_column_int(statement, 0))
        fail(path, "is not JSON");
    bool is_list = !strcmp((const char *)sqlite3_column_text(statement, 1), "array");
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
