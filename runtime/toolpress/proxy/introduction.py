"""Whose the key is, as the server says: for the log alone, and never in the way of anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
from mcp import Client
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent

from toolpress.contract import Identity
from toolpress.proxy.failures import classify
from toolpress.proxy.lists import Lists

_PATIENCE_S = 10.0


async def introduce(client: Client, identity: Identity, lists: Lists, say: Callable[[str], None]) -> None:
    """Call the identity tool, if the server has it, and print what its answer says."""
    if lists.tool(identity.tool) is None:
        say(f"the server has no {identity.tool}")
        return
    params = CallToolRequestParams(name=identity.tool, arguments=dict(identity.arguments))
    try:
        with anyio.fail_after(_PATIENCE_S):
            answer = await client.session.send_request(CallToolRequest(params=params), CallToolResult)
    except Exception as error:  # noqa: BLE001 - a key that works is known by its calls
        say(f"{identity.tool} does not answer: {classify(error).message}")
        return
    facts = _facts(answer)
    say(f"{identity.tool}: {', '.join(facts)}" if facts else f"{identity.tool} does not say whose the key is")


def _facts(answer: CallToolResult) -> list[str]:
    """Its plain members, as `role owner`."""
    members: Any = answer.structured_content
    if members is None and answer.content and isinstance(answer.content[0], TextContent):
        try:
            members = json.loads(answer.content[0].text)
        except ValueError:
            return []
    if answer.is_error or not isinstance(members, dict):
        return []
    return [f"{name} {value}" for name, value in members.items() if isinstance(value, str)]
