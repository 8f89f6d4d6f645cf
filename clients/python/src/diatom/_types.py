"""What the service answers, as Python has it. Members that a newer service adds are in `raw`."""
from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Mapping, Union

Json = Mapping[str, Any]
Content = Union[str, bytes]


def as_bytes(value: Any) -> bytes:
    """Text, or {"base64"} where it is no UTF-8."""
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(value["base64"]) if isinstance(value, Mapping) else b""


def as_json(content: Content) -> Any:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


@dataclass(frozen=True)
class Usage:
    """As the kernel counted; None where it gave no figure."""

    wall_ms: float | None = None
    cpu_ms: float | None = None
    memory_peak_bytes: int | None = None
    processes_peak: int | None = None
    output_bytes: int = 0
    system_calls: Mapping[str, int] | None = None

    @classmethod
    def of(cls, raw: Json) -> Usage:
        return cls(**{name: raw[name] for name in cls.__dataclass_fields__ if name in raw})


@dataclass(frozen=True)
class LimitHit:
    """Which limit ended the run, and how that was measured."""

    name: str
    allowed: float
    measured: float | None
    how: str


@dataclass(frozen=True)
class GuestError:
    """What the program says went wrong; its own word unless `source` is "engine"."""

    name: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    traceback: tuple[str, ...] = ()
    hint: str | None = None
    source: str = "guest"

    @classmethod
    def of(cls, raw: Json | None) -> GuestError | None:
        if raw is None:
            return None
        known = {name: raw[name] for name in cls.__dataclass_fields__ if name in raw}
        return cls(**{**known, "traceback": tuple(raw.get("traceback") or ())})


@dataclass(frozen=True)
class File:
    """A file that a run gave back; `content` is None in the history, where `Client.file` has it."""

    path: str
    size_bytes: int
    sha256: str
    type: str
    content: bytes | None

    @classmethod
    def of(cls, raw: Json) -> File:
        content = raw.get("content")
        return cls(raw["path"], raw["size_bytes"], raw["sha256"], raw["type"],
                   None if content is None else as_bytes(content))


@dataclass(frozen=True)
class Outcome:
    """How a program ended: a run, its compile step, or one of its tests."""

    status: str
    exit_code: int | None
    signal: int | None
    stdout_bytes: bytes
    stderr_bytes: bytes
    usage: Usage
    limit: LimitHit | None
    error: GuestError | None
    raw: Json = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status == "succeeded"

    @property
    def stdout(self) -> str:
        """With U+FFFD for what is no UTF-8; `stdout_bytes` has it as it was."""
        return self.stdout_bytes.decode(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_bytes.decode(errors="replace")

    @staticmethod
    def _members(raw: Json) -> dict[str, Any]:
        limit = raw.get("limit")
        return {
            "status": raw["status"], "exit_code": raw.get("exit_code"), "signal": raw.get("signal"),
            "stdout_bytes": as_bytes(raw.get("stdout")), "stderr_bytes": as_bytes(raw.get("stderr")),
            "usage": Usage.of(raw.get("usage") or {}),
            "limit": limit and LimitHit(limit["name"], limit["allowed"], limit["measured"], limit["how"]),
            "error": GuestError.of(raw.get("error")), "raw": raw,
        }

    @classmethod
    def of(cls, raw: Json) -> Outcome:
        return cls(**cls._members(raw))


@dataclass(frozen=True)
class RunResult(Outcome):
    """A run that has ended."""

    id: str = ""
    language: str = ""
    version: str | None = None
    compile: Outcome | None = None
    tests: tuple[Outcome, ...] = ()
    results: tuple[Json, ...] = ()
    files: tuple[File, ...] = ()
    receipt: Json | None = None
    queue_ms: float | None = None

    @classmethod
    def of(cls, raw: Json) -> RunResult:
        compile_step = raw.get("compile")
        return cls(
            **cls._members(raw), id=raw["id"], language=raw["language"], version=raw.get("version"),
            compile=compile_step and Outcome.of(compile_step),
            tests=tuple(Outcome.of(test) for test in raw.get("runs", ())), results=tuple(raw.get("results", ())),
            files=tuple(File.of(file) for file in raw.get("files", ())), receipt=raw.get("receipt"),
            queue_ms=raw.get("queue_ms"))


@dataclass(frozen=True)
class Event:
    """Something that happened in a run; the last is "finished" or "error"."""

    name: str
    number: int | None
    data: Json

    @property
    def text(self) -> str:
        """What was printed, of "stdout" and "stderr"."""
        return as_bytes(self.data.get("text")).decode(errors="replace")


@dataclass(frozen=True)
class RunSummary:
    """A line of the history."""

    id: str
    state: str
    status: str | None
    language: str
    created_at: str
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> RunSummary:
        return cls(raw["id"], raw["state"], raw.get("status"), raw["language"], raw["created_at"], raw)


@dataclass(frozen=True)
class Key:
    """A key; `secret` is there only where it was just made."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret: str | None
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Key:
        return cls(raw["id"], raw["name"], tuple(raw["scopes"]), raw.get("secret"), raw)


class DiatomError(Exception):
    """All that this library raises."""


class Unreachable(DiatomError):
    """The service did not answer; what was sent may have been done."""


class RequestFailed(DiatomError):
    """The service refused: nothing ran."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None,
                 retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field, self.retry_after = status, code, message, field, retry_after
