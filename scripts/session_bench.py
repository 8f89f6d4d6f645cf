#!/usr/bin/env python3
"""Measures sessions beside a Jupyter kernel, in one run: medians, and ratios where there is something to compare with.

  scripts/session_bench.py [--rounds N]

It starts a service of its own. `ipykernel` and `jupyter_client` come from PyPI, into .build/jupyter. A session holds
numpy's array of 100 MB and files of 10 MB where the table says so.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

from sessions import PROJECT, Service

JUPYTER = """
import statistics, sys, time
from jupyter_client.manager import KernelManager
def ready(manager):
    client = manager.client(); client.start_channels(); client.wait_for_ready(timeout=60)
    return client
starts, client, manager = [], None, None
for _ in range(int(sys.argv[1])):
    if client: client.stop_channels(); manager.shutdown_kernel(now=True)
    begin = time.perf_counter(); manager = KernelManager(); manager.start_kernel(); client = ready(manager)
    starts.append(time.perf_counter() - begin)
cells = []
for _ in range(100):
    begin = time.perf_counter()
    client.execute_interactive('1+1', output_hook=lambda message: None)
    cells.append(time.perf_counter() - begin)
print(statistics.median(starts) * 1000, statistics.median(cells) * 1000)
manager.shutdown_kernel(now=True)
"""


def jupyter(rounds):
    folder = PROJECT / ".build/jupyter"
    if not (folder / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "ipykernel", "jupyter_client"], check=True)
    said = subprocess.run([folder / "bin/python", "-c", JUPYTER, str(rounds)], capture_output=True, text=True, check=True)
    return [float(word) for word in said.stdout.split()]


class Client:
    def __init__(self, service):
        self.connection = HTTPConnection("127.0.0.1", service.port, timeout=120)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        assert response.status in (200, 201), answer
        return answer

    def session(self, **wish):
        return f"/v1/sessions/{self.ask('POST', '/v1/sessions', wish)['id']}"

    def cell(self, session, code="1 + 1", **more):
        answer = self.ask("POST", session + "/cells", {"code": code, **more})
        assert answer["status"] == "succeeded", answer
        return answer


def median(rounds, body, after=lambda value: None):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        value = body()
        times.append((time.perf_counter() - begin) * 1000)
        after(value)
    return statistics.median(times)


def available():
    return next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemAvailable"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    start, cell = jupyter(max(3, rounds // 3))
    service = Service()
    time.sleep(2)
    try:
        rows = measure(Client(service), rounds, start, cell)
    finally:
        service.stop()
    print(f"Jupyter: start {start:.0f} ms, cell {cell:.1f} ms\n")
    for what, must, got in rows:
        print(f"| {what} | {must} | {got} |")


def measure(client, rounds, start, jupyter_cell):
    end = lambda session: client.ask("DELETE", session)
    end_all = lambda sessions: [end(one) for one in sessions]
    rows = []

    def begin():
        session = client.session()
        client.cell(session)
        return session

    took = median(rounds, begin, end)
    rows.append(("new Python session, its first cell answered ÷ start of a Jupyter kernel", "≤ 0.02", f"{took / start:.3f} ({took:.1f} ms)"))
    time.sleep(1)
    before = available()
    idle = [begin() for _ in range(80)]
    time.sleep(1)
    rows.append(("memory of an idle session that has run a cell (80 of them)", "≤ 6 MB", f"{(before - available()) / len(idle) / 1024:.1f} MB"))
    end_all(idle)
    session = client.session(limits={"memory_mb": 2000, "disk_mb": 256})
    took = median(200, lambda: client.cell(session))
    rows.append(("cell `1 + 1` over HTTP ÷ Jupyter's over ZeroMQ", "≤ 0.15", f"{took / jupyter_cell:.3f} ({took:.2f} ms)"))
    small = median(rounds, lambda: client.cell(session, on_error="rollback")) - took
    rows.append(("cost of `on_error: rollback` for a cell that succeeds, no files", "≤ 5 ms", f"{small:.1f} ms"))
    client.cell(session, "import numpy as np\na = np.ones(13_107_200)\nopen('f', 'wb').write(b'x' * 10_000_000)")
    kept = median(min(rounds, 10), lambda: client.ask("POST", session + "/checkpoints"))
    rows.append(("checkpoint, 100 MB array, 10 MB of files", "≤ 10 ms", f"{kept:.1f} ms"))
    took = median(rounds, lambda: client.ask("POST", session + "/rollback"))
    rows.append(("rollback of it", "≤ 15 ms", f"{took:.1f} ms"))
    large = median(rounds, lambda: client.cell(session, on_error="rollback"))
    rows.append(("cell with `on_error: rollback` in it", "", f"{large:.1f} ms"))

    def fork(count):
        forks = [f"/v1/sessions/{fork['id']}" for fork in client.ask("POST", session + "/fork", {"count": count})["sessions"]]
        for one in forks:
            client.cell(one)
        return forks

    took = median(rounds, lambda: fork(1), end_all)
    rows.append(("fork of it until the fork has answered a cell", "≤ 12 ms", f"{took:.1f} ms"))
    client.cell(session, "open('f', 'wb').write(b'x' * 1_000_000)")
    took = median(3, lambda: fork(90), end_all)
    rows.append(("90 forks of it, 1 MB of files, all answered", "≤ 700 ms for 100", f"{took:.0f} ms"))
    end(session)
    return rows


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
