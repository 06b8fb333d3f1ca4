"""Requests of the 2026-07-28 era as they stand on the wire, without a client that makes others on its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

VERSION = "2026-07-28"
_PREFIX = "io.modelcontextprotocol"


def request(method: str, key: str | Mapping[str, str], /, named: str | None = None, **params: Any) -> dict[str, Any]:
    """Headers and body for `httpx`; `named` is the tool, prompt or URI that the headers repeat.

    The key is sent as zihin has it; headers in its place are sent as they are.
    """
    headers = {
        **({"X-Api-Key": key} if isinstance(key, str) else key),
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": method,
        **({"Mcp-Name": named} if named else {}),
    }
    meta = {f"{_PREFIX}/protocolVersion": VERSION, f"{_PREFIX}/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    return {"headers": headers, "json": body}


def listen(key: str, *uris: str) -> dict[str, Any]:
    """The request that opens a stream of changes of these resources."""
    return request("subscriptions/listen", key, notifications={"resourceSubscriptions": list(uris)})


def call(key: str | Mapping[str, str], tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return request("tools/call", key, tool, name=tool, arguments=arguments)


async def messages(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The JSON-RPC messages of an event stream, as they come."""
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))
