"""What goes through FastMCP, seen as the SDK sees it; the fast lane tells of its own requests itself."""

from __future__ import annotations

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from toolpress import fastmcp_seams
from toolpress.lane import LIST_METHODS
from toolpress.telemetry.events import Observer


class Watched:
    """SDK middleware that tells an observer of each message, and of each list."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        self._observer.asked(ctx.meta, ctx.protocol_version, fastmcp_seams.request_headers())
        result = await call_next(ctx)
        if ctx.method in LIST_METHODS:
            self._observer.listed(ctx.method)
        return result
