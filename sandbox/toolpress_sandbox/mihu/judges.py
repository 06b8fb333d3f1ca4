"""What QA and coaching agents share: a tenant has one default of them, which stays until another takes over."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import conflict, done, listed
from toolpress_sandbox.paging import Show
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply


def listing(call: Call, collection: str, show: Show) -> Reply:
    """Newest first; `is_active` narrows."""
    rows = call.records.all(collection)
    if "is_active" in call.sent:
        rows = [row for row in rows if row["is_active"] == call.arguments["is_active"]]
    rows.sort(key=lambda row: str(row["created_at"]), reverse=True)
    said = f"{call.records.collection(collection).plural} retrieved successfully"
    return listed(call, said, rows, show, "items")


def insert(records: Records, collection: str, row: JsonObject) -> JsonObject:
    return _alone(records, collection, records.insert(collection, row))


def update(records: Records, collection: str, uuid: str, changes: JsonObject) -> JsonObject:
    """`is_default` false changes nothing: there is always one default."""
    kept = {name: value for name, value in changes.items() if (name, value) != ("is_default", False)}
    return _alone(records, collection, records.update(collection, uuid, kept))


def delete(call: Call, collection: str) -> Reply:
    label = call.records.collection(collection).label
    row = call.records.get(collection, call.arguments["uuid"])
    if row["is_default"]:
        raise conflict(f"{label} is the default; make another one the default first")
    call.records.remove(collection, row["uuid"])
    return done(f"{label} deleted successfully")


def timed(row: JsonObject) -> JsonObject:
    """The row with its times as this part of the product writes them: with an offset, in whole seconds."""
    times = {name: parse_iso(row[name]).isoformat(timespec="seconds") for name in ("created_at", "updated_at")}
    return {**row, **times}


def _alone(records: Records, collection: str, row: JsonObject) -> JsonObject:
    """Take the default from the others if this is it."""
    if row["is_default"]:
        for other in records.all(collection, is_default=True):
            if other["uuid"] != row["uuid"]:
                records.update(collection, other["uuid"], {"is_default": False})
    return row
