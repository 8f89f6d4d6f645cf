#!/usr/bin/env python3
"""Runs very many programs in a row through one service and looks for growth; exit 1 when something grew.

Counted before and after, both times at rest: descriptors of service, jailer and hosts, processes, mounts that
the hosts see, control groups, resident memory (which may grow by 5 %), files in the temporary folder.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time

import service_tree as st

PROGRAMS = [
    {"language": "python", "code": "print(sum(range(1000)))"},
    {"language": "python", "code": "open('x', 'w').write('y' * 10000); import os; print(os.listdir())"},
    {"language": "python", "code": "import subprocess; print(subprocess.run(['true']).returncode)"},
    {"language": "python", "code": "1 / 0"},
    {"language": "sh", "code": "echo $((6 * 7)); : > file; exit 3"},
    {"language": "python", "code": "print(input())", "stdin": "hello"},
    {"language": "python", "code": "print(1)", "collect": ["*"], "start": "fresh"},
]

NODE_PROGRAMS = [
    {"language": "javascript", "code": "console.log([1, 2, 3].map((x) => x * 2), Math.random())"},
    {"language": "javascript", "code": "setTimeout(() => process.exit(3), 5)"},
    {"language": "javascript", "code": "require('fs').promises.readFile('main.js').then((b) => console.log(b.length))"},
    {"language": "javascript", "code": "require('child_process').exec('echo hi', (e, out) => console.log(out))"},
    {"language": "javascript", "code": "throw new TypeError('no')"},
    {"language": "javascript", "code": "require('zlib').gzip('x'.repeat(1e5), (e, b) => console.log(b.length))"},
    {
        "language": "javascript",
        "code": "new (require('worker_threads').Worker)('require(\"worker_threads\").parentPort.postMessage(42)',"
        "{ eval: true }).on('message', console.log)",
    },
    {"language": "typescript", "code": "enum A { b, c }\nconst n: number = A.c; console.log(n, await Promise.resolve(1))"},
]


def holdings(service):
    tree = service.tree()
    kept = {"service": tree.services, "jailer": tree.jailers, "hosts": tree.hosts}
    counts = {"processes": len(tree.processes), "descriptors": 0, "mounts": 0}
    for part, processes in kept.items():
        memory = 0
        for process in processes:
            counts["descriptors"] += len(os.listdir(f"/proc/{process.pid}/fd"))
            with open(f"/proc/{process.pid}/status") as status:
                memory += next(int(row.split()[1]) for row in status if row.startswith("VmRSS:"))
            with open(f"/proc/{process.pid}/mounts") as mounts:
                counts["mounts"] += len(mounts.readlines())
        counts[f"rss_{part}_kb"] = memory
    mine = [path for path in st.group_folders() for jailer in tree.jailers if f"diatom-{jailer.pid}-" in path]
    counts["control_groups"] = sum(st.count_folders(path) for path in mine)
    counts["temporary_files"] = len(os.listdir(tempfile.gettempdir()))
    return counts


def drive(service, programs, count, concurrency):
    """Sends the programs round and round; every answer must be a result."""
    bodies = [json.dumps(program).encode() for program in programs]
    failures, lock, todo = [], threading.Lock(), iter(range(count))

    def work():
        connection = st.UnixHTTP(service.socket, 60)
        while True:
            with lock:
                number = next(todo, None)
            if number is None or len(failures) > 20:
                return connection.close()
            try:
                status, body = st.post(None, bodies[number % len(bodies)], connection=connection)
                answer = json.loads(body)
                if status != 200 or answer["status"] not in ("succeeded", "failed"):
                    failures.append(f"run {number}: HTTP {status}: {body[:300]!r}")
            except Exception as error:  # whatever it is, it is a finding
                failures.append(f"run {number}: {error!r}")
                connection.close()

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="2,000 runs")
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--allow", action="append", default=[], help="passed on to the service")
    parser.add_argument("--node", action="store_true", help="programs of JavaScript and TypeScript only")
    options = parser.parse_args()
    programs = NODE_PROGRAMS if options.node else PROGRAMS
    count = 2_000 if options.quick else options.runs
    service = st.Service([word for name in options.allow for word in ("--allow", name)])
    service.start()
    problems = []
    try:
        service.wait_ready()
        # Everything that is made once is made here: pools, buffers, and as many control groups (which are
        # kept) as there will ever be sandboxes at a time; after it only what leaks can grow.
        problems += drive(service, programs, min(2_000, count), options.concurrency * 6)
        time.sleep(1.5)
        before = holdings(service)
        begun = time.monotonic()
        problems += drive(service, programs, count, options.concurrency)
        taken = time.monotonic() - begun
        time.sleep(1.5)
        after = holdings(service)
        print(f"{count} runs in {taken:.1f} s, {count / taken:.0f} per s")
        for name in before:
            grew = after[name] - before[name]
            most = before[name] * 0.05 if name.startswith("rss_") else 0
            # Other programs of this machine use the temporary folder too.
            bad = grew > most and name != "temporary_files" or name == "temporary_files" and grew > 100
            print(f"  {name:16} {before[name]:8} → {after[name]:8}  {'GREW' if bad else 'ok'}")
            if bad:
                problems.append(f"{name} grew from {before[name]} to {after[name]}")
    finally:
        if not service.stop():
            problems.append("the service did not stop")
        service.remove()
    for problem in problems[:20]:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
