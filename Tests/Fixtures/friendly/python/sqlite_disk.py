import sqlite3

with sqlite3.connect("shop.db") as db:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE item (name TEXT PRIMARY KEY, price REAL)")
    db.executemany("INSERT INTO item VALUES (?, ?)", [("pen", 1.5), ("ink", 4.25), ("pad", 2.0)])
db.close()

db = sqlite3.connect("shop.db")
print(db.execute("SELECT count(*), sum(price) FROM item").fetchone())
print(db.execute("SELECT name FROM item ORDER BY price DESC").fetchall())
try:
    with db:
        db.execute("DELETE FROM item")
        db.execute("INSERT INTO item VALUES ('pen', 1), ('pen', 2)")
except sqlite3.IntegrityError as error:
    print(error)
print(db.execute("SELECT count(*) FROM item").fetchone())
db.execute("VACUUM")
print(db.execute("PRAGMA integrity_check").fetchone())
