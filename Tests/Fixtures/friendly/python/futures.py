from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
import time


def cube(n):
    return n**3


def fail():
    raise ValueError("on purpose")


with ThreadPoolExecutor(4) as pool:
    print(sorted(future.result() for future in as_completed([pool.submit(cube, n) for n in range(5)])))
    done, _ = wait([pool.submit(time.sleep, 0.2), pool.submit(cube, 3)], return_when=FIRST_COMPLETED)
    print([future.result() for future in done])
    print(repr(pool.submit(fail).exception()))
with ProcessPoolExecutor(2) as pool:
    print(list(pool.map(cube, range(5))), repr(pool.submit(fail).exception()))
