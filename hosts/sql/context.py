"""A context of a session in SQL: one live SQLite database, in memory, which other files can be attached to.

Descriptor 0 is the socket of cells; frames are four bytes of length, little endian, and a JSON object. See hosts/PROTOCOL.md.
"""
import html
import json
import os
import signal
import sqlite3
import struct
import sys

MOST_ROWS = 1000


def receive(size):
    parts = b""
    while len(parts) < size:
        part = os.read(cells, size - len(parts))
        if not part:
            os._exit(0)
        parts += part
    return parts


def send(**frame):
    data = json.dumps(frame, default=str).encode()
    view = memoryview(struct.pack("<I", len(data)) + data)
    while view:
        view = view[os.write(cells, view):]


def text(value):
    return "NULL" if value is None else f"x'{value.hex()}'" if isinstance(value, bytes) else str(value)


def show(columns, rows, more):
    table = [[text(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *table]) for i in range(len(columns))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in [columns, *table]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if more:
        lines.append(f"(the first {MOST_ROWS} rows)")
    cell = lambda tag, words: "".join(f"<{tag}>{html.escape(word)}</{tag}>" for word in words)
    page = f"<table><tr>{cell('th', columns)}</tr>" + "".join(f"<tr>{cell('td', row)}</tr>" for row in table) + "</table>"
    plain = [[value if not isinstance(value, bytes) else value.hex() for value in row] for row in rows]
    send(result={"text/plain": "\n".join(lines), "text/html": page, "application/json": {"columns": columns, "rows": plain}})


def statements(code):
    start = 0
    for place, letter in enumerate(code):
        if letter == ";" and sqlite3.complete_statement(code[start:place + 1]):
            yield code[start:place + 1]
            start = place + 1
    if code[start:].strip():
        yield code[start:]


def run(code):
    for statement in statements(code):
        cursor = database.execute(statement)
        if cursor.description:
            rows = cursor.fetchmany(MOST_ROWS + 1)
            show([column[0] for column in cursor.description], rows[:MOST_ROWS], len(rows) > MOST_ROWS)


cells = os.dup(0)
os.set_inheritable(cells, False)
os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
database = sqlite3.connect(":memory:", isolation_level=None)
interrupted = []
signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
database.set_progress_handler(lambda: bool(interrupted), 10_000)  # where signals of a long query are heard
count = 0
while True:
    (size,) = struct.unpack("<I", receive(4))
    cell = json.loads(receive(size))["cell"]
    succeeded = True
    interrupted.clear()
    try:
        run(cell["code"])
    except sqlite3.Error as error:
        succeeded = False
        send(error={"name": type(error).__name__, "message": str(error), "traceback": []})
    sys.stdout.flush()
    count += 1
    send(finished={"succeeded": succeeded, "execution_count": count})
