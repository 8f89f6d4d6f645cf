/* diatom-sql: runs one file of SQL in SQLite, inside a sandbox. See main.c. */
#ifndef DIATOM_SQL_H
#define DIATOM_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* Text that grows; a failed allocation ends the program. */
struct text {
    char *bytes;
    size_t length, room;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_put(struct text *text, const char *string);
void text_json(struct text *text, const char *bytes, size_t length);
char *text_string(struct text *text);
size_t text_width(const char *bytes, size_t length);

/* Reads a whole regular file; NULL where it cannot be. */
char *read_file(const char *path, size_t *length);

/* Ends the program with a message on standard error. */
_Noreturn void fail(const char *where, const char *what);

/* Makes tables of the data files below the working directory, of the arguments, and of standard input. */
void load_files(sqlite3 *db);
void load_arguments(sqlite3 *db, int count, char **values);
void load_input(sqlite3 *db);

/* For loading: the database, a quoted name, a statement that must prepare, the name of a file's table. */
extern sqlite3 *database;
void add_name(struct text *sql, const char *name, size_t length);
sqlite3_stmt *prepare(const char *where, const char *sql);
char *table_name(const char *path);
void load_csv(const char *path, const char *bytes, size_t length, char comma);

/* Runs a statement of our own. */
void run(sqlite3 *db, const char *where, const char *sql);

/* One result: prints its rows, and adds them to the results for whoever ran us. */
void show_rows(sqlite3_stmt *statement, int *code);
void show_error(size_t number, const char *sql, size_t length, size_t line, size_t column);

/* Lives as a warm host. Returns in confined children only, when their run has been given, with its arguments. */
void serve(char ***argv);

#endif
