/* diatom-sql ENTRY [ARGUMENT…]: runs one file of SQL in an SQLite database in memory.
 * diatom-sql --host: forks a child for each, as the jailer asks (host.c).
 *
 * Theory of operation. The program runs in a sandbox of its own, laid beside the given files; it trusts nothing and is
 * trusted with nothing. CSV and JSON files in the workspace become tables first, so do arguments (args) and standard
 * input (stdin, where the SQL names it). Statements run one after the other, each committed by itself, and the first
 * that fails ends the program with code 1. Rows are printed as a terminal would show them, and written once more, with
 * their types, to .diatom-results, one JSON object a line, which whoever made the sandbox collects, bounded, as the
 * program's word. */
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *entry = "main.sql";

void run(sqlite3 *db, const char *where, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(where, sqlite3_errmsg(db));
}

/* As Python's sqlite3 module names them, which is what people search for. */
static const char *error_name(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return "IntegrityError";
    case SQLITE_TOOBIG: return "DataError";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "DatabaseError";
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return "ProgrammingError";
    case SQLITE_INTERNAL:
    case SQLITE_NOTFOUND: return "InternalError";
    default: return "OperationalError";
    }
}

/* Where the error is: SQLite says it of most; else the last word of the message, where the statement holds it. */
static size_t error_offset(sqlite3 *db, const char *sql, size_t length)
{
    int offset = sqlite3_error_offset(db);
    if (offset >= 0 && (size_t)offset <= length)
        return (size_t)offset;
    const char *message = sqlite3_errmsg(db), *word = strrchr(message, ' ');
    size_t size = word ? strlen(++word) : 0;
    for (size_t i = 0; size > 0 && strstr(message, "no such ") && i + size <= length; i++)
        if (!strncmp(sql + i, word, size))
            return i;
    return 0;
}

static void report(sqlite3 *db, const char *all, const char *sql, size_t length, size_t number)
{
    size_t at = (size_t)(sql - all) + error_offset(db, sql, length), line = 1, start = 0;
    for (size_t i = 0; i < at; i++)
        if (all[i] == '\n') {
            line++;
            start = i + 1;
        }
    size_t column = text_width(all + start, at - start) + 1;
    size_t end = start + strcspn(all + start, "\r\n");
    fflush(stdout);
    fprintf(stderr, "%s:%zu:%zu: %s: %s\n", entry, line, column, error_name(sqlite3_extended_errcode(db)), sqlite3_errmsg(db));
    if (end - start <= 400)
        fprintf(stderr, "  %.*s\n  %*s^ statement %zu\n", (int)(end - start), all + start, (int)column - 1, "", number);
    show_error(number, sql, length, line, column);
}

/* Past white space and comments, so that positions are of the statement itself. */
static const char *begin(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n\f;");
        if (!strncmp(at, "--", 2))
            at += strcspn(at, "\n");
        else if (!strncmp(at, "/*", 2) && strstr(at + 2, "*/"))
            at = strstr(at + 2, "*/") + 2;
        else
            return at;
    }
}

/* Returns: the code to exit with. */
static int run_all(sqlite3 *db, const char *all)
{
    size_t number = 0;
    for (const char *sql = begin(all); *sql; sql = begin(sql)) {
        sqlite3_stmt *statement = NULL;
        const char *tail = sql;
        number++;
        int code = sqlite3_prepare_v2(db, sql, -1, &statement, &tail);
        size_t length = code == SQLITE_OK ? (size_t)(tail - sql) : strlen(sql);
        if (code == SQLITE_OK && statement) {
            if (sqlite3_column_count(statement) > 0)
                show_rows(statement, &code);
            else
                while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
                }
        }
        if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
            report(db, all, sql, length, number);
            return 1;
        }
        sqlite3_finalize(statement);
        if (tail == sql)
            break;
        sql = tail;
    }
    return 0;
}

static sqlite3 *open_database(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        fail(entry, "no database can be opened");
    return db;
}

/* Does, while nobody waits, what every program does first. */
static void rehearse(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(db, "SELECT 1, 'one' FROM sqlite_schema LIMIT 1", -1, &statement, NULL);
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    sqlite3_finalize(statement);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        printf("SQLite %s %.10s\n", sqlite3_libversion(), sqlite3_sourceid()); /* begins with the day */
        return 0;
    }
    sqlite3 *db = open_database();
    if (argc == 2 && !strcmp(argv[1], "--host")) {
        rehearse(db);
        serve(&argv);
        for (argc = 0; argv[argc]; argc++) {
        }
    }
    entry = argc > 1 ? argv[1] : entry;
    size_t length = 0;
    char *sql = read_file(entry, &length);
    if (!sql)
        fail(entry, "cannot be read");
    if (strlen(sql) != length)
        fail(entry, "holds a NUL byte");
    load_files(db);
    if (argc > 2)
        load_arguments(db, argc - 2, argv + 2);
    if (strstr(sql, "stdin"))
        load_input(db);
    static char buffer[65536];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int code = run_all(db, sql);
    if (fflush(stdout) != 0)
        code = 1;
    _Exit(code);
}
