"""A context of a session: IPython's shell in a confined child of a warm host, which runs one cell after another.

The host makes the shell, then forks a child for each context (warm.py). What the service and a context say to each other are
frames on one socket: four bytes of length, little endian, and that much JSON. See hosts/PROTOCOL.md. Cells run in this
process and may change anything here, so the service believes nothing of it; what the loop itself uses is held by local names
only so that honest cells do not trip over it.
"""
import asyncio
import base64
import builtins
import ctypes
import gc
import getpass
import json
import os
import signal
import struct
import subprocess
import sys

CELL, THAWED = 0, 1
# The service hangs up on more.
MOST_FRAME = 8 << 20


class Frames:
    """The way to the service."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._read, self._write = os.read, os.write
        self._dumps, self._loads, self._pack, self._unpack = json.dumps, json.loads, struct.pack, struct.unpack

    def _exactly(self, size):
        parts = []
        while size > 0:
            part = self._read(self._descriptor, min(size, 1 << 20))
            if not part:
                os._exit(0)  # the session is over
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def receive(self):
        (size,) = self._unpack("<I", self._exactly(4))
        return self._loads(self._exactly(size))

    def send(self, **frame):
        kind = next(iter(frame))
        try:
            data = self._dumps(frame, ensure_ascii=False, allow_nan=False, default=str).encode("utf-8", "replace")
        except (ValueError, TypeError, RecursionError):  # no JSON, as NaN
            data = self._dumps({kind: {"text/plain": "<a value that JSON has not>"}}).encode()
        if len(data) > MOST_FRAME:
            data = self._dumps({kind: {"text/plain": f"<{len(data)} bytes, more than the {MOST_FRAME} that are handed on>"}}).encode()
        view = memoryview(self._pack("<I", len(data)) + data)
        while view:
            view = view[self._write(self._descriptor, view):]


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def _forms(data):
    return {kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


def _make_shell(frames):
    """IPython's shell, whose results, displays and errors go to frames(), which is there once a context is."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core import interactiveshell
    from IPython.core.profiledir import ProfileDir
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            _flush()
            frames().send(result=_forms(format_dict), metadata=md_dict or {})

        def finish_displayhook(self):
            self._is_active = False

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **ignored):
            _flush()
            frames().send(display=_forms(data), metadata=metadata or {})

        def clear_output(self, wait=False):
            pass

    class Shell(interactiveshell.InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)
        wants_exit = False

        def _showtraceback(self, kind, value, lines):
            _flush()
            frames().send(error={"name": kind.__name__, "message": str(value), "traceback": [str(line) for line in lines]})

        def ask_exit(self):
            self.wants_exit = True

        def system(self, command):
            _flush()
            command = self.var_expand(command, depth=1)
            self.user_ns["_exit_code"] = subprocess.call(command, shell=True, executable="/bin/bash")

        def enable_gui(self, gui=None):
            pass

        # A host can write nowhere, and contexts share no folder of IPython's own.
        def init_ipython_dir(self, ipython_dir):
            self._trait_values["ipython_dir"] = "/tmp/.ipython"

        def init_profile_dir(self, profile_dir):
            self.profile_dir = ProfileDir()
            self.profile_dir._trait_values["location"] = "/tmp/.ipython/profile_default"

    interactiveshell.PickleShareDB = lambda path: {}
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.HistoryManager.hist_file = ":memory:"
    settings.InteractiveShell.colors = "NoColor"
    settings.InteractiveShell.cache_size = 100
    settings.Completer.use_jedi = False
    shell = Shell.instance(config=settings)
    for kind in ("image/svg+xml", "image/png", "image/jpeg", "application/pdf", "text/markdown", "text/html", "text/latex",
                 "application/json", "application/javascript"):
        shell.display_formatter.formatters[kind].enabled = True
    shell.display_formatter.active_types = list(shell.display_formatter.formatters)
    return shell


class Loop:
    """One event loop for the cells that wait for something; kept only while tasks of theirs go on.

    An idle one would have open descriptors, which no copy of the context could share.
    """

    def __init__(self):
        self._loop = None

    def run(self, coroutine):
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            if not asyncio.all_tasks(loop):
                self._loop = None
                asyncio.set_event_loop(None)
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()


class Context:
    def __init__(self, shell, frames):
        self._shell, self._frames = shell, frames
        shell._trait_values["loop_runner"] = Loop().run
        self._inputs = 0
        builtins.input = self._ask
        getpass.getpass = lambda prompt="Password: ", stream=None: self._ask(prompt, password=True)
        builtins.exit = builtins.quit = shell.user_ns["exit"] = shell.user_ns["quit"] = shell.ask_exit

    def _ask(self, prompt="", /, *, password=False):
        _flush()
        self._inputs += 1
        self._frames.send(input_request={"id": str(self._inputs), "prompt": str(prompt), "password": password})
        while True:
            answer = self._frames.receive().get("input")
            if answer is None or answer.get("id") != str(self._inputs):
                continue
            if answer.get("text") is None:
                raise EOFError("nobody answers")
            return answer["text"]

    def _run(self, cell):
        shell, before = self._shell, {}
        for name, value in (cell.get("env") or {}).items():
            before[name] = os.environ.get(name)
            os.environ[name] = value
        succeeded = False
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                silent = bool(cell.get("silent"))
                succeeded = bool(shell.run_cell(cell["code"], store_history=not silent, silent=False).success)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        except BaseException as error:  # of the machinery around a cell, or an interrupt just now
            self._frames.send(error={"name": type(error).__name__, "message": str(error), "traceback": []})
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        _flush()
        self._frames.send(finished={"succeeded": succeeded, "execution_count": shell.execution_count - 1})
        if shell.wants_exit:
            os._exit(0)

    def _complete(self, wish):
        code, place = wish["code"], wish.get("cursor")
        place = len(code) if place is None else place
        begin = code.rfind("\n", 0, place) + 1
        line = code[begin:place] + code[place:].split("\n", 1)[0]
        try:
            text, matches = self._shell.complete(None, line, place - begin)
        except Exception:
            text, matches = "", []
        self._frames.send(completions={"matches": matches[:500], "start": place - len(text), "end": place})

    def take(self, frame):
        if "cell" in frame:
            self._run(frame["cell"])
        elif "complete" in frame:
            self._complete(frame["complete"])


def _prepare(warm, library):
    """Makes everything that all contexts have, in the host."""
    frames = []
    shell = _make_shell(lambda: frames[0])
    shell.run_cell("import sys\nx = [i for i in range(3)]\nlen(x);\ndel x, sys", store_history=False, silent=True)
    for name in ("pprint", "inspect", "traceback", "linecache", "tokenize", "tempfile", "uuid", "random"):
        warm._preload(name)
    library.cjail_context_wait.argtypes = [ctypes.c_void_p] * 3
    return shell, frames


def _adopt(warm, library, shell, frames, descriptor):
    """Becomes a context, in the child."""
    environment = warm._given(library)[1]
    warm._take_environment(environment)
    # Anew: the host's may have been files, which can seek, and know it.
    for number, name in ((1, "stdout"), (2, "stderr")):
        warm._keep(getattr(sys, name))
        stream = open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sys.argv[:] = [""]
    sys.path.insert(0, "")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    frames.append(Frames(descriptor))
    return Context(shell, frames[0])


def serve(warm):
    """Ends with the jailer, or, in a child, with its session."""
    library = warm._load()
    own = warm._prepare(library)
    shell, frames = _prepare(warm, library)
    own.update(sys.modules)
    reseeders = warm._reseeders()
    gc.collect()
    warm._fill_holes()
    gc.freeze()
    if library.cjail_host_announce(3) != 0:
        os._exit(1)
    warm._fork(library)
    context = _adopt(warm, library, shell, frames, library.cjail_context_take())
    hooks = [ctypes.cast(hook, ctypes.c_void_p) for hook in (
        ctypes.pythonapi.PyOS_BeforeFork, ctypes.pythonapi.PyOS_AfterFork_Parent, ctypes.pythonapi.PyOS_AfterFork_Child)]
    wait, receive, take = library.cjail_context_wait, frames[0].receive, context.take
    for reseed, module in reseeders:
        reseed(module)
    while True:
        if wait(*hooks) == CELL:
            take(receive())
