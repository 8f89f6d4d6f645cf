"""The programs of the corpora, and what has to come of each."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

SOLUTIONS = Path(__file__).resolve().parent / "multipl_e"


@dataclass(frozen=True)
class Outcome:
    status: str
    stderr: str = ""
    wall_ms: float = 0
    memory_bytes: int = 0
    error: str = ""
    rows: list | None = None  # of the last table that the program showed

    @property
    def passed(self):
        # console.assert says that it failed, and fails nothing
        return self.status == "succeeded" and "Assertion failed" not in self.stderr

    @property
    def was_caught(self):
        """Whether the program ran, or was compiled, and found wanting; an engine that fails has caught nothing."""
        return self.status in ("failed", "killed", "compile_failed") or (
            self.status == "succeeded" and "Assertion failed" in self.stderr
        )


@dataclass(frozen=True)
class Program:
    id: str
    code: str
    language: str = "python"
    must_fail: bool = False
    error: str | None = None  # what it must fail with
    rows: list | None = None
    in_order: bool = False

    def complaint(self, outcome):
        """What is wrong with what came of it; empty where nothing is."""
        if self.must_fail:
            if not outcome.was_caught:
                return f"{outcome.status}, but it is wrong and had to fail"
            if self.error is not None and outcome.error != self.error:
                return f"failed with {outcome.error!r} instead of {self.error!r}"
            return ""
        if not outcome.passed:
            return f"{outcome.status}: {last_line(outcome.stderr)}"
        if self.rows is not None and not same_rows(outcome.rows, self.rows, self.in_order):
            return f"rows {outcome.rows} instead of {self.rows}"
        return ""


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else ""


def same_rows(found, wanted, in_order):
    if found is None or len(found) != len(wanted):
        return False
    return found == wanted if in_order else sorted(map(repr, found)) == sorted(map(repr, wanted))


# One function for each file: the programs that a record of it makes


def humaneval(record):
    parts = record["prompt"], record["canonical_solution"], "\n", record["test"], f"\ncheck({record['entry_point']})\n"
    return [Program(record["id"], "".join(parts))]


def mbpp(record):
    return [Program(record["id"], f"{record['code']}\n\n{record['test']}\n")]


def humaneval_js(record):
    """The solution, and one that is wrong: it returns nothing."""
    if not record["verified"]:
        return []
    right = "".join((record["prompt"], record["canonical_solution"], "\n", record["test"]))
    wrong = "".join((record["prompt"], "}\n", record["test"]))
    return [
        Program(record["id"], right, "javascript"),
        Program(f"{record['id']}/emptied", wrong, "javascript", must_fail=True),
    ]


def sql(record):
    """The script with the rows it lists, or, where it is broken, its error; then it is repaired, where that is known."""
    def script(text):
        return f"{record['setup']}\n{text}"

    right = record["sql"] if record["error"] is None else record.get("fixed")
    programs = []
    if record["error"] is not None:
        programs.append(Program(record["id"], script(record["sql"]), "sqlite", must_fail=True, error=record["error"]))
    if right is not None:
        name = record["id"] if record["error"] is None else f"{record['id']}/fixed"
        programs.append(Program(name, script(right), "sqlite", rows=record["rows"], in_order=record["ordered"]))
    return programs


def solutions(language):
    """Ours, by the names of the problems."""
    text = (SOLUTIONS / f"{language}.txt").read_text(encoding="utf-8")
    parts = re.split(r"^== (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


# The shell's are Bash's, and there an empty body is no body.
MULTIPL_E = {"js": ("javascript", "}\n"), "ts": ("typescript", "}\n"), "sh": ("bash", "    :\n"), "swift": ("swift", "")}


def multipl_e(record, known={}):
    language, empty = MULTIPL_E[record["language"]]
    solved = known.setdefault(record["language"], solutions(record["language"]))
    body = solved.get(record["id"].rsplit("/", 1)[-1])
    if body is None:
        return []
    right, wrong = (record["prompt"] + text + record["tests"] for text in (body, empty))
    return [
        Program(record["id"], right, language),
        Program(f"{record['id']}/emptied", wrong, language, must_fail=True),
    ]


SETS = {
    "humaneval.jsonl": humaneval,
    "mbpp.jsonl": mbpp,
    "humaneval_js.jsonl": humaneval_js,
    "sql.jsonl": sql,
    "multipl_e_humaneval.jsonl": multipl_e,
}


def read(folder, pattern):
    programs = []
    for name, build in SETS.items():
        with open(folder / name, encoding="utf-8") as file:
            for line in file:
                programs += build(json.loads(line))
    return [program for program in programs if fnmatch(program.id, pattern)]
