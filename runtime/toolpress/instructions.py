"""What a client is told at the start, by the role of its key: on `initialize` and on `server/discover`."""

from __future__ import annotations

import mcp_types
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from toolpress.contract import Catalog
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.surface import Surface

_PLAIN = (
    "{title}: {description} The list of tools already reflects what your API key may do. "
    "Identifiers come from the listing tools; never invent one. Answers are JSON: `success: false` comes with `error`, "
    "`code` and often `fix`; `outcome: unknown` means that a change may have happened, so look before you repeat it."
)


def instructions_for(role: str | None, catalog: Catalog, surface: Surface) -> str:
    """The text for a role; for a caller that cannot be told, that of the role that may do least."""
    texts = dict(surface.instructions)
    lowest = texts.get(catalog.roles[-1]) or _PLAIN.format(title=catalog.title, description=catalog.description)
    return texts.get(role or "", lowest)


class RoleInstructions(Middleware):
    """Puts the caller's own text in the place of the general one."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def on_initialize(
        self,
        context: MiddlewareContext[mcp_types.InitializeRequest],
        call_next: CallNext[mcp_types.InitializeRequest, mcp_types.InitializeResult | None],
    ) -> mcp_types.InitializeResult | None:
        result = await call_next(context)
        return result and result.model_copy(update={"instructions": await self._text()})

    async def on_discover(
        self,
        context: MiddlewareContext[mcp_types.DiscoverRequest],
        call_next: CallNext[mcp_types.DiscoverRequest, mcp_types.DiscoverResult | dict[str, object]],
    ) -> mcp_types.DiscoverResult | dict[str, object]:
        result = await call_next(context)
        if not isinstance(result, mcp_types.DiscoverResult):
            return result
        return result.model_copy(update={"instructions": await self._text()})

    async def _text(self) -> str:
        index = self._executor.index
        role = None
        if index.surface.instructions:
            try:
                role = (await self._executor.caller()).principal.role
            except ToolpressError:
                role = None  # the first list or call will say what is wrong
        return instructions_for(role, index.catalog, index.surface)
