"""How the sandbox's agent uses tools: it calls those that the message names and makes up the same answer every time."""

from __future__ import annotations

import json
import re
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.zihin.policies import needs_approval

_VALUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{2,}-\d+|\d+")
DURATION_MS = {"api": 210, "db": 85, "mcp": 140}


def run(
    call: Call, tools: list[JsonObject], behavior: JsonObject, message: str, execution: JsonObject
) -> list[JsonObject]:
    """Rows {name, source, input, output, error, duration_ms}; a gated tool leaves an approval request instead."""
    text = message.casefold()
    chosen = [tool for tool in tools if tool["source"] in DURATION_MS and _is_named(tool["name"], text)]
    limit = behavior.get("max_tool_calls")
    entries: list[JsonObject] = []
    for tool in chosen[: limit if limit is not None else len(chosen)]:
        arguments = _arguments(tool["input_schema"], message)
        entry: JsonObject = {"name": tool["name"], "source": tool["source"], "input": arguments, "error": None}
        if needs_approval(behavior, tool):
            request = _request(call, tool, arguments, behavior, execution)
            entry |= {"output": {"status": "pending_approval", "approval_id": request["id"]}, "duration_ms": 0}
        else:
            entry |= {"output": _output(tool, arguments), "duration_ms": DURATION_MS[tool["source"]]}
        entries.append(entry)
    return entries


def as_text(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _is_named(name: str, text: str) -> bool:
    folded = name.casefold()
    return folded in text or folded.replace("_", " ") in text


def _arguments(schema: JsonObject, message: str) -> JsonObject:
    """Numbers and ids of the message in the order of the required arguments."""
    values = iter(_VALUE.findall(message))
    properties = schema.get("properties", {})
    arguments: JsonObject = {}
    for name in schema.get("required", ()):
        value = next(values, "unknown")
        numeric = properties.get(name, {}).get("type") in ("integer", "number") and value.isdigit()
        arguments[name] = int(value) if numeric else value
    return arguments


def _output(tool: JsonObject, arguments: JsonObject) -> JsonObject:
    if tool["source"] == "db":
        return {"rows": [{**arguments, "number": "SO-1", "total": 120.5}], "row_count": 1}
    return {**arguments, "status": "ok"}


def _request(
    call: Call, tool: JsonObject, arguments: JsonObject, behavior: JsonObject, execution: JsonObject
) -> JsonObject:
    """An approval request with the arguments frozen as they are now."""
    policy_id = behavior.get("approval_policy_id")
    policy = call.records.find("approval_policies", policy_id) if policy_id else None
    stage = policy["stages"][0].get("name", "1") if policy else "requester"
    return call.records.insert(
        "approvals",
        {
            "agent_id": execution["agent_id"],
            "session_id": execution["session_id"],
            "tool_name": tool["name"],
            "arguments": arguments,
            "requester": {"key_id": call.caller.key_id or None, "role": call.caller.role or None},
            "policy_id": policy["id"] if policy else None,
            "stage": stage,
        },
    )
