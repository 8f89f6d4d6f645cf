#!/usr/bin/env python3
"""Adapter of the hostile corpus for `diatom run --json`: a case on stdin, its outcome on stdout, both one JSON object.

The environment chooses what is started:
  DIATOM                the program; by default .build/release/diatom of this checkout
  DIATOM_ADAPTER_START  "warm" or "fresh": the request's "start"; by default the engine's own choice
  DIATOM_ADAPTER_ARGS   arguments put after `run`, such as "--allow memory:sampled"

The program gets no time limit here: the runner ends the whole process group when a case is overdue.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

ENTRY = {
    "python": "main.py",
    "javascript": "main.js",
    "typescript": "main.ts",
    "bash": "main.sh",
    "sh": "main.sh",
    "c": "main.c",
    "sql": "main.sql",
}

# limit of a case: (limit of a request, factor)
LIMITS = {
    "wall_s": ("wall_ms", 1000),
    "cpu_s": ("cpu_ms", 1000),
    "memory_mb": ("memory_mb", 1),
    "pids": ("processes", 1),
    "output_bytes": ("output_bytes", 1),
    "disk_mb": ("disk_mb", 1),
}

STATUS = {
    "succeeded": "ok",
    "failed": "error",
    "compile_failed": "compile_error",
    "time_exceeded": "timeout",
    "cpu_exceeded": "cpu_exceeded",
    "memory_exceeded": "memory_exceeded",
    "output_exceeded": "output_exceeded",
    "disk_exceeded": "disk_exceeded",
    "killed": "killed",
    "cancelled": "killed",
    "refused": "rejected",
    "engine_failed": "internal_error",
}

# Words in an error code that put the blame on the engine. Taken for a rejection, an engine that runs nothing at
# all would count as containing every case that may be rejected.
ENGINE_FAULTS = ("internal", "engine", "isolation", "unavailable", "draining")


class OddAnswer(Exception):
    """The program answered with something that is neither a run result nor an error object."""


def is_plain(text):
    """Whether a JSON string carries the text unchanged: no NUL, no lone surrogate."""
    return "\0" not in text and not re.search("[\ud800-\udfff]", text)


def encoded(text):
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def decoded(value):
    """The text of a result's field, which is a string or {"base64": …}."""
    if isinstance(value, dict):
        return base64.b64decode(value.get("base64") or "").decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def build_request(case, collect):
    request = {"language": case["language"], "check": "off"}
    request.update({key: case[key] for key in ("args", "env", "files") if key in case})

    code = case.get("code", "")
    if is_plain(code):
        request["code"] = code
    else:
        entry = ENTRY.get(case["language"], "main.txt")
        file = {"path": entry, "content": encoded(code), "encoding": "base64"}
        request["files"] = [*request.get("files", []), file]
        request["entry"] = entry

    stdin = case.get("stdin")
    if stdin:
        request["stdin"] = stdin if is_plain(stdin) else {"base64": encoded(stdin)}

    limits = case.get("limits", {})
    request["limits"] = {
        name: int(limits[key] * factor) for key, (name, factor) in LIMITS.items() if limits.get(key) is not None
    }
    if collect:
        request["collect"] = collect
    start = os.environ.get("DIATOM_ADAPTER_START")
    if start:
        request["start"] = start
    return request


def call(request):
    """Runs the program once and returns its answer and what it wrote to stderr."""
    program = os.environ.get("DIATOM") or str(PROJECT / ".build/release/diatom")
    extra = shlex.split(os.environ.get("DIATOM_ADAPTER_ARGS", ""))
    done = subprocess.run(
        [program, "run", *extra, "--json"], input=json.dumps(request).encode("ascii"), capture_output=True
    )
    note = done.stderr[-4000:].decode("utf-8", "replace")
    try:
        answer = json.loads(done.stdout)
    except (ValueError, RecursionError) as error:
        start = done.stdout[:400].decode("utf-8", "replace")
        raise OddAnswer(f"exit {done.returncode}, not JSON ({error}): {start!r}; stderr: {note}") from error
    if isinstance(answer, dict) and ("status" in answer or isinstance(answer.get("error"), dict)):
        return answer, note
    raise OddAnswer(f"exit {done.returncode}, neither result nor error: {str(answer)[:400]}; stderr: {note}")


def refused_names(error, names):
    """The artifact names that an error object is about: `collect[2]`, `collect[../x]`, or `collect` for all of them."""
    field = error.get("field")
    if not isinstance(field, str) or not field.startswith("collect"):
        return []
    which = field[len("collect"):].strip("[]")
    if which.isdecimal() and int(which) < len(names):
        return [names[int(which)]]
    return [name for name in names if name == which] or names


def artifacts_of(result, names, refused):
    artifacts = {name: {"error": "not handed out"} for name in names}
    artifacts.update({name: {"error": message} for name, message in refused.items()})
    for file in result.get("files") or []:
        artifact = {"size": number(file.get("size_bytes")) or 0}
        content = file.get("content")
        if isinstance(content, dict):
            artifact["b64"] = content.get("base64") or ""
        elif isinstance(content, str):
            artifact["b64"] = encoded(content)
        artifacts[str(file.get("path"))] = artifact
    return artifacts


def outcome_of_error(error, note):
    code = str(error.get("code"))
    if code == "unknown_language":
        status = "unsupported"
    elif any(word in code for word in ENGINE_FAULTS):
        status = "internal_error"
    else:
        status = "rejected"
    text = f"{code}: {error.get('message')} (field {error.get('field')})"
    return {"status": status, "stdout": "", "stderr": text, "exit_code": None, "wall_s": 0, "engine_stderr": note}


def outcome_of_result(result, note, case, refused):
    status = STATUS.get(result["status"])
    if status is None:
        raise OddAnswer(f"unknown status {result['status']!r}")
    limit = result.get("limit") or {}
    if status == "error" and limit.get("name") == "processes":
        status = "pids_exceeded"

    stderr = decoded(result.get("stderr"))
    if status == "compile_error":
        stderr += decoded((result.get("compile") or {}).get("stderr"))
    usage = result.get("usage") or {}
    outcome = {
        "status": status,
        "stdout": decoded(result.get("stdout")),
        "stderr": stderr,
        "exit_code": result.get("exit_code"),
        "wall_s": (number(usage.get("wall_ms")) or 0) / 1000,
    }
    if (peak := number(usage.get("memory_peak_bytes"))) is not None:
        outcome["peak_memory_mb"] = int(peak) >> 20
    if (cpu := number(usage.get("cpu_ms"))) is not None:
        outcome["cpu_total_s"] = cpu / 1000
    if "collect" in case:
        outcome["artifacts"] = artifacts_of(result, case["collect"], refused)

    # The runner looks for the host's secret in every field, so it gets to see all that the engine said.
    outcome["result"] = {key: result[key] for key in result.keys() - {"stdout", "stderr", "files"}}
    outcome["engine_stderr"] = note
    return outcome


def run(case):
    refused = {}
    while True:
        names = [name for name in case.get("collect", []) if name not in refused]
        answer, note = call(build_request(case, names))
        if "status" in answer:
            return outcome_of_result(answer, note, case, refused)
        error = answer["error"]
        bad = refused_names(error, names)
        if not bad:
            return outcome_of_error(error, note)
        refused.update({name: str(error.get("message")) for name in bad})


def main():
    started = time.monotonic()
    try:
        outcome = run(json.loads(sys.stdin.buffer.read()))
    except Exception as error:  # whatever the engine answers, the runner gets a verdict on it
        text = f"{type(error).__name__}: {error}"
        outcome = {"status": "internal_error", "stdout": "", "stderr": text, "exit_code": None}
    outcome.setdefault("wall_s", round(time.monotonic() - started, 3))
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
