"""What has just come about and is still to be acted on: noted where it happens, taken up by the clock."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.records import Records

CONVERSATION_ENDED, SESSION_ENDED, INTENT_CALLED = "conversation_ended", "session_ended", "intent_called"


def note(records: Records, kind: str, at: str, **members: str) -> None:
    records.insert("happenings", {"kind": kind, "at": at, **members})


def take(records: Records, kind: str) -> list[JsonObject]:
    """Those of a kind that nobody has taken, in the order in which they came; each is taken once."""
    return [records.remove("happenings", row["uuid"]) for row in records.all("happenings", kind=kind)]
