"""Mihu's envelope: `{success, message, data}`, and the pages inside `data`."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.paging import PAGES, Show
from toolpress_sandbox.replies import Refusal, Reply


def done(message: str, data: Any = None, status: int = 200) -> Reply:
    """A sentence in the past tense, and what it speaks of."""
    return Reply({"message": message, "data": data}, status)


def listed(call: Call, message: str, rows: list[JsonObject], show: Show, shape: str = "laravel") -> Reply:
    """One page of `rows`; `shape` is one of `paging.PAGES`."""
    return Reply({"message": message, **PAGES[shape](call, "data", rows, show)})


def conflict(message: str, **details: Any) -> Refusal:
    """409: the state does not allow it."""
    return Refusal(409, "CONFLICT", message, {"message": message, **details})


def refused(field: str, message: str) -> Refusal:
    """422: the field is named, its value is not repeated."""
    return Refusal(
        422, "VALIDATION_ERROR", f"The given data was invalid: {field} {message}", {"field": field, "message": message}
    )
