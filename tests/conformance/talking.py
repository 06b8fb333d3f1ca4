"""Tools that say something before they answer."""

from __future__ import annotations

from fastmcp import FastMCP
from fastmcp.server.context import Context


def add_to(mcp: FastMCP) -> None:
    @mcp.tool
    async def test_tool_with_logging(ctx: Context) -> str:
        """Tell in three log messages what is being done."""
        for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(message)
        return "Logged."

    @mcp.tool
    async def test_logging_tool(ctx: Context) -> str:
        """Log one message, for clients that asked for messages."""
        await ctx.info("Working.")
        return "Logged."

    @mcp.tool
    async def test_tool_with_progress(ctx: Context) -> str:
        """Report progress from nothing to all."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
        return "Done."

    @mcp.tool
    async def test_reconnection(ctx: Context) -> str:
        """Hang up, and answer when the client comes back."""
        await ctx.close_sse_stream()
        return "Reconnection test completed."
