"""Every place where FastMCP is touched below its documented surface, so that an upgrade has one file to check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fastmcp import FastMCP
from fastmcp.server.dependencies import fastmcp_request_ctx, get_http_request
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST
from pydantic import BaseModel

from toolpress.contract import JsonObject

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "connection_of",
    "handle",
    "handles",
    "in_request",
    "request_headers",
    "skip_header_schema_lookup",
    "wants_progress",
]

Params = TypeVar("Params", bound=BaseModel)


def skip_header_schema_lookup(server: FastMCP[Any], others: Mapping[str, JsonObject] = MappingProxyType({})) -> None:
    """Keep a 2026-07-28 `tools/call` from running `tools/list`.

    The SDK compares `Mcp-Param-*` headers with the tool's schema and, unless told where schemas are, finds it by
    listing all tools. None of our schemas declares `x-mcp-header`, so there is nothing to compare; `others` has those
    of tools that are not ours.
    """
    server._mcp_server.get_tool_input_schema = others.get  # noqa: SLF001 - no public way to set it


def handle(
    server: FastMCP[Any],
    method: str,
    params: type[Params],
    handler: Callable[[ServerRequestContext, Params], Awaitable[BaseModel]],
) -> None:
    """Answer a method that FastMCP leaves to nobody; its capability is declared with that."""
    server._mcp_server.add_request_handler(method, params, handler)  # noqa: SLF001 - no public way to add one


def handles(server: FastMCP[Any], method: str) -> bool:
    """Whether a method has its handler already."""
    return server._mcp_server.get_request_handler(method) is not None  # noqa: SLF001 - no public way to ask


def connection_of(context: ServerRequestContext) -> Connection:
    """The client's connection, which outlives the request: what ends with it is put on its exit stack."""
    return context.session._connection  # noqa: SLF001 - the session shows its id alone, and not always


def wants_progress() -> bool:
    """Whether the client sent a token for progress with the request that is being served."""
    request = fastmcp_request_ctx.get()
    return bool(request and request.meta and "progressToken" in request.meta)


def in_request() -> bool:
    """Whether a client's request is being served, as against Python code that looks at the server itself."""
    return fastmcp_request_ctx.get() is not None


def request_headers() -> Iterable[tuple[bytes, bytes]] | None:
    """Raw headers of the HTTP request being served, credentials included, or None over stdio and in memory.

    `get_http_headers` hides credentials, hence the request itself.
    """
    try:
        request = get_http_request()
    except RuntimeError:
        return None
    headers: list[tuple[bytes, bytes]] = request.headers.raw
    return headers
