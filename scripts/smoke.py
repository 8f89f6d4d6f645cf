#!/usr/bin/env python3
"""Runs the smoke programs of every language pack in sandboxes, warm and fresh, and compares what comes of them.

The programs are languages/<id>/smoke/<case>; docs/language-packs.md says what is in them. A language whose tools are
missing here is skipped, by name. Exit 1 when one did not do what it must.

DIATOM names another program than .build/release/diatom. A service that listens in the data directory is used.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def programs():
    for description in sorted(PROJECT.glob("languages/*/smoke/*/smoke.json")):
        language, case = description.parts[-4], description.parts[-2]
        yield language, case, description.parent, json.loads(description.read_text())


def is_warm(language):
    """Whether a warm host can run it: for the others, both starts are the same."""
    return "host" in json.loads((PROJECT / "languages" / language / "pack.json").read_text())


def request(language, folder, description, start):
    pack = json.loads((PROJECT / "languages" / language / "pack.json").read_text())
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "smoke.json")
    body = {
        "language": language,
        "entry": pack["entry"],
        "files": [{"path": str(path.relative_to(folder)), "content": path.read_text()} for path in files],
        "start": start,
        "check": "off",
    }
    body |= {name: description[name] for name in ("stdin", "args") if name in description}
    if "wall_ms" in description:
        body["limits"] = {"wall_ms": description["wall_ms"]}
    return body


def differences(expected, result):
    for name in ("status", "exit_code", "signal", "stdout"):
        if name in expected and result.get(name) != expected[name]:
            yield f"{name}: {result.get(name)!r}, not {expected[name]!r}"
    stderr = "".join(str(step.get("stderr", "")) for step in (result.get("compile") or {}, result))
    if expected.get("stderr_contains", "") not in stderr:
        yield f"stderr: {stderr[:200]!r} lacks {expected['stderr_contains']!r}"
    error = result.get("error") or {}
    for name, value in expected.get("error", {}).items():
        if error.get(name) != value:
            yield f"error.{name}: {error.get(name)!r}, not {value!r}"


def run(diatom, body):
    done = subprocess.run([diatom, "run", "--json"], input=json.dumps(body).encode(), capture_output=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"status": f"no JSON, exit {done.returncode}: {done.stderr.decode(errors='replace')[:300]}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--start", choices=["warm", "fresh"], action="append", help="both by default")
    parser.add_argument("--language", action="append", help="only this one; may be repeated")
    options = parser.parse_args()
    diatom = os.environ.get("DIATOM") or str(PROJECT / ".build/release/diatom")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    missing = {}
    for start in options.start or ["warm", "fresh"]:
        for language, case, folder, description in programs():
            if options.language and language not in options.language or language in missing:
                continue
            if start == "warm" and not is_warm(language) and options.start is None:
                continue
            result = run(diatom, request(language, folder, description, start))
            error = result.get("error") or {}
            if error.get("code") == "not_installed":
                counts["skipped"] += 1
                missing[language] = error.get("message")
                print(f"not installed: {language}: {missing[language]}")
                continue
            found = list(differences(description["expect"], result))
            if "status" not in result:
                found.append(json.dumps(result)[:300])
            counts["failed" if found else "passed"] += 1
            for line in found:
                print(f"failed: {language}/{case} ({start}): {line}")
    names = {language for language, *_ in programs() if not options.language or language in options.language}
    print(f"languages: {len(names - set(missing))} tested, {len(missing)} not installed")
    print("smoke: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
