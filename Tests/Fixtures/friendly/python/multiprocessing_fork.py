from multiprocessing import Manager, Pool, Process, Queue, Value
from multiprocessing.shared_memory import SharedMemory


def square(n):
    return n * n


def produce(queue, count):
    for n in range(count):
        queue.put(n)
    queue.put(None)


def increment(counter, memory_name, slot, shared):
    for _ in range(100):
        with counter.get_lock():
            counter.value += 1
    memory = SharedMemory(memory_name)
    memory.buf[slot] = slot + 1
    memory.close()
    shared[slot] = slot * 10


if __name__ == "__main__":
    with Pool(3) as pool:
        print(pool.map(square, range(8)))

    queue = Queue()
    producer = Process(target=produce, args=(queue, 5))
    producer.start()
    print(list(iter(queue.get, None)))
    producer.join()
    print(producer.exitcode)

    counter = Value("i", 0)
    memory = SharedMemory(create=True, size=3)
    with Manager() as manager:
        shared = manager.dict()
        processes = [Process(target=increment, args=(counter, memory.name, n, shared)) for n in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(counter.value, bytes(memory.buf[:3]), sorted(shared.items()))
    memory.close()
    memory.unlink()
