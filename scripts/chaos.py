#!/usr/bin/env python3
"""Kills guests, hosts, the jailer and the service at random while programs run; exit 1 when a promise broke.

Promises: every caller gets a result or a clear connection error and nothing hangs; a repeat with the same
Idempotency-Key after the service was killed never runs twice (the stored result comes back, or 409); the
program's own output is right whenever a run succeeded; at the end nothing of ours is left: processes, control
groups, mounts, sockets, temporary files. Only processes of the service started here are ever killed, by pidfd.
"""

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import service_tree as st

C_PROGRAM = '#include <stdio.h>\nint main(void) { puts("c %d"); return 0; }\n'
# A program and what it prints; the number tells runs apart, so that no answer can be another's.
PROGRAMS = [
    (lambda n: {"language": "python", "code": f"print('warm', {n})"}, "warm {}\n"),
    (lambda n: {"language": "python", "code": f"print('fresh', {n})", "start": "fresh"}, "fresh {}\n"),
    (lambda n: {"language": "python", "code": f"import time; time.sleep(0.05); print('slept', {n})"}, "slept {}\n"),
    (lambda n: {"language": "sh", "code": f"sleep 0.02 & wait; echo sh {n}"}, "sh {}\n"),
    (lambda n: {"language": "python", "code": f"print(open('in').read())", "files": None, "n": n}, "file {}\n"),
    (lambda n: {"language": "c", "code": C_PROGRAM % n}, "c {}\n"),
]
WEIGHTS = [6, 2, 4, 4, 2, 1]
# Results of a run whose sandbox was shot from outside.
SHOT = {"killed", "engine_failed", "failed", "cancelled", "compile_failed"}
PATIENCE = 60


def make(number, chooser):
    template, expected = chooser.choices(PROGRAMS, WEIGHTS)[0]
    request = template(number)
    if request.pop("n", None) is not None:
        request["files"] = [
            {"path": "main.py", "content": "print(open('in').read())"}, {"path": "in", "content": f"file {number}"}]
        del request["code"]
        request["entry"] = "main.py"
    return json.dumps(request).encode(), expected.format(number)


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


class Chaos:
    def __init__(self, options):
        self.options = options
        self.service = st.Service([word for name in options.allow for word in ("--allow", name)])
        self.lock = threading.Lock()
        self.counts = Counter()
        self.kills = Counter()
        self.problems = []
        self.cut_off = []  # (key, body, expected) of runs whose connection broke
        self.finished = {}  # key: (body, answer) of runs that ended
        self.done = threading.Event()
        self.slowest = 0.0

    def note(self, kind):
        with self.lock:
            self.counts[kind] += 1

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    # The callers

    def work(self, numbers):
        connection = None
        while True:
            with self.lock:
                number = next(numbers, None)
            if number is None:
                return
            chooser = random.Random(f"{self.options.seed}/{number}")
            body, expected = make(number, chooser)
            key = f"chaos-{self.options.seed}-{number}" if chooser.random() < 0.4 else None
            begun = time.monotonic()
            try:
                connection = connection or st.UnixHTTP(self.service.socket, PATIENCE)
                status, answer = st.post(None, body, key=key, connection=connection)
            except TimeoutError:
                self.problem(f"run {number} hung: no answer within {PATIENCE} s")
                connection = None
            except (OSError, http.client.HTTPException) as error:
                self.note(f"connection error: {type(error).__name__}")
                if key:
                    with self.lock:
                        self.cut_off.append((key, body, expected))
                if connection:
                    connection.close()
                connection = None
                time.sleep(0.05)
            else:
                self.judge(number, status, answer, expected)
                if key and status == 200:
                    with self.lock:
                        self.finished[key] = (body, answer)
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def judge(self, number, status, answer, expected):
        try:
            result = json.loads(answer)
        except ValueError:
            return self.problem(f"run {number}: HTTP {status} with no JSON: {answer[:200]!r}")
        if status != 200:
            code = result.get("error", {}).get("code")
            self.note(f"HTTP {status} {code}")
            if status not in (409, 422, 429, 503):
                self.problem(f"run {number}: HTTP {status}: {answer[:300]!r}")
            return
        self.note(result["status"])
        if result["status"] == "succeeded":
            if result["stdout"] != expected:
                self.problem(f"run {number}: printed {result['stdout']!r} instead of {expected!r}")
        elif result["status"] not in SHOT:
            self.problem(f"run {number}: {result['status']}: {answer[:400]!r}")

    # The killer

    def shoot(self, chooser):
        tree = self.service.tree()
        kinds = {"guest": tree.guests, "init": tree.inits, "host": tree.hosts, "jailer": tree.jailers}
        kinds["service"] = tree.services
        kind = chooser.choices(list(kinds), [12, 4, 4, 2, 2])[0]
        if not kinds[kind]:
            return
        target = chooser.choice(kinds[kind])
        if target.kill():
            with self.lock:
                self.kills[kind] += 1

    def kill_at_random(self):
        chooser = random.Random(self.options.seed)
        while not self.done.wait(chooser.uniform(0.02, self.options.pause)):
            self.shoot(chooser)

    def supervise(self):
        """What an init system does: starts the service again when it ended."""
        while not self.done.wait(0.05):
            if self.service.process.poll() is not None:
                self.note("service restarts")
                self.service.start()

    # The end

    def repeat_keys(self):
        """A repeat gets what is stored, or hears that the first was cut off."""
        for key, (body, answer) in list(self.finished.items())[:200]:
            status, again = st.post(self.service.socket, body, key=key, timeout=PATIENCE)
            if status == 200 and again == answer:
                self.note("repeat: the stored result")
            else:
                self.problem(f"{key}: had a result; the repeat got HTTP {status}: {again[:200]!r}")
        for key, body, expected in self.cut_off[:200]:
            status, first = st.post(self.service.socket, body, key=key, timeout=PATIENCE)
            status_again, second = st.post(self.service.socket, body, key=key, timeout=PATIENCE)
            self.note(f"repeat of a cut-off run: HTTP {status}")
            if status not in (200, 409):
                self.problem(f"{key}: repeat of a cut-off run: HTTP {status}: {first[:200]!r}")
            if (status, status == 200 and first) != (status_again, status == 200 and second):
                self.problem(f"{key}: two repeats differ: {first[:200]!r}, {second[:200]!r}")
            if status == 200 and json.loads(first)["status"] == "succeeded":
                if json.loads(first)["stdout"] != expected:
                    self.problem(f"{key}: printed {json.loads(first)['stdout']!r}")

    def leftovers(self, before):
        """What is there now and was not before; processes are given a moment to be gone."""
        for _ in range(100):
            found = self.look_for_ours() - before
            if not found:
                return set()
            time.sleep(0.1)
        return found

    def look_for_ours(self):
        """Ours is what runs our programs, and what has outlived every jailer; others may use this machine too."""
        mark = str(st.PROGRAM.parent)
        processes = {process.pid: process for process in st.all_processes()}
        found = {
            f"process {process.pid} {' '.join(process.arguments)[:120]}"
            for process in processes.values() if self.is_ours(process, processes, mark)
        }
        found |= {f"control group {path}" for path in st.group_folders() if self.is_orphan(path, mark)}
        found |= {f"socket {name}" for name in st.open_sockets() if self.is_orphan(name, mark) or self.service.data in name}
        found |= {f"mount {row}" for row in Path("/proc/self/mounts").read_text().splitlines()}
        mine = (os.path.basename(self.service.data), f"diatom-script-{os.getpid()}")
        found |= {f"file {name}" for name in os.listdir(tempfile.gettempdir()) if name.startswith(mine)}
        return found

    @staticmethod
    def is_ours(process, processes, mark):
        program = program_of(process.pid)
        if program.startswith(mark) and program != str(st.PROGRAM):
            return True
        if "/home/user/main.py" not in process.arguments and process.depth == 1:
            return False
        seen = process
        while seen := processes.get(seen.parent):
            if seen.name.startswith("diatom-jailer"):
                return False
        return True

    @staticmethod
    def is_orphan(name, mark):
        """Whether the pid in `diatom-PID-…` or `@diatom-jailer-PID` is nobody's, or ours."""
        pid = next((part for part in os.path.basename(name).split("-") if part.isdigit()), None)
        if pid is None:
            return False
        program = program_of(int(pid))
        return not program or program.startswith(mark)

    def run(self):
        before = self.look_for_ours()
        self.service.start()
        self.service.wait_ready()
        numbers = iter(range(self.options.runs))
        callers = [threading.Thread(target=self.work, args=(numbers,)) for _ in range(8)]
        others = [threading.Thread(target=self.kill_at_random), threading.Thread(target=self.supervise)]
        begun = time.monotonic()
        for thread in callers + others:
            thread.start()
        for thread in callers:
            thread.join(self.options.runs * 2)
            if thread.is_alive():
                self.problem("a caller hangs")
        self.done.set()
        for thread in others:
            thread.join()
        if self.service.process.poll() is not None:
            self.service.start()
        try:
            self.service.wait_ready()
            self.repeat_keys()
        except (OSError, http.client.HTTPException) as error:
            self.problem(f"after the last kill the service does not answer: {error!r}")
        if not self.service.stop():
            self.problem("the service did not stop")
        self.service.remove()
        for leftover in sorted(self.leftovers(before)):
            self.problem(f"left behind: {leftover}")
        return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--quick", action="store_true", help="200 runs, for CI")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--pause", type=float, default=0.25, help="the longest pause between two kills, in seconds")
    parser.add_argument("--allow", action="append", default=[], help="passed on to the service")
    options = parser.parse_args()
    if options.quick:
        options.runs = 200
    chaos = Chaos(options)
    taken = chaos.run()
    print(f"{options.runs} runs in {taken:.1f} s, seed {options.seed}, slowest caller {chaos.slowest:.1f} s")
    print("killed:", ", ".join(f"{count} {kind}" for kind, count in sorted(chaos.kills.items())) or "nothing")
    for kind, count in sorted(chaos.counts.items()):
        print(f"  {count:6} {kind}")
    for problem in chaos.problems[:40]:
        print(problem, file=sys.stderr)
    if chaos.problems:
        print(f"{len(chaos.problems)} promises broken", file=sys.stderr)
    return 1 if chaos.problems else 0


if __name__ == "__main__":
    sys.exit(main())
