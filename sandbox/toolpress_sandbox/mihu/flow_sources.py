"""Where triggers take their records from: samples for a test, and news for a deployed flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import shown
from toolpress_sandbox.mihu import contacts, filters, parties
from toolpress_sandbox.mihu.calls import LIVE
from toolpress_sandbox.records import Records


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a collection that are one kind of event, given the trigger's settings."""

    collection: str
    label: Callable[[JsonObject], str]
    belongs: Callable[[JsonObject, JsonObject], bool] = lambda _row, _config: True
    waits: Callable[[JsonObject], bool] = lambda _row: False
    """Whether a row that does not belong yet may do so later."""
    show: Callable[[Records, JsonObject], JsonObject] | None = None


def _first_text(row: JsonObject) -> str:
    return next((value for value in row["values"].values() if isinstance(value, str)), str(row["uuid"]))


_SOURCES: Mapping[tuple[str, str], Source] = MappingProxyType(
    {
        ("calls", "call_started"): Source("calls", lambda row: str(row["phone_number"])),
        ("calls", "call_ended"): Source(
            "calls",
            lambda row: str(row["phone_number"]),
            belongs=lambda row, _config: row["status"] not in LIVE,
            waits=lambda row: row["status"] in LIVE,
        ),
        ("contacts", "contact_created"): Source("contacts", parties.named, show=contacts.shown),
        ("tables", "row_created"): Source(
            "data_table_rows", _first_text, belongs=lambda row, config: row["table_uuid"] == config.get("table_uuid")
        ),
    }
)
"""Triggers of other apps have no records here: they are tested with a payload of one's own."""


def events(records: Records, trigger: JsonObject) -> list[JsonObject]:
    """The records that a trigger step listens to, newest first, as later steps see them."""
    source = _source(trigger)
    if source is None:
        return []
    return filters.newest_first(_records(records, source, trigger, records.all(source.collection)))


def news(records: Records, trigger: JsonObject, seen: JsonObject | None) -> list[JsonObject]:
    """The records since a flow has seen its source, oldest first; without that all are old."""
    source = _source(trigger)
    if source is None or seen is None:
        return []
    return filters.oldest_first(_records(records, source, trigger, _since(records, source, seen)[0]))


def seen_now(records: Records, trigger: JsonObject, seen: JsonObject | None) -> JsonObject:
    """What a flow that had seen its source so far has seen when it has looked again."""
    source = _source(trigger)
    if source is None:
        return {}
    rows, mark = _since(records, source, seen or {"mark": 0, "waiting": []})
    return {"mark": mark, "waiting": [row["uuid"] for row in rows if source.waits(row)]}


def sample(trigger: JsonObject, record: JsonObject) -> JsonObject:
    """A record as one of the samples to choose from."""
    source = _source(trigger)
    label = source.label(record) if source else ""
    return {"sample_uuid": record["uuid"], "label": label, "timestamp": record["created_at"]}


def _since(records: Records, source: Source, seen: JsonObject) -> tuple[list[JsonObject], int]:
    """Rows that waited and rows that came, and the mark after them."""
    fresh, mark = records.newer(source.collection, seen["mark"])
    waiting = [records.find(source.collection, uuid) for uuid in seen["waiting"]]
    return [row for row in waiting if row] + fresh, mark


def _records(records: Records, source: Source, trigger: JsonObject, rows: list[JsonObject]) -> list[JsonObject]:
    spec = records.collection(source.collection)
    kept = [row for row in rows if source.belongs(row, trigger["config"])]
    return [source.show(records, row) if source.show else shown(spec, row) for row in kept]


def _source(trigger: JsonObject) -> Source | None:
    return _SOURCES.get((trigger["app_uid"], trigger["trigger_key"]))
