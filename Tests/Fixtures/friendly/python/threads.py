import queue
import threading

lock = threading.Lock()
total = 0
local = threading.local()
work, done = queue.Queue(), queue.Queue()
barrier = threading.Barrier(8)


def worker(number):
    global total
    local.number = number
    barrier.wait()
    while (item := work.get()) is not None:
        with lock:
            total += item
    done.put(local.number)


threads = [threading.Thread(target=worker, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for n in range(1000):
    work.put(n)
for _ in threads:
    work.put(None)
for thread in threads:
    thread.join()
print(total, sorted(done.get() for _ in threads))

fired = threading.Event()
threading.Timer(0.01, fired.set).start()
print(fired.wait(5), threading.active_count() <= 2, threading.current_thread() is threading.main_thread())
