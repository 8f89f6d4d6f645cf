"""The warm Python host: forks a confined child for each run.

It runs where the interpreter imports `sitecustomize`: after everything of a bare start is done, before the
program's file is opened. The host stays in here and forks; a child returns, and the interpreter goes on to run
/home/user/main.py exactly as if it had just been started: no frame, hook or module of ours lies beneath the guest.

Descriptor 3 is the socket to the jailer, 4 the plan. See hosts/PROTOCOL.md.
"""
import atexit
import ctypes
import os
import sys


def _preload(names):
    import gc
    import importlib

    for name in names.split(","):
        if name:
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _reseed():
    """Everything random that forks would share; `random` itself has an at-fork hook of its own."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None
        tempfile.tempdir = None
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        uuid._last_timestamp = None


def _exit_shortener(own, library):
    """What runs last of all exit functions, so that leaving a warm child costs no more than it did.

    The interpreter would go on to free everything it shares with the host, copying megabytes of pages. What the
    guest made and imported is torn down here, in the interpreter's own order; the rest is left to the kernel.
    Touching any object copies its page, so nothing of the host's is even counted.
    """
    import gc
    import sys  # ours to keep: the globals of this module are gone by then
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


def _serve(library):
    """Returns in a confined child only. The loop is in C: a host that runs bytecode copies pages its children share."""
    api = ctypes.pythonapi
    hooks = [ctypes.cast(hook, ctypes.c_void_p) for hook in (api.PyOS_BeforeFork, api.PyOS_AfterFork_Parent)]
    if library.cjail_interpreter_host(3, *hooks) != 0:
        os._exit(0)
    api.PyOS_AfterFork_Child()


def _rehearse():
    """Touches, while nobody waits, what every program touches first: each touched page is copied once."""
    import gc
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


def _become(library):
    """Waits, parked, for the run; then makes the interpreter's view of the world that of a fresh start."""
    arguments = ctypes.POINTER(ctypes.c_char_p)()
    environment = ctypes.POINTER(ctypes.c_char_p)()
    library.cjail_guest_await(ctypes.byref(arguments), ctypes.byref(environment))
    argv = [os.fsdecode(value) for value in _strings(arguments)]
    sys.argv[:] = argv[1:]
    sys.orig_argv[:] = argv
    os.environ.clear()
    for entry in _strings(environment):
        name, _, value = entry.partition(b"=")
        os.environb[name] = value
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    if "TZ" in os.environ:
        import time

        time.tzset()
    library.cjail_guest_leave()


def _hide():
    """Takes out of sight what a bare start does not have."""
    folder = "/diatom"
    sys.path[:] = [path for path in sys.path if path != folder]
    sys.path_importer_cache.pop(folder, None)


def _enrich():
    """Before a rich run's program: what notes its results, which came with its files."""
    path = "/home/user/.diatom-rich.py"
    with open(path, "rb") as file:
        namespace = {"__name__": "diatom_rich"}
        exec(compile(file.read(), path, "exec"), namespace)
    os.unlink(path)
    namespace["_install"](sys.argv[0])


def _main():
    preload = os.environ.get("DIATOM_PRELOAD", "")
    library = ctypes.PyDLL("/diatom/libcjail.so")
    library.cjail_guest_await.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.cjail_interpreter_host.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    library.cjail_return_from.argtypes = [ctypes.c_void_p, ctypes.c_long]
    own = {}
    atexit.register(_exit_shortener(own, library))
    _preload(preload)
    own.update(sys.modules)
    sys.modules["usercustomize"] = None  # what the interpreter looks for next is not there: spare it the search
    own["usercustomize"] = None
    library.cjail_quick_exit()
    if library.cjail_host_prepare_from(4) != 0:
        os._exit(1)
    if library.cjail_host_announce(3) != 0:
        os._exit(1)
    _serve(library)
    _reseed()
    _hide()
    _rehearse()
    _become(library)
    if os.environ.pop("DIATOM_RICH", None):
        _enrich()


_main()
for _name in [name for name in globals() if not name.startswith("__")]:
    del globals()[_name]
