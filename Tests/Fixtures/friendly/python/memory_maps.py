import mmap
import os

with open("data.bin", "w+b") as file:
    file.truncate(3 * mmap.PAGESIZE)
    with mmap.mmap(file.fileno(), 0) as view:
        view[5:10] = b"hello"
        view.flush()
        print(view.find(b"hello"), len(view) == 3 * mmap.PAGESIZE)
    file.seek(5)
    print(file.read(5))

shared = mmap.mmap(-1, mmap.PAGESIZE)
if os.fork() == 0:
    shared[:5] = b"child"
    os._exit(0)
os.wait()
print(shared[:5])

private = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
private[-1] = 7
print(private[-1], sum(private[: 1 << 10]))
