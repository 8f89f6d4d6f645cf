from __future__ import annotations

import time
from typing import Any, Iterator, Mapping, Sequence

import httpx

from . import _core
from ._types import Content, Event, Json, Key, RequestFailed, RunResult, RunSummary, Unreachable


class Client:
    """A service; may be used by several threads.

    `url`: `http://…`, `https://…` or `unix:PATH`; else DIATOM_URL, else http://127.0.0.1:3428.
    `api_key`: else DIATOM_API_KEY; a service without keys needs none.
    `retries`: how often a call is made again where the service is full, about to stop, or cannot be reached.
    """

    def __init__(self, url: str | None = None, api_key: str | None = None, *, retries: int = 2,
                 timeout: httpx.Timeout | float = _core.TIMEOUT, verify: Any = True) -> None:
        place = _core.Place.of(url, api_key)
        self._retries = retries
        self._http = httpx.Client(
            base_url=place.url, headers=dict(place.headers), timeout=timeout, verify=verify,
            transport=httpx.HTTPTransport(uds=place.socket) if place.socket else None)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # Runs

    def run(self, code: Content | None = None, language: str | None = None, **options: Any) -> RunResult:
        """Runs a program to its end. `options`: files, entry, stdin, args, env, libraries, limits, network, collect,
        tests, and all else that a request for a run may have. A program that fails is a result."""
        key = options.pop("idempotency_key", None)
        return RunResult.of(self._json(_core.submit(_core.run_body(code, language, **options), key=key)))

    def submit(self, code: Content | None = None, language: str | None = None, **options: Any) -> str:
        """Starts a program that goes on by itself; its id."""
        key = options.pop("idempotency_key", None)
        call = _core.submit(_core.run_body(code, language, **options), wait=False, key=key)
        return str(self._json(call)["id"])

    def stream(self, code: Content | None = None, language: str | None = None, **options: Any) -> Iterator[Event]:
        """The events of a run as they happen; the run ends when the iterator is closed."""
        return self._events(_core.stream(_core.run_body(code, language, **options)))

    def follow(self, run: str, first: int = 1) -> Iterator[Event]:
        """The events of a run that was submitted: those that are kept, and those to come."""
        return self._events(_core.follow(run, first))

    def batch(self, runs: Sequence[Mapping[str, Any]]) -> list[RunResult | RequestFailed]:
        """Many runs, each as the arguments of `run`; of each its result, or why it was refused."""
        bodies = [_core.run_body(**{"code": None, "language": None, **run}) for run in runs]
        return [RunResult.of(raw) if "id" in raw else _core.failure_of(raw)
                for raw in self._json(_core.batch(bodies))["runs"]]

    def get(self, run: str) -> RunResult | None:
        """The result of a run; None while it is under way."""
        raw = self._json(_core.Call("GET", f"/v1/runs/{run}"))
        return RunResult.of(raw) if "usage" in raw else None

    def wait(self, run: str) -> RunResult:
        """The result of a run, once it has ended."""
        for event in self.follow(run):
            if event.name == "error":
                raise _core.failure_of(event.data)
        result = self.get(run)
        if result is None:
            raise Unreachable(f"the events of {run} ended before it did")
        return result

    def cancel(self, run: str) -> None:
        self._json(_core.Call("DELETE", f"/v1/runs/{run}"))

    def forget(self, run: str) -> None:
        """Removes what is kept of a run that has ended."""
        self._json(_core.Call("DELETE", f"/v1/runs/{run}", {"record": True}))

    def runs(self, **filters: Any) -> Iterator[RunSummary]:
        """The history, newest first, page by page. `filters`: language, status, state, since, until, key, limit."""
        cursor: str | None = None
        while True:
            page = self._json(_core.Call("GET", "/v1/runs", {**filters, "cursor": cursor}))
            yield from map(RunSummary.of, page["runs"])
            cursor = page["next"]
            if cursor is None:
                return

    def file(self, run: str, path: str) -> bytes:
        return self._send(_core.file(run, path)).content

    # The rest

    def languages(self) -> list[Json]:
        return list(self._json(_core.Call("GET", "/v1/languages"))["languages"])

    def make_environment(self, libraries: Sequence[str]) -> Json:
        """An environment of libraries, once it is ready."""
        return self._json(_core.Call("POST", "/v1/environments", {}, {"libraries": list(libraries)}))

    def environments(self) -> list[Json]:
        return list(self._json(_core.Call("GET", "/v1/environments"))["environments"])

    def create_key(self, name: str, scopes: Sequence[str] = ("run",), **allowance: Any) -> Key:
        body = {"name": name, "scopes": list(scopes), **({"allowance": allowance} if allowance else {})}
        return Key.of(self._json(_core.Call("POST", "/v1/keys", {}, body)))

    def keys(self) -> list[Key]:
        return [Key.of(raw) for raw in self._json(_core.Call("GET", "/v1/keys"))["keys"]]

    def revoke_key(self, key: str) -> None:
        self._json(_core.Call("DELETE", f"/v1/keys/{key}"))

    def usage(self, **filters: Any) -> Json:
        return self._json(_core.Call("GET", "/v1/usage", filters))

    def stats(self, **filters: Any) -> Json:
        return self._json(_core.Call("GET", "/v1/stats", filters))

    def version(self) -> str:
        return str(self._json(_core.Call("GET", "/v1/version"))["version"])

    # Underneath

    def _json(self, call: _core.Call) -> Json:
        raw: Json = self._send(call).json()
        return raw

    def _send(self, call: _core.Call) -> httpx.Response:
        for left in range(self._retries, -1, -1):
            try:
                response = self._http.request(**call.arguments())
            except httpx.HTTPError as error:
                if not left or (call.method == "POST" and "Idempotency-Key" not in call.headers):
                    raise Unreachable(f"{self._http.base_url}: {error or type(error).__name__}") from error
                time.sleep(0.2)
                continue
            pause = _core.seconds_to_wait(response)
            if pause is None or not left:
                break
            time.sleep(pause)
        if response.is_success:
            return response
        raise _core.failure(response)

    def _events(self, call: _core.Call) -> Iterator[Event]:
        try:
            with self._http.stream(**call.arguments()) as response:
                if not response.is_success:
                    response.read()
                    raise _core.failure(response)
                for line in response.iter_lines():
                    event = _core.event_of(line)
                    if event is not None:
                        yield event
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._http.base_url}: {error or type(error).__name__}") from error
