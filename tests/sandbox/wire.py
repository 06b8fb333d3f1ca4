"""Requests for tests, built straight from a definition: code of the tests' own, not the runtime's or the sandbox's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from toolpress.contract import JsonObject
from toolpress_sandbox.definition import Address, Definition, OperationDef

OWNER = "zhn_test_acme_owner"
ADMIN = "zhn_test_acme_admin"
EDITOR = "zhn_test_acme_editor"
MEMBER = "zhn_test_acme_member"
GLOBEX = "zhn_test_globex_owner"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"


class NoRouteError(ValueError):
    """The switch argument picks no route, so no request can carry it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body, the body as a tool's result names its parts."""

    status: int
    body: JsonObject

    @property
    def code(self) -> str | None:
        code: str | None = self.body.get("code")
        return code

    def __getitem__(self, name: str) -> Any:
        assert self.status < 300, self.body
        return self.body[name]


class Driver:
    """Calls tools of a sandbox by name: `await sandbox("get_agent", agent_id=...)`."""

    def __init__(self, client: httpx.AsyncClient, definition: Definition) -> None:
        self.client = client
        self.definition = definition

    async def __call__(self, tool: str, key: str | None = OWNER, /, **arguments: Any) -> Answer:
        response = await self.raw(tool, key, arguments)
        body = result(response)
        data_as = self.definition.operations[tool].data_as
        if data_as and "data" in body:
            body[data_as] = body.pop("data")
        return Answer(response.status_code, body)

    async def raw(
        self, tool: str, key: str | None, arguments: JsonObject, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        method, path, own, body = request_parts(self.definition.operations[tool], arguments)
        credentials = {} if key is None else {"X-Api-Key": key}
        return await self.client.request(method, path, headers={**own, **credentials, **(headers or {})}, json=body)

    async def control(self, path: str, **body: Any) -> JsonObject:
        response = await self.client.post(f"/__sandbox__/{path}", json=body)
        assert response.status_code == 200, response.text
        document: JsonObject = response.json()
        return document


def request_parts(operation: OperationDef, arguments: JsonObject) -> tuple[str, str, dict[str, str], JsonObject | None]:
    """Method, path with query, headers and body of one call."""
    address = _address(operation, arguments)
    path, query, headers = address.path, list[tuple[str, str]](), dict[str, str]()
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


def _address(operation: OperationDef, arguments: JsonObject) -> Address:
    first = operation.addresses[0]
    if first.argument is None:
        return first
    for address in operation.addresses:
        if arguments.get(first.argument) == address.value:
            return address
    raise NoRouteError(first.argument)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
