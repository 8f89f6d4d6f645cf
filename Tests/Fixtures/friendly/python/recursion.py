import sys
import threading


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


try:
    depth(10_000)
except RecursionError as error:
    print(type(error).__name__)

sys.setrecursionlimit(5000)
print(depth(4900))

# through C frames too: sorted calls back into Python
def nested(n):
    return 0 if n == 0 else sorted([n], key=lambda _: nested(n - 1))[0]


print(nested(1000))

threading.stack_size(64 << 20)
sys.setrecursionlimit(100_000)
thread = threading.Thread(target=lambda: print(depth(20_000)))
thread.start()
thread.join()
