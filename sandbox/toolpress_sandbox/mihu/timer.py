"""When the tasks of a tenant need looking at again, so that a request on which nothing is due costs one read."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.records import Records

_ID = "tasks"


def read(records: Records) -> JsonObject:
    """`due`: the moment of the next look, None for never; `live`: pairs of a task under way and its call."""
    return records.find("timers", _ID) or {"due": "", "live": []}


def write(records: Records, due: str | None, live: list[list[str]]) -> None:
    if records.find("timers", _ID) is None:
        records.insert("timers", {"id": _ID, "due": due, "live": live})
    else:
        records.update("timers", _ID, {"due": due, "live": live})


def wake(records: Records) -> None:
    """Look again at the next moment: something about a task has changed."""
    write(records, "", read(records)["live"])
