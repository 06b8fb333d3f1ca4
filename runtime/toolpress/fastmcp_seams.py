"""Every place where FastMCP is touched below its documented surface, so that an upgrade has one file to check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from fastmcp import FastMCP
from fastmcp.server.dependencies import fastmcp_request_ctx, get_http_request
from mcp.server.caching import CacheHint
from mcp.server.connection import Connection
from mcp.server.context import ServerMiddleware, ServerRequestContext
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST
from mcp_types import SERVER_INFO_META_KEY as SERVER_INFO
from pydantic import BaseModel

from toolpress.contract import JsonObject

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "SERVER_INFO",
    "Additions",
    "additions",
    "answer_around",
    "connection_of",
    "handle",
    "handles",
    "hint_caches",
    "in_request",
    "request_headers",
    "server_info",
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


@dataclass(frozen=True, slots=True)
class Additions:
    """What a server holds, by how it touches a request: all of them, names and lists, or lists alone."""

    middleware: tuple[object, ...]
    transforms: tuple[object, ...]
    components: tuple[object, ...]


def additions(server: FastMCP[Any]) -> Additions:
    """Compared by identity: whatever is added to the server later makes another value."""
    low, local = server._mcp_server, server._local_provider  # noqa: SLF001 - what runs is told nowhere else
    own = [*server.transforms, *(each for provider in server.providers for each in provider.transforms)]
    return Additions(
        middleware=(*server.middleware, *low.middleware),
        transforms=tuple(own),
        components=(*server.providers, *local._components),  # noqa: SLF001 - the public list is made by coroutines
    )


def server_info(server: FastMCP[Any]) -> dict[str, Any]:
    """The name and version that the server puts into results of 2026-07-28."""
    stamp: dict[str, Any] = server._mcp_server.server_info_stamp  # noqa: SLF001 - no public way to see it
    return stamp


def hint_caches(server: FastMCP[Any], hints: dict[str, CacheHint]) -> None:
    """For how long, and for whom, clients may keep the answers to these methods; FastMCP has one hint for all."""
    server._mcp_server.cache_hints.update(hints)  # noqa: SLF001 - the same


def answer_around(server: FastMCP[Any], middleware: ServerMiddleware[Any]) -> None:
    """Run around every answer of the server, which it sees as it goes over the wire."""
    server._mcp_server.middleware.append(middleware)  # noqa: SLF001 - FastMCP's middleware sees objects, not the wire


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
