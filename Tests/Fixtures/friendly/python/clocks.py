import datetime
import time

start, wall, cpu = time.monotonic(), time.time(), time.process_time()
time.sleep(0.05)
print(0.05 <= time.monotonic() - start < 2, 0.04 <= time.time() - wall < 2)
while time.process_time() - cpu < 0.02:
    pass
print("burnt", time.thread_time() > 0)
print(datetime.date.today().year >= 2025, time.perf_counter_ns() > 0, time.get_clock_info("monotonic").monotonic)
