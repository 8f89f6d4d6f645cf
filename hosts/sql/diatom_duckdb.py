#!/usr/bin/python3 -I
"""diatom-duckdb ENTRY [ARGUMENT…]: what diatom-sql does (main.c), with DuckDB as its Python module has it."""
import base64
import json
import os
import re
import sys

import duckdb

MOST_ROWS, MOST_BYTES, WIDEST = 10_000, 4 << 20, 60
ENDINGS = {".csv": "read_csv", ".tsv": "read_csv", ".json": "read_json", ".jsonl": "read_json", ".ndjson": "read_json"}


def data_files():
    found = []
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name))
            if os.path.splitext(name)[1].lower() in ENDINGS and name[0] != "." and os.path.isfile(path):
                found.append(path)
    return sorted(found, key=lambda path: (path.count("/"), path))


def load(connection):
    taken = set()
    for path in data_files():
        stem, ending = os.path.splitext(path)
        plain = lambda text: re.sub(r"\W", "_", text)
        names = [plain(os.path.basename(stem)), plain(stem), plain(path)]
        name = next((name for name in names if name.lower() not in taken), f"{plain(path)}_{len(taken)}")
        taken.add(name.lower())
        reader, quoted = ENDINGS[ending.lower()], path.replace("'", "''")
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM {reader}(\'{quoted}\')')


def add_lines(connection, table, column, values):
    connection.execute(f"CREATE TABLE {table} (n INTEGER, {column} VARCHAR)")
    if values:
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", list(enumerate(values, 1)))


def cell(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return "x'" + value.hex() + "'"
    return re.sub(r"[\x00-\x1f\x7f]", lambda match: repr(match.group())[1:-1], str(value))


def plain(value):
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {str(name): plain(element) for name, element in value.items()}
    return value if isinstance(value, float) and value - value == 0 else str(value)


def text_of(names, rows, is_cut):
    lines = [names, None, *([cell(value) for value in row] for row in rows)]
    shown = [line for line in lines if line is not None]
    widths = [min(WIDEST, max(len(line[i]) for line in shown)) for i in range(len(names))]
    widths = [max(width, len(name)) for width, name in zip(widths, names)]
    lines[1] = ["-" * width for width in widths]
    pad = lambda line: "  ".join(value.ljust(width) for value, width in zip(line[:-1], widths)) + ("  " if line[1:] else "") + line[-1]
    return "".join(pad(line) + "\n" for line in lines) + ("(more rows were left out)\n" if is_cut else "")


class Results:
    def __init__(self):
        self.left, self.count = 2 * MOST_BYTES, 0

    def add(self, result):
        line = json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if len(line) <= self.left:
            self.left -= len(line)
            with open(".diatom-results", "ab") as file:
                file.write(line)

    def show(self, cursor):
        names = [column[0] for column in cursor.description]
        rows, size = [], 0
        while len(rows) <= MOST_ROWS and size <= MOST_BYTES:
            row = cursor.fetchone()
            if row is None:
                break
            rows.append(row)
            size += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        is_cut = len(rows) > MOST_ROWS or size > MOST_BYTES
        rows = rows[:MOST_ROWS]
        text = text_of(names, rows, is_cut)
        sys.stdout.write(("\n" if self.count else "") + text)
        self.count += 1
        columns = [{"name": name, "type": str(column[1])} for name, column in zip(names, cursor.description)]
        table = {"columns": columns, "rows": [[plain(value) for value in row] for row in rows], "truncated": is_cut}
        self.add({"text/plain": text, "application/vnd.diatom.table+json": table})


def fail(results, entry, everything, number, statement, begun, error):
    """DuckDB says where by a line and a mark below it, counted in what it was given."""
    message, _, place = str(error).partition("\n")
    message = message.partition(": ")[2] or message
    found = re.search(r"^LINE (\d+): (.*)\n( *)\^", place, re.M)
    start = begun + re.match(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*", statement, re.S).end()
    line, column = everything.count("\n", 0, start) + 1, start - (everything.rfind("\n", 0, start) + 1) + 1
    if found:
        mark = len(found.group(3)) - len(f"LINE {found.group(1)}: ")
        column = mark + 1 + (column - 1 if found.group(1) == "1" else 0)
        line += int(found.group(1)) - 1
    sys.stdout.flush()
    print(f"{entry}:{line}:{column}: {type(error).__name__}: {message}\n{place}\n  statement {number}", file=sys.stderr)
    about = {"statement": number, "line": line, "column": column, "sql": statement.strip()[:2000]}
    results.add({"application/vnd.diatom.sql-error+json": about})
    return 1


def main():
    if sys.argv[1:] == ["--version"]:
        print("DuckDB", duckdb.__version__)
        return 0
    entry, results = sys.argv[1], Results()
    with open(entry, encoding="utf-8") as file:
        everything = file.read()
    connection = duckdb.connect(":memory:")
    number, statement, begun = 1, "", 0
    try:
        load(connection)
        if sys.argv[2:]:
            add_lines(connection, "args", "value", sys.argv[2:])
        if "stdin" in everything:
            add_lines(connection, "stdin", "line", sys.stdin.read().splitlines())
        for number, parsed in enumerate(connection.extract_statements(everything), 1):
            begun = max(0, everything.find(parsed.query, begun + len(statement)))
            statement = parsed.query
            cursor = connection.execute(statement)
            if parsed.expected_result_type[0] == duckdb.ExpectedResultType.QUERY_RESULT:
                results.show(cursor)
    except duckdb.Error as error:
        return fail(results, entry, everything, number, statement, begun, error)
    sys.stdout.flush()
    return 0


sys.exit(main())
