"""The rows that a sandbox starts with, written in `sandbox.yaml` with four kinds of values worked out here.

`@-3d`, `@+2h30m`, `@now`, `@month` are times around the start; `{$hash: TEXT}` keeps only a key's hash;
`{$row: [COLLECTION, ID]}` and `{$rows: [COLLECTION, {member: value}]}` copy rows seeded before,
the first with the members of `$with` put over it. A row's `$before`
lists earlier states of some members, oldest first, each of which becomes a version.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import Clock, iso
from toolpress_sandbox.definition import Definition
from toolpress_sandbox.identifiers import fingerprint
from toolpress_sandbox.records import Records
from toolpress_sandbox.store import Store

_TIME = re.compile(r"@([+-])((?:\d+[dhms])+)")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class ForeignFileError(ValueError):
    """The data file holds the state of another catalogue."""


def plant(store: Store, definition: Definition, clock: Clock) -> bool:
    """Seed an empty store; a store that has been seeded stays as it is. Tells whether rows were written."""
    with store.transaction():
        owner = store.meta("catalog")
        if owner not in (None, definition.catalog):
            raise ForeignFileError(f"the data file belongs to catalogue {owner}; choose another file")
        if owner is not None:
            return False
        _plant(store, definition, clock)
        return True


def replant(store: Store, definition: Definition, clock: Clock) -> None:
    """Forget everything and start again from the seed."""
    with store.transaction():
        store.clear()
        _plant(store, definition, clock)


def _plant(store: Store, definition: Definition, clock: Clock) -> None:
    store.set_meta("catalog", definition.catalog)
    for tenant in definition.tenants:
        records = Records(store, definition, tenant["id"], clock, tenant.get("seeded_by", "system"))
        records.insert("tenants", _resolve({k: v for k, v in tenant.items() if k != "seeded_by"}, records))
        for collection, rows in definition.seed.get(tenant["slug"], {}).items():
            for row in rows:
                _plant_row(records, collection, row)


def _plant_row(records: Records, collection: str, row: JsonObject) -> None:
    states = row.get("$before", [])
    final = _resolve({name: value for name, value in row.items() if name != "$before"}, records)
    if not states:
        records.insert(collection, final)
        return
    first = {**final, **_resolve(states[0], records)}
    first["updated_at"] = first.get("created_at", records.now())
    records.insert(collection, first)
    for state in [_resolve(item, records) for item in states[1:]] + [final]:
        records.update(collection, final[records.collection(collection).id_field], state)


def _resolve(value: Any, records: Records) -> Any:
    if isinstance(value, str):
        return _time(value, records.clock.now())
    if isinstance(value, list):
        return [_resolve(item, records) for item in value]
    if not isinstance(value, dict):
        return value
    if "$hash" in value:
        return fingerprint(value["$hash"])
    if "$row" in value:
        collection, row_id = value["$row"]
        return {**records.get(collection, row_id), **_resolve(value.get("$with", {}), records)}
    if "$rows" in value:
        collection, equals = value["$rows"]
        return records.all(collection, **equals)
    return {name: _resolve(item, records) for name, item in value.items()}


def _time(text: str, now: datetime) -> str:
    if text == "@now":
        return iso(now)
    if text == "@month":
        return iso(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    match = _TIME.fullmatch(text)
    if not match:
        return text
    parts = {_UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)([dhms])", match[2])}
    step = timedelta(**parts)
    return iso(now + step if match[1] == "+" else now - step)
