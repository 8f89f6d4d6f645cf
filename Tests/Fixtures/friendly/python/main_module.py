import doctest
import inspect
import linecache
import os
import sys
import traceback

print(__name__, os.path.basename(__file__), __doc__, __package__, sys.path[0] == os.path.dirname(os.path.abspath(__file__)))
print(sys.modules["__main__"].__dict__ is globals(), sorted(name for name in globals() if not name.startswith("__")))


def double(n):
    """
    >>> double(4)
    8
    """
    return n * 2


print(inspect.getsource(double).splitlines()[-1].strip(), linecache.getline(__file__, 1).strip())
print(doctest.testmod())
try:
    double()
except TypeError:
    print(traceback.format_exc().splitlines()[2].strip())
print(eval("double(3)"), double.__module__, sys.argv[1:], sys.flags.interactive)
if __name__ == "__main__":
    print("guarded")
