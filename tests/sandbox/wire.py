"""Requests for tests, built straight from a definition: the tests' own code, neither the runtime's nor the sandbox's."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from toolpress.contract import JsonObject
from toolpress_sandbox.definition import Definition, OperationDef


def request_parts(operation: OperationDef, arguments: JsonObject) -> tuple[str, str, dict[str, str], JsonObject | None]:
    """Method, path with query, headers and body of one call."""
    address = operation.addresses[0]
    for candidate in operation.addresses:
        if candidate.argument is not None and arguments.get(candidate.argument) == candidate.value:
            address = candidate
    path, query, headers = address.path, [], {}
    body: JsonObject = {}
    for param in operation.params:
        if param.name not in arguments:
            continue
        value = arguments[param.name]
        if param.location == "path":
            path = path.replace("{" + param.name + "}", quote(str(value), safe=""))
        elif param.location == "query":
            query += [(param.wire_name, _text(item)) for item in (value if isinstance(value, list) else [value])]
        elif param.location == "header":
            headers[param.wire_name] = str(value)
        elif param.location == "body":
            body[param.wire_name] = value
    has_body = any(param.location == "body" for param in operation.params)
    return address.method, path + (f"?{urlencode(query)}" if query else ""), headers, body if has_body else None


async def call(
    client: httpx.AsyncClient,
    definition: Definition,
    tool: str,
    arguments: JsonObject | None = None,
    key: str | None = "zhn_test_acme_owner",
    **extra: str,
) -> httpx.Response:
    method, path, headers, body = request_parts(definition.operations[tool], arguments or {})
    if key is not None:
        headers["X-Api-Key"] = key
    headers.update({name.replace("_", "-"): value for name, value in extra.items()})
    return await client.request(method, path, headers=headers, json=body)


def result(response: httpx.Response) -> JsonObject:
    """The answer as one object; of a stream the response and metrics events, or the error event."""
    if not response.headers["content-type"].startswith("text/event-stream"):
        document: JsonObject = response.json()
        return document
    merged: JsonObject = {}
    for name, payload in events(response):
        if name in ("response", "metrics", "error"):
            merged.update(payload)
    return merged


def events(response: httpx.Response) -> list[tuple[str, JsonObject]]:
    found = []
    for block in response.text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
