"""A service of a script's own: started, watched, killed by pid, and looked after for what it leaves behind."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("DIATOM", PROJECT / ".build/release/diatom")).resolve()


class UnixHTTP(http.client.HTTPConnection):
    """HTTP over the unix socket in the service's data folder."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    started: str
    name: str
    depth: int  # pids in nested namespaces
    arguments: tuple

    @property
    def is_alive(self):
        now = look(self.pid)
        return now is not None and now.started == self.started

    def kill(self, number=signal.SIGKILL):
        """Only if the pid is still the process we saw; a pidfd cannot be reused in between."""
        try:
            fd = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.is_alive:
                return False
            signal.pidfd_send_signal(fd, number)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(fd)


def look(pid):
    """One process; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        status = Path(f"/proc/{pid}/status").read_text()
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    depth = next((len(row.split()) - 1 for row in status.splitlines() if row.startswith("NSpid:")), 1)
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    arguments = tuple(part.decode(errors="replace") for part in line.split(b"\0") if part)
    return Process(pid, int(fields[1]), fields[19], name, depth, arguments)


def all_processes():
    return [found for name in os.listdir("/proc") if name.isdigit() and (found := look(int(name)))]


def below(root):
    """A process and all its descendants."""
    processes = all_processes()
    kept, new = [], {root}
    while new:
        kept += [process for process in processes if process.pid in new]
        new = {process.pid for process in processes if process.parent in new} - {process.pid for process in kept}
    return kept


def group_folders():
    """Control groups of all jailers, in all hierarchies."""
    mounts = [row.split() for row in Path("/proc/self/mounts").read_text().splitlines()]
    roots = {row[1] for row in mounts if row[2] in ("cgroup", "cgroup2")}
    found = set()
    for root in roots:
        for folder, names, _ in os.walk(root):
            if "/diatom-" in folder or folder.count("/") - root.count("/") > 6:
                names.clear()
                continue
            for name in names:
                if name.startswith("diatom-"):
                    found.add(os.path.join(folder, name))
    return found


def count_folders(path):
    return sum(1 for _ in os.walk(path))


def open_sockets():
    """Unix sockets of ours that somebody holds."""
    rows = [row.split() for row in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {row[7] for row in rows if len(row) > 7 and "diatom" in row[7]}


@dataclass
class Tree:
    processes: list = field(default_factory=list)

    @property
    def services(self):
        return [p for p in self.processes if p.name.startswith("diatom-service") and p.depth == 1]

    @property
    def jailers(self):
        found = [p for p in self.processes if p.name.startswith("diatom-jailer") and p.depth == 1]
        pids = {p.pid for p in found}
        return [p for p in found if p.parent not in pids]

    @property
    def hosts(self):
        pids = {p.pid for p in self.jailers}
        return [p for p in self.processes if p.parent in pids and p.depth == 1 and p.name != "diatom-janitor"]

    @property
    def inits(self):
        pids = {p.pid for p in self.jailers}
        return [p for p in self.processes if p.parent in pids and p.depth > 1]

    @property
    def guests(self):
        pids = {p.pid for p in self.jailers}
        return [p for p in self.processes if p.depth > 1 and p.parent not in pids]


class Service:
    """`diatom serve` in a temporary data folder; `restart` is what an init system would do."""

    def __init__(self, arguments=()):
        self.data = tempfile.mkdtemp(prefix="diatom-script-")
        self.arguments = list(arguments)
        self.process = None
        self.log = open(os.path.join(tempfile.gettempdir(), f"diatom-script-{os.getpid()}.log"), "ab")

    @property
    def socket(self):
        return f"{self.data}/diatom.sock"

    def start(self):
        command = [str(PROGRAM), "serve", "--data", self.data, "--listen", "none", *self.arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)

    def tree(self):
        return Tree(below(self.process.pid)) if self.process else Tree()

    def wait_ready(self, seconds=60):
        """Until a run succeeds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"the service ended with {self.process.returncode}; see {self.log.name}")
            try:
                status, _ = post(self.socket, b'{"language":"python","code":"print(1)"}', timeout=20)
                if status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise SystemExit(f"the service was not ready within {seconds} s; see {self.log.name}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                print("the service did not end within 20 s of SIGTERM")
                return False
        return True

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.log.close()
        os.unlink(self.log.name)


def post(path, body, timeout=60, key=None, connection=None, resource="/v1/runs"):
    """One run; the status and the body."""
    own = connection or UnixHTTP(path, timeout)
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    try:
        own.request("POST", resource, body, headers)
        answer = own.getresponse()
        return answer.status, answer.read()
    finally:
        if connection is None:
            own.close()
