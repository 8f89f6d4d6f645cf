import os
import tempfile

with tempfile.NamedTemporaryFile("w+", suffix=".txt") as file:
    file.write("kept for a moment")
    file.flush()
    print(open(file.name).read(), os.path.dirname(file.name))
print(os.path.exists(file.name))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "a")
    open(path, "w").close()
    print(os.listdir(folder))
print(os.path.exists(folder))
with tempfile.TemporaryFile() as file:
    file.write(b"x" * 100_000)
    print(file.tell())
with tempfile.SpooledTemporaryFile(max_size=10) as file:
    file.write(b"y" * 100)
    file.seek(0)
    print(len(file.read()))
print(len({tempfile.mktemp() for _ in range(100)}), tempfile.gettempdir())
