# What an interpreter does at its end: waits for threads, runs exit functions in reverse, flushes.
import atexit
import sys
import threading
import time


def late():
    time.sleep(0.1)
    print("thread")


atexit.register(print, "first registered")
atexit.register(print, "last registered")
threading.Thread(target=late).start()
print("main")
sys.stdout.write("no newline yet, ")
