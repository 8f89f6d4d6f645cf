#!/usr/bin/env python3
"""The house rules that no compiler checks; `make lint` runs it after the formatter.

Prints one line for each finding, `path:line: what`. Exit 1 when a rule is broken; warnings and reports break none.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

# The lowest layers start fast and know the kernel only (docs/design/0001-layers.md).
WITHOUT_FOUNDATION = ["Digest", "Domain", "Telemetry", "Posix", "Jail", "Wire"]

# Which targets each may import; a target that is not named here is an error, so that a new one is thought about.
SYSTEM = {
    "Glibc", "Synchronization", "FoundationEssentials",
    "CAssets", "CJail", "CLinux", "CNettle", "CMicroHTTPD", "CSQLite", "CCrypto", "CCurl", "CEdit", "CSeccomp", "CZlib", "CTOML",
}
LAYERS = {
    "Domain": 1,
    "Digest": 2, "JSON": 2, "Posix": 2,
    "Configuration": 3, "Telemetry": 3, "Wire": 3, "Languages": 3,
    "Egress": 4, "Jail": 4, "Records": 4, "Storage": 4,
    "Delivery": 5, "Workers": 5,
    "Engine": 6,
    "API": 7, "Service": 8,
    "Commands": 8,
    "diatom": 9, "diatom-courier": 9, "diatom-jailer": 9, "diatom-service": 9,
}

WARN, FAIL, FAIL_TESTS, REPORT_C = 400, 600, 800, 300
MOST_C, MOST_HOSTS = 5200, 2300

# Folders that every Linux has; what else lies at the root of this machine, and people's homes, are nobody's business.
USUAL = set("bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc run sbin srv sys tmp usr var lost+found".split())
OURS = sorted(name for name in set(os.listdir("/")) - USUAL - {"root"} if re.fullmatch(r"[a-z]\w*", name))
MACHINE_PATHS = re.compile(r"(?<![\w.~}])/(?:" + "|".join(["root", "home/(?!user/)[a-z]+", *OURS]) + ")/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# A reason that a reader can follow: an issue, or the page that says why.
EXPLAINED = re.compile(r"\b(?:TODO|FIXME)\((?:#\d+|docs/[\w./-]+)\)")
IMPORT = re.compile(r"^(?:@\w+ +)*(?:(?:package|internal|public|private|fileprivate) +)?import +(?:(?:struct|class|enum|func|protocol|typealias|var|let) +)?(\w+)", re.M)
C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)

SKIPPED = ("Tests/Fixtures/", "LICENSE", "scripts/check.py", "scripts/vm/guest/")

failures = 0


def fail(where, what):
    global failures
    failures += 1
    print(f"{where}: {what}")


def tracked():
    names = subprocess.run(
        ["git", "-C", PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    return sorted(name for name in names if name and (PROJECT / name).is_file())


def text_of(name):
    try:
        return (PROJECT / name).read_text()
    except UnicodeDecodeError:
        return ""


def check_imports(name, text):
    if not name.startswith("Sources/"):
        return
    target = name.split("/")[1]
    for match in IMPORT.finditer(text):
        module, where = match.group(1), f"{name}:{text.count(chr(10), 0, match.start(1)) + 1}"
        if module.startswith("Foundation") and target in WITHOUT_FOUNDATION:
            fail(where, f"{target} imports {module}; the lowest layers do without Foundation")
        elif module == "Foundation":
            fail(where, "imports all of Foundation; FoundationEssentials has what is needed")
        elif module in SYSTEM or module == target:
            continue
        elif module not in LAYERS or target not in LAYERS:
            fail(where, f"{target} imports {module}: scripts/check.py knows no layer for one of them")
        elif LAYERS[module] >= LAYERS[target]:
            fail(where, f"{target} (layer {LAYERS[target]}) imports {module} (layer {LAYERS[module]})")


def check_metrics(names):
    """What dashboards and alert rules ask for is what the service measures."""
    sources = "".join(text_of(name) for name in names if name.startswith("Sources/") and name.endswith(".swift"))
    known = set(re.findall(r'MetricName\(\s*"(\w+)"', sources))
    for name in names:
        if not name.startswith("deploy/"):
            continue
        asked = set(re.findall(r"\b(?:diatom|process)_\w+", text_of(name)))
        for metric in sorted(asked - known - {f"{metric}_bucket" for metric in known}):
            fail(name, f"asks for {metric}, which nothing measures")


def check_length(name, text):
    lines, suffix = text.count("\n"), Path(name).suffix
    if suffix in (".c", ".h"):
        if lines > REPORT_C:
            print(f"{name}: report: {lines} lines; C files aim at {REPORT_C}")
    elif suffix == ".swift":
        most = FAIL_TESTS if name.startswith("Tests/") else FAIL
        if lines > most:
            fail(name, f"{lines} lines; at most {most}")
        elif lines > WARN:
            print(f"{name}: warning: {lines} lines; aim at 200, at most {most}")


def check_words(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if MACHINE_PATHS.search(line):
            fail(f"{name}:{number}", "names a path of somebody's machine")
        if UNFINISHED.search(line) and not EXPLAINED.search(line):
            fail(f"{name}:{number}", "unfinished without a reason: write TODO(#issue) or TODO(docs/…)")


def code_lines(name, text):
    """Lines that hold more than space and comment."""
    if Path(name).suffix in (".c", ".h"):
        text = C_COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    elif name.endswith(".py"):
        text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    return sum(1 for line in text.split("\n") if line.strip())


def check_total(what, total, most):
    print(f"{what}: {total} lines of code, at most {most}")
    if total > most:
        fail(what, f"{total} lines of code; at most {most}")


def main():
    c_lines, host_lines = Counter(), 0
    for name in tracked():
        if name.startswith(SKIPPED):
            continue
        text = text_of(name)
        if name.endswith(".swift"):
            check_imports(name, text)
        check_length(name, text)
        check_words(name, text)
        if name.startswith("Sources/") and name.endswith((".c", ".h")):
            c_lines[name.split("/")[1]] += code_lines(name, text)
        if name.startswith("hosts/") and name.endswith((".py", ".js", ".mjs", ".c", ".cc")):
            host_lines += code_lines(name, text)
    print(f"C in Sources: {sum(c_lines.values())} lines of code with embedding and shims")
    check_total("C in CJail", c_lines["CJail"], MOST_C)
    check_total("hosts", host_lines, MOST_HOSTS)
    check_metrics(tracked())
    if failures:
        print(f"{failures} findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
