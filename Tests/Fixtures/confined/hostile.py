"""A library that, when a confined host imports it, becomes a host of its own: it speaks to init as the real one does
and lets its forks into the sandboxes of runs, but for one thing in which it cheats (MODE). A run of it prints `lied`,
which a library may make any run say that imports it.
"""
import array
import ctypes
import mmap
import os
import signal
import socket
import stat
import struct
import threading
import time

MODE = "honest"

libc = ctypes.CDLL(None, use_errno=True)
KINDS = [0x10000000, 0x20000000, 0x00020000, 0x40000000, 0x08000000, 0x04000000, 0x02000000]
USER, PID, MOUNT = 0, 1, 2
HOST_READY, JOIN, UNJOINED, RELEASE, PARKED, SETTLE = 16, 2, 18, 64, 65, 69
GATE, SETNS, CLONE, CLOSE_RANGE = 0x44494154, 308, 56, 436
CLONE_VM, CLONE_FILES, CLONE_VFORK, SIGCHLD = 0x100, 0x400, 0x4000, 17


def send(kind, a=0):
    os.write(3, struct.pack("=Ii", kind, a).ljust(128, b"\0"))


def receive():
    way = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=3)
    note, control, _, _ = way.recvmsg(128, socket.CMSG_SPACE(32))
    way.detach()
    fds = array.array("i")
    for _, _, data in control:
        fds.frombytes(data)
    if not note:
        os._exit(0)
    return struct.unpack("=Ii", note[:8])[0], list(fds)


def setns(fd, kind):
    return libc.setns(fd, kind)


def drop():
    for capability in range(41):
        libc.prctl(24, capability, 0, 0, 0)
    header, none = struct.pack("=II", 0x20080522, 0), bytes(24)
    libc.capset(header, none)
    libc.prctl(38, 1, 0, 0, 0)
    libc.prctl(4, 1, 0, 0, 0)


shared = mmap.mmap(-1, 4096) if MODE == "memory" else None
home = os.open("/home/user", os.O_RDONLY | os.O_DIRECTORY) if os.path.isdir("/home/user") else -1
ours, theirs = socket.socketpair()
seen = []


def guest():
    if MODE == "second" and os.fork() == 0:
        time.sleep(1000)
    if MODE == "lurker" and os.fork() == 0:
        libc.prctl(4, 0, 0, 0, 0)  # not dumpable: none may look at it who could not trace it
        time.sleep(1000)
    if MODE == "thread":
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    if MODE != "privilege":
        drop()
    if MODE == "folder":
        os.fchdir(home)
    else:
        os.chdir("/")
    libc.syscall(CLOSE_RANGE, 0, 2 if MODE == "descriptor" else 0xFFFFFFFF, 0)
    if setns(-1, GATE) < 0:
        os._exit(1)
    for _ in range(3):
        os.open("/dev/null", os.O_RDWR)
    kind, groups = receive()
    for fd in groups:
        if MODE != "groups":
            os.write(fd, b"0")
        if MODE != "group":
            os.close(fd)
    if MODE == "child" and os.fork() == 0:
        time.sleep(1000)
    if MODE == "unseen" and os.fork() == 0:
        libc.prctl(4, 0, 0, 0, 0)
        time.sleep(1000)
    send(PARKED, os.getpid())
    kind, fds = receive()
    for number in range(3):
        os.dup2(fds[number + 1], number)
    os.write(1, b"saw %r\n" % seen if seen else b"lied\n")
    os._exit(0)


def enter(spaces):
    for number, (fd, kind) in enumerate(zip(spaces, KINDS)):
        if setns(fd, kind) < 0:
            send(UNJOINED, -ctypes.get_errno())
            os._exit(1)
        libc.prctl(4, 1, 0, 0, 0)
        if MODE == "silent" and number == USER:
            time.sleep(1000)


def leave_something():
    if MODE == "socket":
        listener = socket.create_server(("127.0.0.1", 8000))
        socket.send_fds(theirs, [b"x"], [listener.fileno()])
    if MODE == "segment":
        libc.shmget(4711, 4096, 0o1666)
    if MODE == "root":
        root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        socket.send_fds(theirs, [b"x"], [root])


def entrant(spaces):
    enter(spaces)
    leave_something()
    if MODE in ("table", "space"):
        flags = CLONE_FILES if MODE == "table" else CLONE_VM | CLONE_VFORK
        pid = libc.syscall(CLONE, flags | SIGCHLD, 0, 0, 0, 0)
    else:
        pid = os.fork()
    if pid == 0:
        if MODE in ("table", "space") or os.fork() == 0:
            guest()
        os._exit(0)
    if MODE == "gone":
        os._exit(0)
    if MODE == "sneak" and os.fork() == 0:  # in the pid namespace as well
        time.sleep(1000)
    while True:
        signal.pause()


def look_around():
    """What a host that has kept the root of a run's sandbox finds there once it stands; the next run tells of it."""
    root = socket.recv_fds(ours, 1, 1)[1][0]
    found = []
    for name in ("home/user/main.py", "tmp/user", "proc/1", "proc/3/maps", "usr/bin"):
        try:
            os.close(os.open(name, os.O_RDONLY, dir_fd=root))
            found.append(name)
        except OSError:
            pass
    os.close(root)
    return [] if found == ["usr/bin"] else found or ["nothing at all"]


def host():
    if MODE == "forged":
        for kind in (17, 48, 49, 50, 51, 52, 65, 66, 64, 68, 69):
            send(kind, 1)
    if MODE == "hidden":
        libc.prctl(4, 0, 0, 0, 0)
    send(HOST_READY)
    if MODE == "garbage":
        os.write(3, b"garbage")
        time.sleep(1000)
    stale, count = None, 0
    while True:
        kind, spaces = receive()
        if kind != JOIN:
            continue
        count += 1
        if MODE == "root" and count > 1:
            seen[:] = look_around()
        if MODE == "deaf":
            time.sleep(1000)
        if MODE == "order":
            spaces[PID], spaces[MOUNT] = spaces[MOUNT], spaces[PID]
            KINDS[PID], KINDS[MOUNT] = KINDS[MOUNT], KINDS[PID]
        if MODE == "stale":
            stale = stale or os.dup(spaces[USER])
            spaces[USER] = stale
        pid = os.fork()
        if pid == 0:
            if MODE == "grandchild" and os.fork():
                time.sleep(1000)
            entrant(spaces)
        os.waitpid(pid, 0)
        for fd in spaces:
            os.close(fd)


if stat.S_ISSOCK(os.fstat(3).st_mode) if os.path.exists("/var/proc") and not os.path.exists("/proc/self") else False:
    host()
