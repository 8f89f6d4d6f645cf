"""The interpreter's own record of the program that it is about to run, found before it forks and rewritten in a child.

A forked child goes on as an ordinary start does and opens the file that this record names (Modules/main.c,
pymain_run_python): `run_filename`, and the first of `argv`, from which the first place in `sys.path` follows. Nothing
tells where they stand in PyConfig, so they are looked for by what they point to; tried with 3.10 to 3.13.
"""
import ctypes
import sys

_WORD = ctypes.sizeof(ctypes.c_void_p)
# PyConfig is shorter, and stands in a structure that is far longer.
_LOOKED_THROUGH = 1 << 10


def _wide(text):
    """As wchar_t, of four bytes on Linux; undecodable bytes stand as surrogates there, too."""
    return (text + "\0").encode("utf-32-le", "surrogatepass")


class Entry:
    """Raises LookupError or AttributeError where this interpreter keeps no such record."""

    def __init__(self):
        self.path = sys.orig_argv[1]
        self._writable = self._mappings()
        self._own = _wide(self.path)
        words, start = self._words()
        named = [place for place, word in enumerate(words) if self._names(word)]
        listed = [
            place + 1 for place, word in enumerate(words[:-1])
            if word == 1 and self._readable(words[place + 1], _WORD) and self._names(self._at(words[place + 1]))
        ]
        if len(named) != 1 or len(listed) != 1:
            raise LookupError(f"{len(named)} names and {len(listed)} lists of them in the interpreter's configuration")
        self._places = start + named[0] * _WORD, self._at(start + listed[0] * _WORD)
        self._allocate = ctypes.pythonapi.PyMem_RawMalloc
        self._allocate.argtypes, self._allocate.restype = [ctypes.c_size_t], ctypes.c_size_t
        self._set, self._copy, self._word = ctypes.memmove, _wide, ctypes.c_size_t
        del self._writable

    def become(self, path):
        """From now on the interpreter's program is another; what it named before is kept, for forks share it."""
        for place in self._places:
            wide = self._copy(path)
            buffer = self._allocate(len(wide))
            if not buffer:
                raise MemoryError
            self._set(buffer, wide, len(wide))
            self._set(place, bytes(self._word(buffer)), _WORD)
        sys.path_importer_cache[path] = None  # neither a folder nor an archive: the engine sees to that

    @staticmethod
    def _mappings():
        with open("/proc/self/maps") as lines:
            spans = [line.split()[0].split("-") for line in lines if line.split()[1].startswith("rw")]
        return [(int(start, 16), int(end, 16)) for start, end in spans]

    def _readable(self, address, size):
        return address % _WORD == 0 and any(start <= address <= end - size for start, end in self._writable)

    @staticmethod
    def _at(address):
        return ctypes.c_size_t.from_address(address).value

    def _names(self, address):
        return self._readable(address, len(self._own)) and ctypes.string_at(address, len(self._own)) == self._own

    def _words(self):
        """The words that may be PyConfig's, and where the first of them stands."""
        find = ctypes.pythonapi._Py_GetConfig
        find.restype = ctypes.c_size_t
        start = find()
        return memoryview(ctypes.string_at(start, _LOOKED_THROUGH)).cast("N"), start
