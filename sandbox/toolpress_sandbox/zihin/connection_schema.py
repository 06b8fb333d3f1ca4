"""What the platform knows of a connected database: tables from its cache, and their meaning."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Refusal, Reply
from toolpress_sandbox.zihin.surface import is_unreachable


def get_connection_schema(call: Call) -> Reply:
    """A connection that was never read has no tables and `refreshed_at` null."""
    cache = _cache(call)
    return Reply({"schema": {"tables": cache.get("tables", [])}, "refreshed_at": cache.get("refreshed_at")})


def get_connection_semantic(call: Call) -> Reply:
    cache = _cache(call)
    return Reply({name: cache.get(name, []) for name in ("domains", "keywords", "entities")})


def refresh_connection_schema(call: Call) -> Reply:
    connection = call.records.get("connections", call.arguments["connection_id"])
    if is_unreachable(connection["connection_config"]["host"]):
        raise Refusal(502, "PROVIDER_ERROR", f"The database of {connection['name']} does not answer")
    known = call.records.find("connection_schemas", connection["id"])
    tables = known["tables"] if known else _introspected(call, connection)
    row: JsonObject = {
        "id": connection["id"],
        "tables": tables,
        "domains": known["domains"] if known else sorted({table["schema"] for table in tables}),
        "keywords": known["keywords"] if known else [table["name"] for table in tables],
        "entities": known["entities"] if known else [_entity(table) for table in tables],
        "refreshed_at": call.records.now(),
    }
    if known:
        call.records.update("connection_schemas", connection["id"], row)
    else:
        call.records.insert("connection_schemas", row)
    return Reply({"schema": {"tables": tables}, "refreshed_at": row["refreshed_at"]})


def _cache(call: Call) -> JsonObject:
    connection = call.records.get("connections", call.arguments["connection_id"])
    return call.records.find("connection_schemas", connection["id"]) or {}


def _introspected(call: Call, connection: JsonObject) -> list[JsonObject]:
    allowed = connection["settings"].get("allowed_tables")
    tables: list[JsonObject] = call.settings["introspected_tables"]
    return [table for table in tables if not allowed or f"{table['schema']}.{table['name']}" in allowed]


def _entity(table: JsonObject) -> JsonObject:
    return {
        "name": table["name"].removesuffix("s"),
        "table": f"{table['schema']}.{table['name']}",
        "key": table["columns"][0]["name"],
    }
