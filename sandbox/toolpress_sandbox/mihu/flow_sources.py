"""Where triggers take their records from: samples for a test, and news for a deployed flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import shown
from toolpress_sandbox.mihu import contacts
from toolpress_sandbox.mihu.calls import LIVE
from toolpress_sandbox.records import Records


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a collection that are one kind of event, given the trigger's settings."""

    collection: str
    label: Callable[[JsonObject], str]
    belongs: Callable[[JsonObject, JsonObject], bool] = lambda _row, _config: True
    show: Callable[[Records, JsonObject], JsonObject] | None = None


def _person(contact: JsonObject) -> str:
    return f"{contact['name']} {contact['surname']}".strip() or str(contact["phone_number"])


def _first_text(row: JsonObject) -> str:
    return next((value for value in row["values"].values() if isinstance(value, str)), str(row["uuid"]))


_SOURCES: Mapping[tuple[str, str], Source] = MappingProxyType(
    {
        ("calls", "call_started"): Source("calls", lambda row: str(row["phone_number"])),
        ("calls", "call_ended"): Source(
            "calls", lambda row: str(row["phone_number"]), lambda row, _config: row["status"] not in LIVE
        ),
        ("contacts", "contact_created"): Source("contacts", _person, show=contacts.shown),
        ("tables", "row_created"): Source(
            "data_table_rows", _first_text, lambda row, config: row["table_uuid"] == config.get("table_uuid")
        ),
    }
)
"""Triggers of other apps have no records here: they are tested with a payload of one's own."""


def events(records: Records, trigger: JsonObject) -> list[JsonObject]:
    """The records that a trigger step listens to, newest first, as later steps see them."""
    source = _source(trigger)
    if source is None:
        return []
    rows = [row for row in records.all(source.collection) if source.belongs(row, trigger["config"])]
    spec = records.collection(source.collection)
    rows.sort(key=lambda row: str(row["created_at"]))
    return [source.show(records, row) if source.show else shown(spec, row) for row in reversed(rows)]


def sample(trigger: JsonObject, record: JsonObject) -> JsonObject:
    """A record as one of the samples to choose from."""
    source = _source(trigger)
    label = source.label(record) if source else ""
    return {"sample_uuid": record["uuid"], "label": label, "timestamp": record["created_at"]}


def _source(trigger: JsonObject) -> Source | None:
    return _SOURCES.get((trigger["app_uid"], trigger["trigger_key"]))
