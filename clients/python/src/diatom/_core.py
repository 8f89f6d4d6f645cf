"""What both clients have in common: how requests are written, and answers read."""
from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence
from urllib.parse import quote

import httpx

from ._types import Content, Event, Json, RequestFailed, as_json

DEFAULT_URL = "http://127.0.0.1:3428"
# Longer than any run may take by default; a run's own limits end it.
TIMEOUT = httpx.Timeout(10, read=600)
MOST_SECONDS_TO_WAIT = 30.0


@dataclass(frozen=True)
class Place:
    """Where the service is: a URL, or `unix:PATH`."""

    url: str
    socket: str | None
    headers: Mapping[str, str]

    @classmethod
    def of(cls, url: str | None, api_key: str | None) -> Place:
        url = url or os.environ.get("DIATOM_URL") or DEFAULT_URL
        key = api_key or os.environ.get("DIATOM_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if url.startswith("unix:"):
            return cls("http://localhost", url[len("unix:"):], headers)
        return cls(url.rstrip("/"), None, headers)


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        query = {name: str(value).lower() if isinstance(value, bool) else value
                 for name, value in self.query.items() if value is not None}
        arguments: dict[str, Any] = {"method": self.method, "url": self.path, "params": query,
                                     "headers": dict(self.headers)}
        if self.body is not None:
            arguments["content"] = json.dumps(self.body).encode()
            arguments["headers"]["Content-Type"] = "application/json"
        return arguments


def run_body(code: Content | None, language: str | None, *, files: Mapping[str, Content] | None = None,
             stdin: Content | None = None, tests: Iterable[Mapping[str, Any]] | None = None, **options: Any) -> dict[str, Any]:
    """The body of a request for a run; what is None is left out, all else is as the API has it."""
    body = {name: value for name, value in options.items() if value is not None}
    if language is not None:
        body["language"] = language
    if code is not None:
        body["code"] = as_json(code)
    if files is not None:
        body["files"] = [{"path": path, "content": as_json(content)} for path, content in files.items()]
    if stdin is not None:
        body["stdin"] = as_json(stdin)
    if tests is not None:
        body["tests"] = [{name: as_json(value) if name == "stdin" else value for name, value in test.items()}
                         for test in tests]
    return body


def submit(body: Json, *, wait: bool = True, key: str | None = None) -> Call:
    """A run is never sent without a key, so that it can be sent again."""
    return Call("POST", "/v1/runs", {} if wait else {"wait": False}, body,
                {"Idempotency-Key": key or uuid.uuid4().hex})


def stream(body: Json) -> Call:
    """Without a key: a run that is followed ends with who follows it."""
    return Call("POST", "/v1/runs", {}, {**body, "stream": True}, {"Accept": "application/x-ndjson"})


def follow(run: str, first: int) -> Call:
    return Call("GET", f"/v1/runs/{run}/events", {"from": first}, None, {"Accept": "application/x-ndjson"})


def file(run: str, path: str) -> Call:
    return Call("GET", f"/v1/runs/{run}/files/{quote(path)}")


def batch(runs: Sequence[Json]) -> Call:
    return Call("POST", "/v1/runs/batch", {}, {"runs": list(runs)}, {"Idempotency-Key": uuid.uuid4().hex})


def event_of(line: str) -> Event | None:
    """None of an empty line, which only says that the connection is alive."""
    if not line.strip():
        return None
    raw = json.loads(line)
    return Event(raw.pop("event"), raw.pop("number", None), raw)


def seconds_to_wait(response: httpx.Response) -> float | None:
    """How long to wait before asking again; None where that is of no use."""
    if response.status_code not in (429, 503):
        return None
    try:
        return min(float(response.headers.get("Retry-After", "1")), MOST_SECONDS_TO_WAIT)
    except ValueError:
        return 1.0


def failure(response: httpx.Response) -> RequestFailed:
    error: Mapping[str, Any] = {}
    try:
        error = json.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        pass
    retry = response.headers.get("Retry-After", "")
    return RequestFailed(
        response.status_code, str(error.get("code", "unknown")),
        str(error.get("message", f"the service answered {response.status_code}")), error.get("field"),
        float(retry) if retry.isdigit() else None)


def failure_of(raw: Json) -> RequestFailed:
    """Of an error that stands in the place of a result, in a batch or as the last event."""
    error = raw.get("error") or {}
    return RequestFailed(0, str(error.get("code", "unknown")), str(error.get("message", "")), error.get("field"))
