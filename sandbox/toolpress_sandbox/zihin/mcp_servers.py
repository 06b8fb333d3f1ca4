"""Outside MCP servers of an agent, looked at once a minute. One whose host ends in `.invalid` does not answer."""

from __future__ import annotations

from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.replies import Reply, invalid
from toolpress_sandbox.zihin.surface import is_unreachable

CONNECTED, UNREACHABLE = "connected", "unreachable"


def list_mcp_servers(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    names = ("id", "name", "endpoint", "auth_method", "status", "is_active", "version")
    rows = [
        {**{name: row[name] for name in names}, "status": _status(call, row), "tools_count": len(row["tools"])}
        for row in call.records.all("mcp_servers", agent_id=agent["id"])
    ]
    return Reply({"mcp_servers": rows, "count": len(rows)})


def get_mcp_server(call: Call) -> Reply:
    server = _server(call)
    return Reply({"mcp_server": {**server, "status": _status(call, server)}})


def create_mcp_server(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    present = call.records.all("mcp_servers", agent_id=agent["id"])
    limit = call.settings["mcp_servers_per_agent"]
    if len(present) >= limit:
        raise invalid("agent_id", f"has {limit} MCP servers, the most an agent may have")
    if any(row["name"] == call.arguments["name"] for row in present):
        raise invalid("name", "is used by another MCP server of this agent")
    _check_secret(call)
    status = _found(call.arguments["endpoint"])
    reachable = status == CONNECTED
    row = {
        **call.arguments,
        "status": status,
        "tools": call.settings["offered_mcp_tools"] if reachable else [],
        "tools_cached_at": iso(call.now()) if reachable else None,
    }
    return Reply({"mcp_server": call.records.insert("mcp_servers", row)})


def update_mcp_server(call: Call) -> Reply:
    """Whether a new endpoint answers is known from the next look on."""
    server = _server(call)
    _check_secret(call)
    changes = {**call.changes(), "status": _status(call, server)}
    if "endpoint" in changes:
        changes["tools_cached_at"] = None
    return Reply({"mcp_server": call.records.update("mcp_servers", server["id"], changes)})


def test_mcp_server(call: Call) -> Reply:
    server = _server(call)
    status = _found(server["endpoint"])
    if status != CONNECTED:
        call.records.update("mcp_servers", server["id"], {"status": status}, quiet=True)
        return Reply({"reachable": False, "latency_ms": None, "tools": [], "error": "the host does not resolve"})
    tools = server["tools"] or call.settings["offered_mcp_tools"]
    fresh = {"status": status, "tools": tools, "tools_cached_at": iso(call.now())}
    call.records.update("mcp_servers", server["id"], fresh, quiet=True)
    return Reply({"reachable": True, "latency_ms": 41, "tools": tools, "error": None})


def invalidate_mcp_cache(call: Call) -> Reply:
    """Counts the servers whose tools were still cached."""
    agent = call.records.get("agents", call.arguments["agent_id"])
    wanted = call.arguments.get("mcp_server_id")
    if wanted is not None:
        call.records.get("mcp_servers", wanted, agent_id=agent["id"])
    oldest = iso(call.now() - timedelta(seconds=call.settings["mcp_cache_ttl_s"]))
    dropped = 0
    for row in call.records.all("mcp_servers", agent_id=agent["id"]):
        if wanted in (None, row["id"]):
            dropped += (row.get("tools_cached_at") or "") > oldest
            call.records.update("mcp_servers", row["id"], {"tools_cached_at": None}, quiet=True)
    return Reply({"invalidated": True, "servers": dropped})


def _server(call: Call) -> JsonObject:
    return call.records.get("mcp_servers", call.arguments["mcp_server_id"], agent_id=call.arguments["agent_id"])


def _status(call: Call, server: JsonObject) -> str:
    """What the last look found; the first is at the server's creation. A change since then is not seen yet."""
    interval = timedelta(seconds=call.settings["health_check_interval_s"])
    last = call.now() - (call.now() - parse_iso(server["created_at"])) % interval
    return server["status"] if parse_iso(server["updated_at"]) >= last else _found(server["endpoint"])


def _found(endpoint: str) -> str:
    return UNREACHABLE if is_unreachable(endpoint) else CONNECTED


def _check_secret(call: Call) -> None:
    reference = call.arguments.get("secret_ref")
    if reference is not None and not call.records.all("secrets", name=reference):
        raise invalid("secret_ref", "names no stored secret; create it first")
