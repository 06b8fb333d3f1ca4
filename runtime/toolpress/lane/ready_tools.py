"""A list of tools made of the generated entries, where FastMCP would build an object of each and take it apart again.

It stands within the protocol library, so that stdio and the first list over HTTP have it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types.methods import validate_client_request
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from toolpress import fastmcp_seams
from toolpress.authorize import decide
from toolpress.contract import JsonObject
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.protocol_errors import protocol_error

_METHOD = "tools/list"


class ReadyTools:
    """SDK middleware; `is_bare` tells whether the server still holds nothing but the catalogue."""

    def __init__(self, executor: Executor, beside: JsonObject, is_bare: Callable[[], bool]) -> None:
        """`beside` is what a result of 2026-07-28 has beside the tools."""
        self._executor = executor
        self._beside = beside
        self._is_bare = is_bare

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method != _METHOD or not self._is_bare() or not _is_plain(ctx):
            return await call_next(ctx)
        try:
            principal = (await self._executor.caller()).principal
        except ToolpressError as error:
            raise protocol_error(error) from error
        index = self._executor.index
        seen = [info for info in index.tools if decide(principal, info, index.catalog).visible]
        tools = [index.listing(info.name) for info in seen]
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return {"tools": tools, "resultType": "complete", **self._beside}
        return {"tools": tools}


def _is_plain(ctx: ServerRequestContext[Any, Any]) -> bool:
    """A whole request for the first page, on a connection that may ask for it."""
    if (ctx.params or {}).get("cursor") is not None or not fastmcp_seams.connection_of(ctx).initialize_accepted:
        return False
    try:
        validate_client_request(_METHOD, ctx.protocol_version, ctx.params)
    except (KeyError, ValueError, ValidationError):
        return False
    return True
