"""Database connections. A password is checked for presence and then forgotten."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin.surface import is_unreachable

MASK = "********"


def create_connection(call: Call) -> Reply:
    row = _masked(call.arguments)
    connection = call.records.insert("connections", row)
    _keep_one_primary(call, connection)
    return Reply({"connection": connection})


def update_connection(call: Call) -> Reply:
    connection = call.records.get("connections", call.arguments["connection_id"])
    connection = call.records.update("connections", connection["id"], _masked(call.changes()))
    _keep_one_primary(call, connection)
    return Reply({"connection": connection})


def test_connection(call: Call) -> Reply:
    """A database that does not answer is a result, not an error of the call."""
    connection = call.records.get("connections", call.arguments["connection_id"])
    if is_unreachable(connection["connection_config"]["host"]):
        return Reply({"connected": False, "latency_ms": None, "error": "could not resolve the host name"})
    return Reply({"connected": True, "latency_ms": 23, "error": None})


def _masked(row: JsonObject) -> JsonObject:
    if "connection_config" not in row:
        return row
    return {**row, "connection_config": {"port": 5432, "ssl": False, **row["connection_config"], "password": MASK}}


def _keep_one_primary(call: Call, connection: JsonObject) -> None:
    if not connection["is_primary"]:
        return
    for other in call.records.all("connections", is_primary=True):
        if other["id"] != connection["id"]:
            call.records.update("connections", other["id"], {"is_primary": False})
