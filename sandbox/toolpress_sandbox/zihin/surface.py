"""The tools that an agent would have at run time: built in, API, database and outside MCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.zihin.documents import active_schemas, judge
from toolpress_sandbox.zihin.policies import rules_for

_ANY_INPUT: JsonObject = {"type": "object", "properties": {}}


def is_unreachable(address: str) -> bool:
    """Hosts under `.invalid` never answer: the way to see a failure on the sandbox."""
    host = address.partition("://")[2] or address
    return host.partition("/")[0].partition(":")[0].endswith(".invalid")


def resolve(call: Call, agent: JsonObject) -> list[JsonObject]:
    """Rows {name, source, status resolved|error, error, description, input_schema, mcp_server_id?}."""
    blocked = set(rules_for(call, agent["id"]).get("behavior", {}).get("must_not_tools", ()))
    schemas = active_schemas(call, agent["id"])
    tools = [*_core(call, agent), *_declared(call, agent, schemas), *_mcp(call, agent, schemas)]
    for tool in tools:
        if tool["name"] in blocked and tool["error"] is None:
            tool["error"] = "blocked_by_csp"
        tool["status"] = "resolved" if tool["error"] is None else "error"
    return tools


def names(call: Call, agent: JsonObject) -> set[str]:
    """Every name that means something on this agent, blocked or not."""
    return {tool["name"] for tool in resolve(call, agent)}


def _tool(name: str, source: str, description: str = "", error: str | None = None, **more: Any) -> JsonObject:
    row: JsonObject = {"name": name, "source": source, "status": "resolved", "error": error}
    return {**row, "description": description, "input_schema": _ANY_INPUT, **more}


def _core(call: Call, agent: JsonObject) -> Iterator[JsonObject]:
    if agent.get("memory_enabled"):
        for name in call.settings["core_tools"]:
            yield _tool(name, "core")
    if agent["type"] == "orchestrator":
        yield _tool("invoke_agent", "core", "Hand a question to another agent.")


def _declared(call: Call, agent: JsonObject, schemas: list[JsonObject]) -> Iterator[JsonObject]:
    for schema in schemas:
        source = {"api_config": "api", "db_config": "db"}.get(schema["schema_type"])
        if source is None:
            continue
        data = schema["schema_data"]
        verdict = judge(call, schema["schema_type"], data, agent["id"])
        definition = data.get("tool_definition", {})
        error = None if verdict.valid else f"{verdict.errors[0]['path']}: {verdict.errors[0]['message']}"
        yield _tool(
            definition.get("name") or schema.get("name") or schema["id"],
            source,
            definition.get("description", ""),
            error or _connection_error(call, data.get("connection_id")),
            input_schema=definition.get("input_schema", _ANY_INPUT),
            schema_id=schema["id"],
        )


def _connection_error(call: Call, connection_id: str | None) -> str | None:
    connection = call.records.find("connections", connection_id) if connection_id else None
    if connection is not None and not connection["is_active"]:
        return "the connection is switched off"
    return None


def _mcp(call: Call, agent: JsonObject, schemas: list[JsonObject]) -> Iterator[JsonObject]:
    """A server gives all its tools until schemas choose some of them."""
    chosen = [schema["schema_data"] for schema in schemas if schema["schema_type"] == "mcp_tool_config"]
    for server in call.records.all("mcp_servers", agent_id=agent["id"]):
        offered = {tool["name"]: tool for tool in server["tools"]}
        picks = [data for data in chosen if data.get("mcp_server_id") == server["id"]]
        wanted = [data["tool_name"] for data in picks if data.get("enabled", True)] if picks else list(offered)
        for name in wanted:
            error = None
            if not server["is_active"]:
                error = "the MCP server is switched off"
            elif is_unreachable(server["endpoint"]):
                error = "the MCP server does not answer"
            elif name not in offered:
                error = "the MCP server offers no such tool"
            description = offered.get(name, {}).get("description", "")
            yield _tool(f"{server['name']}_{name}", "mcp", description, error, mcp_server_id=server["id"])
