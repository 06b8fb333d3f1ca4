"""Every place where FastMCP is touched below its documented surface, so that an upgrade has one file to check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.dependencies import fastmcp_request_ctx, get_http_request
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

__all__ = ["INTERNAL_ERROR", "INVALID_PARAMS", "in_request", "request_headers", "skip_header_schema_lookup"]


def skip_header_schema_lookup(server: FastMCP[Any]) -> None:
    """Keep a 2026-07-28 `tools/call` from running `tools/list`.

    The SDK compares `Mcp-Param-*` headers with the tool's schema and, unless told where schemas are, finds it by
    listing all tools. None of our schemas declares `x-mcp-header`, so there is nothing to compare.
    """
    server._mcp_server.get_tool_input_schema = _no_declared_headers  # noqa: SLF001 - no public way to set it


def _no_declared_headers(_name: str) -> None:
    return None


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
