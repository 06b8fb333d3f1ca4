"""Data tables: typed columns, and rows that fit them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.calls import shown as of_collection
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

ROWS = "data_table_rows"


def _reads(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    def is_read(value: Any) -> bool:
        try:
            parse(value)
        except (TypeError, ValueError):
            return False
        return True

    return is_read


_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "text": ("a text", lambda value: isinstance(value, str)),
        "number": ("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
        "boolean": ("true or false", lambda value: isinstance(value, bool)),
        "date": ("a date such as 2026-03-01", _reads(date.fromisoformat)),
        "datetime": ("a time such as 2026-03-01T10:00:00Z", _reads(parse_iso)),
    }
)
"""What a column may hold, and how to know it. Any value may be null."""


def create_data_table(call: Call) -> Reply:
    columns = call.arguments["columns"]
    for index, column in enumerate(columns):
        if column["data_type"] not in _TYPES:
            raise refused(f"columns.{index}.data_type", f"must be one of {', '.join(_TYPES)}")
        if column["name"] in [earlier["name"] for earlier in columns[:index]]:
            raise refused(f"columns.{index}.name", "is the name of another column")
    made = [{"uuid": call.records.new_id(), **column} for column in columns]
    return done("Table created successfully", call.records.insert("data_tables", {**call.arguments, "columns": made}))


def delete_data_table(call: Call) -> Reply:
    """Its rows go with it."""
    table = call.records.remove("data_tables", call.arguments["uuid"])
    for row in call.records.all(ROWS, table_uuid=table["uuid"]):
        call.records.remove(ROWS, row["uuid"])
    return done("Table deleted successfully")


def list_data_table_rows(call: Call) -> Reply:
    rows = found(call.records, _table(call), call.arguments.get("search", ""))
    return listed(call, "Rows retrieved successfully", rows, lambda row: _shown(call, row))


def get_data_table_row(call: Call) -> Reply:
    return done("Row retrieved successfully", _shown(call, _row(call)))


def add_data_table_rows(call: Call) -> Reply:
    """All or none: a row that is refused takes those before it back."""
    table = _table(call)
    checks = (checked(table, row, f"rows.{index}") for index, row in enumerate(call.arguments["rows"]))
    rows = [_shown(call, insert(call.records, table, values)) for values in checks]
    return done("Rows added successfully", {"created": len(rows), "rows": rows})


def update_data_table_row(call: Call) -> Reply:
    row = _row(call)
    values = {**row["values"], **_checked_values(_table(call), call.arguments["values"], "values")}
    return done("Row updated successfully", _shown(call, call.records.update(ROWS, row["uuid"], {"values": values})))


def delete_data_table_row(call: Call) -> Reply:
    call.records.remove(ROWS, _row(call)["uuid"])
    return done("Row deleted successfully")


def checked(table: JsonObject, values: Any, path: str) -> JsonObject:
    """A complete row of a table: null in the columns left out. Raises Refusal (422) that names the column."""
    given = _checked_values(table, values, path)
    return {column["name"]: given.get(column["name"]) for column in table["columns"]}


def insert(records: Records, table: JsonObject, values: JsonObject) -> JsonObject:
    """A new row of values that were checked."""
    return records.insert(ROWS, {"table_uuid": table["uuid"], "values": values})


def found(records: Records, table: JsonObject, search: str) -> list[JsonObject]:
    """The rows of which a text holds what is searched, in the order in which they came."""
    wanted = search.casefold()
    rows = records.all(ROWS, table_uuid=table["uuid"])
    return [
        row
        for row in rows
        if not wanted or any(isinstance(value, str) and wanted in value.casefold() for value in row["values"].values())
    ]


def _checked_values(table: JsonObject, values: Any, path: str) -> JsonObject:
    if not isinstance(values, dict):
        raise refused(path, "must be an object of values by column")
    columns = {column["name"]: column["data_type"] for column in table["columns"]}
    for name, value in values.items():
        if name not in columns:
            raise refused(f"{path}.{name}", "is not a column of this table")
        wanted, fits = _TYPES[columns[name]]
        if value is not None and not fits(value):
            raise refused(f"{path}.{name}", f"must be {wanted}")
    return values


def _table(call: Call) -> JsonObject:
    return call.records.get("data_tables", call.arguments["uuid"])


def _row(call: Call) -> JsonObject:
    return call.records.get(ROWS, call.arguments["rowUuid"], table_uuid=_table(call)["uuid"])


def _shown(call: Call, row: JsonObject) -> JsonObject:
    return of_collection(call.records.collection(ROWS), row)
