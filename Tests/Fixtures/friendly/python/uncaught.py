import atexit
import sys

atexit.register(print, "at exit")
sys.excepthook = lambda kind, value, trace: print(kind.__name__, value, trace.tb_lineno)
raise ValueError("nobody caught this")
