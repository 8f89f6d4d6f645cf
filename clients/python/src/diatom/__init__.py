"""Runs programs in the sandboxes of a Diatom service."""
from ._async import AsyncClient
from ._sync import Client
from ._types import (DiatomError, Event, File, GuestError, Key, LimitHit, Outcome, RequestFailed, RunResult, RunSummary,
                     Unreachable, Usage)

__all__ = ["AsyncClient", "Client", "DiatomError", "Event", "File", "GuestError", "Key", "LimitHit", "Outcome",
           "RequestFailed", "RunResult", "RunSummary", "Unreachable", "Usage"]
