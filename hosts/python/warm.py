"""The warm Python host: forks a confined child for each run.

It stands where the interpreter, having imported `sitecustomize`, looks for `usercustomize`: the last thing it does before
it opens the program's file. The host stays in `serve` and forks; a child returns from it, and the interpreter goes on to
run the program's file exactly as if it had just been started: no frame, hook or module of ours lies beneath the guest.
What can be done before the fork is: each page that a child touches is copied. So nothing of the host's may end in a child
either; what would is kept for good.

Descriptor 3 is the socket to the jailer, 4 the plan. See hosts/PROTOCOL.md.
"""
import atexit
import ctypes
import gc
import os
import sys

import entry

# What cjail_interpreter_host and cjail_guest_take return; see cjail.h.
AWAITED, IDLE, ENDED = 0, 1, 2
OTHER, SAME, HOST = 0, 1, 2


def _preload(names):
    import importlib

    for name in names.split(","):
        if name:
            importlib.import_module(name)


def _reseeders():
    """What makes anew what forks would share of the modules that are there; `random` has an at-fork hook of its own."""

    def reseed_tempfile(tempfile):
        tempfile._name_sequence = None
        tempfile.tempdir = None

    def reseed_uuid(uuid):
        uuid._last_timestamp = None

    known = {"numpy.random": lambda random: random.seed(), "tempfile": reseed_tempfile, "uuid": reseed_uuid}
    return [(reseed, sys.modules[name]) for name, reseed in known.items() if name in sys.modules]


def _exit_shortener(own, library):
    """What runs last of all exit functions, so that leaving a warm child costs no more than it did.

    The interpreter would go on to free everything it shares with the host, copying megabytes of pages. What the
    guest made and imported is torn down here, in the interpreter's own order; the rest is left to the kernel.
    Touching any object copies its page, so nothing of the host's is even counted.
    """
    from itertools import islice

    modules, finalize = sys.modules, ctypes.cast(ctypes.pythonapi.Py_FinalizeEx, ctypes.c_void_p)

    def flush():
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()

    def collect():
        # The oldest generation is empty until the middle one was collected; a full collection frees shared lists.
        gc.collect(1 if gc.get_count()[2] == 0 else 2)

    def clear(namespace):
        for private in (True, False):
            for name in list(namespace):
                if name != "__builtins__" and (name[:1] == "_" and name[:2] != "__") == private:
                    namespace[name] = None

    def shorten():
        try:
            flush()
        except BaseException:
            return  # the interpreter meets the same error, and says it in its own words
        collect()
        for name in ("last_type", "last_value", "last_traceback"):
            if hasattr(sys, name):
                setattr(sys, name, None)
        mine = [modules[name] for name in islice(reversed(modules), max(0, len(modules) - len(own)))]
        for module in [*mine, modules.get("__main__")]:
            if type(module) is type(sys):
                clear(module.__dict__)
        collect()
        try:
            flush()
        except BaseException:
            return
        library.cjail_return_from(finalize, 0)

    return shorten


def _fork(library):
    """Returns in a confined child only, whether a run waits for it already.

    The loop is in C: a host that runs bytecode copies pages its children share.
    """
    api = ctypes.pythonapi
    hooks = [api.PyOS_BeforeFork, api.PyOS_AfterFork_Parent, api.PyOS_AfterFork_Child]
    state = library.cjail_interpreter_host(3, *[ctypes.cast(hook, ctypes.c_void_p) for hook in hooks])
    if state == ENDED:
        os._exit(0)
    return state == AWAITED


def _rehearse():
    """Touches, while nobody waits, what every program touches first: each touched page is copied once."""
    import io

    namespace = {"__name__": "__rehearsal__"}
    source = "import sys, os\ndef f(a, b=1):\n    return [a, {'b': b}, f'{a}']\nx = f(1)\n"
    exec(compile(source, "<rehearsal>", "exec"), namespace)
    with open("/etc/passwd", "rb") as file:
        file.read(16)
    io.TextIOWrapper(io.BytesIO(), encoding="utf-8").write("1\n")
    os.environb[b"LANG"] = b"C.UTF-8"
    for name in list(namespace):
        namespace[name] = None
    gc.collect(1)


def _strings(pointer):
    values = []
    while pointer[len(values)] is not None:
        values.append(pointer[len(values)])
    return values


def _list(values):
    return (ctypes.c_char_p * (len(values) + 1))(*values, None)


class _Usual:
    """The arguments and the environment that most runs have: the host has them before it forks."""

    def __init__(self):
        own = ("PYTHONPATH", "LD_BIND_NOW", "DIATOM_PRELOAD")
        for name in [name for name in os.environ if name in own or name.endswith("_NUM_THREADS")]:
            del os.environ[name]
        self.arguments = _list([os.fsencode(value) for value in sys.orig_argv])
        self.entry = entry.Entry()
        self.variables = dict(os.environb)
        self._expect(self.variables)

    def with_environment(self, folder):
        """What runs of an environment are given, once this interpreter is as they will have it."""
        self._expect({**self.variables, b"DIATOM_ENVIRONMENT": os.fsencode(folder)})

    def _expect(self, variables):
        self.environment = _list([name + b"=" + value for name, value in sorted(variables.items())])


def _given(library):
    arguments = ctypes.POINTER(ctypes.c_char_p)()
    environment = ctypes.POINTER(ctypes.c_char_p)()
    library.cjail_guest_given(ctypes.byref(arguments), ctypes.byref(environment))
    return _strings(arguments), _strings(environment)


def _become(library, usual):
    """Makes the interpreter's view of the world that of a fresh start."""
    arguments, environment = _given(library)
    argv = [os.fsdecode(value) for value in arguments]
    sys.argv[:] = argv[1:]
    sys.orig_argv[:] = argv
    if argv[1] != usual.entry.path:
        usual.entry.become(argv[1])
    _take_environment(environment)
    if "DIATOM_ENVIRONMENT" in os.environ:
        _use_libraries(os.environ.pop("DIATOM_ENVIRONMENT"))
    if os.environ.pop("DIATOM_RICH", None):
        _enrich()


def _library_user():
    """What gives a program its environment of libraries; a fresh one executes the same file."""
    namespace = {"__name__": "diatom_environment"}
    with open("/diatom/environment.py", "rb") as file:
        exec(compile(file.read(), "/diatom/environment.py", "exec"), namespace)
    return namespace["use"]


_use_libraries = _library_user()


def _enrich():
    """Before a rich run's program: what notes its results, which came with its files."""
    path = "/home/user/.diatom-rich.py"
    with open(path, "rb") as file:
        namespace = {"__name__": "diatom_rich"}
        exec(compile(file.read(), path, "exec"), namespace)
    os.unlink(path)
    namespace["_install"](sys.argv[0])


def _take_environment(entries):
    os.environ.clear()
    for entry in entries:
        name, _, value = entry.partition(b"=")
        os.environb[name] = value
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    if "TZ" in os.environ:
        import time

        time.tzset()


def _hide():
    """Takes out of sight what a bare start does not have, and adds what it has once its program's file is found."""
    folder = "/diatom"
    sys.path[:] = [path for path in sys.path if path != folder]
    sys.path_importer_cache.pop(folder, None)
    sys.path_importer_cache[sys.orig_argv[1]] = None  # neither a folder nor an archive: the engine sees to that
    for name in (__name__, entry.__name__):
        _keep(sys.modules.pop(name))
    _keep(globals())


def _own_text():
    """Makes a page of each mapping of the interpreter and of libc this process's own, by writing a byte of it back.

    At a fork the kernel copies the page table of such a mapping; of any other a child finds each page anew, by a
    fault: a fifth of all it has. What is used less would only be copied in vain.
    """
    executable = os.path.realpath(sys.executable)
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "r+b", 0) as memory:
        for line in maps:
            span, mode, _, _, _, *path = line.split()
            if mode in ("r-xp", "r--p") and path and (path[0] == executable or "/libc.so" in path[0]):
                start = int(span.split("-")[0], 16)
                memory.seek(start)
                byte = memory.read(1)
                memory.seek(start)
                memory.write(byte)


# Found before anybody's code has run: a host of an environment calls them when its libraries may have changed ctypes.
_take, _object = ctypes.pythonapi.Py_IncRef, ctypes.py_object
_allocate = ctypes.CDLL(None).malloc
_allocate.argtypes, _allocate.restype = [ctypes.c_size_t], ctypes.c_size_t


def _keep(*objects):
    """For good: a child that drops its last reference frees nothing."""
    for thing in objects:
        _take(_object(thing))


def _fill_holes():
    """Takes the free blocks between the host's objects, so that a child's stand together on pages of their own.

    Else each of them goes to whatever page has room for its size, and copies it. Where blocks come in a row there are
    no holes of their size left (Objects/obmalloc.c: multiples of 16 up to 512; glibc: 16 more than is asked for).
    """
    kept, most = [], 100_000

    def fill(size, allocate, address):
        last = row = 0
        while row < min(40, 8000 // size) and len(kept) < most:
            kept.append(allocate())
            row = row + 1 if address(kept[-1]) == last + size else 0
            last = address(kept[-1])

    for size in range(48, 513, 16):
        fill(size, lambda: bytes(size - sys.getsizeof(b"")), id)
    for size in range(32, 1041, 16):
        fill(size, lambda: _allocate(size - 8), int)
    _keep(kept)


def _load():
    library = ctypes.PyDLL("/diatom/libcjail.so")
    library.cjail_guest_take.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.cjail_guest_given.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.cjail_interpreter_host.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.cjail_return_from.argtypes = [ctypes.c_void_p, ctypes.c_long]
    return library


def _prepare(library):
    own = {}
    atexit.register(_exit_shortener(own, library))
    _own_text()
    _preload(os.environ.get("DIATOM_PRELOAD", ""))
    _hide()
    own.update(sys.modules)
    library.cjail_quick_exit()
    if library.cjail_host_prepare_from(4) != 0:
        os._exit(1)
    return own


def stand_in():
    """Puts `serve` in the place of what the interpreter does next."""
    import site

    theirs = site.execusercustomize

    def serve_once():
        site.execusercustomize = theirs
        serve()

    site.execusercustomize = serve_once
    site.ENABLE_USER_SITE = True


def _host(library, own, usual):
    """Becomes the host of an environment: a guest that has imported what its runs will, whosever code that is.

    What cannot be imported here is left to the run that wants it.
    """
    given = dict(entry.partition(b"=")[::2] for entry in _given(library)[1])
    folder, names = (os.fsdecode(given.get(name, b"")) for name in (b"DIATOM_ENVIRONMENT", b"DIATOM_PRELOAD"))
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    os.environ.update(dict.fromkeys(threads, "1"))  # threads do not survive a fork
    _use_libraries(folder)
    for name in names.split(","):
        try:
            _preload(name)
        except BaseException:
            continue
    for name in threads:
        os.environ.pop(name, None)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    own.clear()
    own.update(sys.modules)
    usual.with_environment(folder)


def _get_guest(library, usual):
    """Returns in a confined child, when it has been given what it is to do: one of OTHER, SAME, HOST."""
    reseeders = _reseeders()
    _keep(library, usual, reseeders, *usual.__dict__.values())
    gc.collect()
    _fill_holes()
    gc.freeze()
    if library.cjail_host_announce(3) != 0:
        os._exit(1)
    awaited = _fork(library)
    for reseed, module in reseeders:
        reseed(module)
    if not awaited:
        _rehearse()
    return library.cjail_guest_take(usual.arguments, usual.environment)


def serve():
    """Ends with the jailer; returns in confined children only, when their run has been given."""
    if os.environ.pop("DIATOM_CONTEXT", None):
        import context

        context.serve(sys.modules[__name__])
    library = _load()
    own = _prepare(library)
    usual = _Usual()
    while (taken := _get_guest(library, usual)) == HOST:
        _host(library, own, usual)
    if taken != SAME:
        _become(library, usual)
