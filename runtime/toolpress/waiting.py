"""Progress of a catalogue's tool: while the product has not answered, the client hears for how long it has not."""

from __future__ import annotations

import asyncio
import time

import mcp_types
from fastmcp.server.context import Context
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult

from toolpress import fastmcp_seams
from toolpress.catalog import CatalogIndex

EVERY_S = 5.0


def told(passed_s: float) -> str:
    """What a client hears of a call that has not been answered for so long."""
    return f"No answer yet after {passed_s:.0f} s."


class WaitingProgress(Middleware):
    """For calls that ask for progress; hand-written tools report their own."""

    def __init__(self, index: CatalogIndex) -> None:
        self._index = index

    async def on_call_tool(
        self,
        context: MiddlewareContext[mcp_types.CallToolRequestParams],
        call_next: CallNext[mcp_types.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        call = context.fastmcp_context
        if call is None or self._index.get(context.message.name) is None or not fastmcp_seams.wants_progress():
            return await call_next(context)
        telling = asyncio.create_task(self._tell(call))
        try:
            return await call_next(context)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)  # a client that no longer listens spoils no result

    async def _tell(self, call: Context) -> None:
        start = time.monotonic()
        while True:
            await asyncio.sleep(EVERY_S)
            passed = time.monotonic() - start
            await call.report_progress(passed, message=told(passed))
