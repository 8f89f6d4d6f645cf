import ctypes
import ctypes.util
import os

libc = ctypes.CDLL(None, use_errno=True)
print(libc.getpid() == os.getpid(), libc.strlen(b"seven c"))
libc.qsort.restype = None
numbers = (ctypes.c_int * 5)(5, 3, 1, 4, 2)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
print(list(numbers))
print(libc.open(b"/no/such/file", 0), os.strerror(ctypes.get_errno()))
libm = ctypes.CDLL("libm.so.6")
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
print(libm.cos(0.0))
buffer = ctypes.create_string_buffer(20)
libc.snprintf(buffer, 20, b"%s-%d", b"fmt", 42)
print(buffer.value)
