#include "sql.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ROWS = 10000, MOST_BYTES = 4 << 20, WIDEST = 60 };

static size_t results_length;

/* Opened at the first result; where it cannot be made there are no results. */
static void add_result(struct text *text)
{
    static int fd = -2;
    if (fd == -2)
        fd = open(".diatom-results", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    text_put(text, "\n");
    if (fd >= 0 && results_length + text->length <= 2 * MOST_BYTES) {
        results_length += text->length;
        for (size_t done = 0; done < text->length;) {
            long wrote = write(fd, text->bytes + done, text->length - done);
            if (wrote <= 0)
                break;
            done += (size_t)wrote;
        }
    }
    free(text->bytes);
}

/* A value as a terminal shows it; ends of lines and other controls as their escapes. */
static void add_cell(struct text *cell, sqlite3_stmt *statement, int column)
{
    char number[8];
    const unsigned char *bytes;
    int length;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: text_put(cell, "NULL"); return;
    case SQLITE_BLOB:
        bytes = sqlite3_column_blob(statement, column);
        length = sqlite3_column_bytes(statement, column);
        text_put(cell, "x'");
        for (int i = 0; i < length; i++) {
            snprintf(number, sizeof number, "%02x", bytes[i]);
            text_put(cell, number);
        }
        text_put(cell, "'");
        return;
    default: break;
    }
    bytes = sqlite3_column_text(statement, column);
    length = sqlite3_column_bytes(statement, column);
    for (int i = 0; i < length; i++) {
        snprintf(number, sizeof number, bytes[i] == '\n' ? "\\n" : bytes[i] == '\t' ? "\\t" : "\\x%02x", bytes[i]);
        if (bytes[i] < 0x20 || bytes[i] == 0x7f)
            text_put(cell, number);
        else
            text_add(cell, (const char *)bytes + i, 1);
    }
}

static void add_base64(struct text *text, const unsigned char *bytes, int length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text_put(text, "{\"base64\":\"");
    for (int i = 0; i < length; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16 | (i + 1 < length ? (unsigned)bytes[i + 1] << 8 : 0) | (i + 2 < length ? bytes[i + 2] : 0);
        char four[4] = {letters[group >> 18], letters[group >> 12 & 63], i + 1 < length ? letters[group >> 6 & 63] : '=', i + 2 < length ? letters[group & 63] : '='};
        text_add(text, four, 4);
    }
    text_put(text, "\"}");
}

static void add_value(struct text *json, sqlite3_stmt *statement, int column)
{
    const char *text;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: text_put(json, "null"); return;
    case SQLITE_BLOB: add_base64(json, sqlite3_column_blob(statement, column), sqlite3_column_bytes(statement, column)); return;
    case SQLITE_INTEGER: text_put(json, (const char *)sqlite3_column_text(statement, column)); return;
    case SQLITE_FLOAT:
        text = (const char *)sqlite3_column_text(statement, column);
        if (strspn(text, "0123456789+-.e") == strlen(text))
            text_put(json, text);
        else /* an infinity is no JSON number */
            text_json(json, text, strlen(text));
        return;
    default: text_json(json, (const char *)sqlite3_column_text(statement, column), (size_t)sqlite3_column_bytes(statement, column));
    }
}

/* What is kept of a result while its rows come. */
struct table {
    int columns;
    size_t rows, bytes;
    size_t *widths;
    const char **types;    /* of the values seen; NULL where none but NULL was */
    struct text *cells;    /* rows × columns */
    struct text json;
    bool is_cut;
};

static const char *type_name(int type)
{
    static const char *names[] = {[SQLITE_INTEGER] = "INTEGER", [SQLITE_FLOAT] = "REAL", [SQLITE_TEXT] = "TEXT", [SQLITE_BLOB] = "BLOB"};
    return type == SQLITE_NULL ? NULL : names[type];
}

static void note_type(struct table *table, int column, const char *type)
{
    const char *known = table->types[column];
    if (!type || known == type)
        return;
    bool numbers = known && (!strcmp(known, "INTEGER") || !strcmp(known, "REAL")) && (!strcmp(type, "INTEGER") || !strcmp(type, "REAL"));
    table->types[column] = !known ? type : numbers ? type_name(SQLITE_FLOAT) : "ANY";
}

static void take_row(struct table *table, sqlite3_stmt *statement)
{
    size_t count = (table->rows + 1) * (size_t)table->columns, row = table->rows * (size_t)table->columns;
    if ((table->rows & (table->rows + 1)) == 0 || !table->cells) { /* grows at powers of two */
        table->cells = realloc(table->cells, 2 * count * sizeof *table->cells);
        if (!table->cells)
            fail("diatom-sql", "out of memory");
    }
    text_put(&table->json, table->rows ? ",[" : "[");
    for (int column = 0; column < table->columns; column++) {
        struct text *cell = &table->cells[row + (size_t)column];
        *cell = (struct text){0};
        if (column)
            text_put(&table->json, ",");
        note_type(table, column, type_name(sqlite3_column_type(statement, column)));
        add_value(&table->json, statement, column);
        add_cell(cell, statement, column);
        size_t width = text_width(cell->bytes, cell->length);
        if (width > table->widths[column])
            table->widths[column] = width > WIDEST ? WIDEST : width;
        table->bytes += cell->length;
    }
    text_put(&table->json, "]");
    table->rows++;
}

static void add_padded(struct text *out, const char *bytes, size_t length, size_t width, bool is_last)
{
    text_add(out, bytes, length);
    for (size_t at = text_width(bytes, length); !is_last && at < width + 2; at++)
        text_put(out, " ");
    if (is_last)
        text_put(out, "\n");
}

static void add_text(struct table *table, sqlite3_stmt *statement, struct text *out)
{
    for (int column = 0; column < table->columns; column++) {
        const char *name = sqlite3_column_name(statement, column);
        add_padded(out, name, strlen(name), table->widths[column], column + 1 == table->columns);
    }
    for (int column = 0; column < table->columns; column++) {
        struct text rule = {0};
        for (size_t i = 0; i < table->widths[column]; i++)
            text_put(&rule, "-");
        add_padded(out, rule.bytes, rule.length, table->widths[column], column + 1 == table->columns);
        free(rule.bytes);
    }
    for (size_t i = 0; i < table->rows * (size_t)table->columns; i++) {
        int column = (int)(i % (size_t)table->columns);
        add_padded(out, table->cells[i].bytes, table->cells[i].length, table->widths[column], column + 1 == table->columns);
        free(table->cells[i].bytes);
    }
    if (table->is_cut)
        text_put(out, "(more rows were left out)\n");
}

static void add_columns(struct table *table, sqlite3_stmt *statement, struct text *json)
{
    for (int column = 0; column < table->columns; column++) {
        const char *name = sqlite3_column_name(statement, column), *type = sqlite3_column_decltype(statement, column);
        if (!type || !*type)
            type = table->types[column] ? table->types[column] : "NULL";
        text_put(json, column ? ",{\"name\":" : "{\"name\":");
        text_json(json, name, strlen(name));
        text_put(json, ",\"type\":");
        text_json(json, type, strlen(type));
        text_put(json, "}");
    }
}

static struct table start_table(sqlite3_stmt *statement)
{
    struct table table = {.columns = sqlite3_column_count(statement)};
    table.widths = calloc((size_t)table.columns, sizeof *table.widths);
    table.types = calloc((size_t)table.columns, sizeof *table.types);
    if (!table.widths || !table.types)
        fail("diatom-sql", "out of memory");
    for (int column = 0; column < table.columns; column++) {
        const char *name = sqlite3_column_name(statement, column);
        table.widths[column] = text_width(name, strlen(name));
    }
    return table;
}

static void finish_table(struct table *table, sqlite3_stmt *statement)
{
    static bool is_later;
    struct text out = {0}, result = {0};
    add_text(table, statement, &out);
    printf("%s%s", is_later ? "\n" : "", text_string(&out));
    is_later = true;
    text_put(&result, "{\"text/plain\":");
    text_json(&result, out.bytes, out.length);
    text_put(&result, ",\"application/vnd.diatom.table+json\":{\"columns\":[");
    add_columns(table, statement, &result);
    text_put(&result, "],\"rows\":[");
    text_put(&result, text_string(&table->json));
    text_put(&result, table->is_cut ? "],\"truncated\":true}}" : "],\"truncated\":false}}");
    add_result(&result);
    free(out.bytes);
    free(table->json.bytes);
    free(table->cells);
    free(table->widths);
    free(table->types);
}

void show_rows(sqlite3_stmt *statement, int *code)
{
    struct table table = start_table(statement);
    while ((*code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (table.rows >= MOST_ROWS || table.bytes >= MOST_BYTES) {
            table.is_cut = true;
            break;
        }
        take_row(&table, statement);
    }
    if (*code == SQLITE_DONE || *code == SQLITE_ROW)
        finish_table(&table, statement);
}

/* Which statement failed, and where: what standard error says, for programs. */
void show_error(size_t number, const char *sql, size_t length, size_t line, size_t column)
{
    struct text result = {0};
    char numbers[128];
    size_t end = 0;
    for (char quote = 0; end < length && (quote || sql[end] != ';'); end++)
        quote = quote ? (sql[end] == quote ? 0 : quote) : (sql[end] == '\'' || sql[end] == '"' ? sql[end] : 0);
    size_t shown = end > 2000 ? 2000 : end;
    snprintf(numbers, sizeof numbers, "\"statement\":%zu,\"line\":%zu,\"column\":%zu,\"sql\":", number, line, column);
    text_put(&result, "{\"application/vnd.diatom.sql-error+json\":{");
    text_put(&result, numbers);
    text_json(&result, sql, shown);
    text_put(&result, "}}");
    add_result(&result);
}
