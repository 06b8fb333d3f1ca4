"""The peers in Python: the same tools over the same upstream, as a reader of their manuals would build them.

python -m benchmarks.peers.servers KIND FOLDER PORT UPSTREAM
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args

MANY = 200
"""Connections that a client may keep to the upstream."""


@dataclass(frozen=True)
class Operation:
    """A tool's request, from the OpenAPI document."""

    method: str
    path: str
    in_path: frozenset[str]

    def request(self, arguments: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        """Method, path, and where the other arguments go."""
        rest = {name: value for name, value in arguments.items() if name not in self.in_path}
        place = "params" if self.method in ("GET", "DELETE") else "json"
        return self.method, self.path.format(**arguments), {place: rest} if rest else {}


class Catalogue:
    """What the press wrote about the tools."""

    def __init__(self, folder: Path) -> None:
        self.listing = json.loads((folder / "tools.json").read_text(encoding="utf-8"))["tools"]
        self.openapi = json.loads((folder / "openapi.json").read_text(encoding="utf-8"))
        self.operations = {
            entry["operationId"]: Operation(
                method.upper(),
                path,
                frozenset(each["name"] for each in entry.get("parameters", ()) if each["in"] == "path"),
            )
            for path, methods in self.openapi["paths"].items()
            for method, entry in methods.items()
        }


def openapi_stock(catalogue: Catalogue, upstream: str) -> Any:
    """`FastMCP.from_openapi` as it comes."""
    return _from_openapi(catalogue, upstream).http_app(path="/mcp")


def openapi_tuned(catalogue: Catalogue, upstream: str) -> Any:
    """The same with all that makes it faster and needs no other server."""
    return _tuned(_from_openapi(catalogue, upstream))


def _from_openapi(catalogue: Catalogue, upstream: str) -> Any:
    import httpx2
    from fastmcp import FastMCP

    limits = httpx2.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    client = httpx2.AsyncClient(base_url=upstream, limits=limits)
    return FastMCP.from_openapi(catalogue.openapi, client=client, name="peer")


def functions(catalogue: Catalogue, upstream: str) -> Any:
    """One typed function for each tool, with the tuning of `openapi_tuned`."""
    import httpx
    from fastmcp import FastMCP

    limits = httpx.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    client = httpx.AsyncClient(base_url=upstream, limits=limits)
    mcp: Any = FastMCP("peer")
    for info in importlib.import_module("toolpress_catalogs.bench.catalog").CATALOG.tools:
        module = importlib.import_module(f"toolpress_catalogs.bench.models.{info.module}")
        model = getattr(module, "".join(part.capitalize() for part in info.name.split("_")) + "Arguments")
        entry = next(each for each in catalogue.listing if each["name"] == info.name)
        function = _function(model, catalogue.operations[info.name], client)
        mcp.tool(function, name=info.name, title=entry["title"], description=entry["description"])
    return _tuned(mcp)


def _function(model: Any, operation: Operation, client: Any) -> Callable[..., Any]:
    async def call(**arguments: Any) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        method, path, rest = operation.request(model.model_validate(given).model_dump(mode="json", exclude_unset=True))
        answer = await client.request(method, path, **rest)
        answer.raise_for_status()
        return dict(answer.json())

    parameters = []
    for name, field in model.model_fields.items():
        required = field.is_required()
        kinds = tuple(kind for kind in get_args(field.annotation) if not _is_missing(kind))
        kind = field.annotation if required else Union[(*kinds, None)]
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if required else None,
                annotation=Annotated[kind, *_constraints(field)],
            )
        )
    call.__signature__ = inspect.Signature(parameters, return_annotation=dict[str, Any])  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": dict[str, Any]}
    return call


def _is_missing(kind: Any) -> bool:
    return "MISSING" in repr(kind)


def _constraints(field: Any) -> tuple[Any, ...]:
    from pydantic import Field

    return (Field(description=field.description, alias=field.alias), *field.metadata)


def low_level(catalogue: Catalogue, upstream: str) -> Any:
    """The SDK's low-level server; it checks no arguments."""
    import httpx2
    import mcp_types
    from mcp.server.lowlevel.server import Server

    limits = httpx2.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    client = httpx2.AsyncClient(base_url=upstream, limits=limits)
    tools = [mcp_types.Tool.model_validate(entry) for entry in catalogue.listing]

    async def list_tools(*_: Any) -> mcp_types.ListToolsResult:
        return mcp_types.ListToolsResult(tools=tools)

    async def call_tool(_: Any, params: Any) -> mcp_types.CallToolResult:
        method, path, rest = catalogue.operations[params.name].request(params.arguments or {})
        answer = await client.request(method, path, **rest)
        content: list[Any] = [mcp_types.TextContent(type="text", text=answer.text)]
        return mcp_types.CallToolResult(content=content, structured_content=answer.json())

    server: Any = Server("peer", on_list_tools=list_tools, on_call_tool=call_tool)
    server.get_tool_input_schema = lambda _: None
    return server.streamable_http_app(streamable_http_path="/mcp", stateless_http=True, json_response=True)


def _tuned(mcp: Any) -> Any:
    """Without a whole list on each call, to look for an x-mcp-header that no schema has; plain JSON, no sessions."""
    mcp._mcp_server.get_tool_input_schema = lambda _: None  # noqa: SLF001 - there is no public word for it
    return mcp.http_app(path="/mcp", json_response=True, stateless_http=True)


KINDS: dict[str, Callable[[Catalogue, str], Any]] = {
    "openapi-stock": openapi_stock,
    "openapi-tuned": openapi_tuned,
    "functions": functions,
    "low-level": low_level,
}


def main(kind: str, folder: str, port: str, upstream: str) -> None:
    import uvicorn

    logging.getLogger().setLevel(logging.WARNING)
    app = KINDS[kind](Catalogue(Path(folder)), upstream)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
