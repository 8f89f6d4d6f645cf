# A spawned child imports this file anew: __main__ must lead to it, and sys.executable to an interpreter.
import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def power(base, exponent):
    return base**exponent


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(power, [2, 3, 4], [10, 3, 2])))
    parent, child = context.Pipe()
    process = context.Process(target=child.send, args=("hello from a spawned process",))
    process.start()
    print(parent.recv())
    process.join()
    print(process.exitcode)
