"""What a client sees of a catalogue as one short text: it changes when, and only when, a tool that it sees does."""

from __future__ import annotations

import hashlib
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from toolpress.authorize import decide
from toolpress.catalog import CatalogIndex
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.principal import Principal

META_KEY = "toolpress/fingerprint"
"""Where a list of tools carries it, in `_meta`."""


def fingerprint(principal: Principal, index: CatalogIndex) -> str:
    """16 hex digits over the names and digests of the visible tools, the digests that `tools.lock` holds."""
    seen = [f"{tool.name} {tool.digest}" for tool in index.tools if decide(principal, tool, index.catalog).visible]
    return hashlib.blake2b("\n".join(seen).encode(), digest_size=8).hexdigest()


class Fingerprinted:
    """SDK middleware that puts the fingerprint into every list of tools."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method != "tools/list" or not isinstance(result, dict):
            return result
        try:
            principal = (await self._executor.caller()).principal
        except ToolpressError:
            return result
        stamp = {META_KEY: fingerprint(principal, self._executor.index)}
        return {**result, "_meta": {**(result.get("_meta") or {}), **stamp}}
