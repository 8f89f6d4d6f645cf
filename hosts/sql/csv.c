/* CSV (RFC 4180, and with tabs) as tables; what a column holds tells its type. */
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void load_csv(const char *path, const char *bytes, size_t length, char comma)
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
