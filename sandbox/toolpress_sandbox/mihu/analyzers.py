"""Analyzers: what is drawn out of conversations into contact data, one for each field and pipeline stage."""

from __future__ import annotations

from collections.abc import Iterator

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done
from toolpress_sandbox.mihu.contacts import active_fields
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

ANALYZERS = "analyzers"
_BUILTIN = ("name", "surname", "email", "timezone", "primary_language", "preferred_contact_channel")
_PREFIXES = {"builtin": "b", "field": "f", "pipeline": "p"}
_SET = ("update_behavior", "analysis_goals", "example_values")


def list_analyzers(call: Call) -> Reply:
    rows = list(_all(call.records))
    if "type" in call.sent:
        rows = [row for row in rows if row["type"] == call.arguments["type"]]
    return done("Analyzers retrieved successfully", [_shown(row) for row in rows])


def update_analyzer(call: Call) -> Reply:
    """Of a built-in field only what happens with a value."""
    row = next((row for row in _all(call.records) if row["internal_id"] == call.arguments["internal_id"]), None)
    if row is None:
        raise not_found("Analyzer")
    kept = ("update_behavior",) if row["type"] == "builtin" else _SET
    row = {**row, **{name: value for name, value in call.changes().items() if name in kept}}
    if call.records.find(ANALYZERS, row["internal_id"]):
        call.records.update(ANALYZERS, row["internal_id"], row)
    else:
        call.records.insert(ANALYZERS, row)
    return done("Analyzer updated successfully", _shown(row))


def _all(records: Records) -> Iterator[JsonObject]:
    """The analyzers of what there is now; what was set for a field that is gone does not come back with its key."""
    for fresh in _fresh(records):
        kept = records.find(ANALYZERS, fresh["internal_id"])
        same = kept is not None and kept["of"] == fresh["of"]
        yield {**fresh, **{name: kept[name] for name in _SET}} if same and kept else fresh


def _fresh(records: Records) -> Iterator[JsonObject]:
    """One for each field and stage, as it is before anything was set."""
    for key in _BUILTIN:
        label = key.replace("_", " ").capitalize()
        goals = f"{label} of the contact, when it is said."
        yield _analyzer("builtin", key, label, None, "update_if_empty", goals)
    for field in active_fields(records):
        yield _analyzer("field", field["key"], str(field.get("name", field["key"])), field["uuid"], "update_if_empty")
    for stage in records.all("pipeline_stages"):
        yield _analyzer("pipeline", stage["key"], stage["name"], stage["uuid"], "manual_approval")


def _analyzer(kind: str, key: str, name: str, of: str | None, behavior: str, goals: str | None = None) -> JsonObject:
    """`of` is the uuid of the field or stage."""
    return {
        "internal_id": f"{_PREFIXES[kind]}_{key}",
        "type": kind,
        "name": name,
        "of": of,
        "update_behavior": behavior,
        "analysis_goals": goals,
        "example_values": None,
    }


def _shown(row: JsonObject) -> JsonObject:
    return {name: row[name] for name in ("internal_id", "type", "name", *_SET)}
