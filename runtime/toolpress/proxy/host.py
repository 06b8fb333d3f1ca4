"""The host's end: who asks, what it is told without having asked, and how many of its questions are open."""

from __future__ import annotations

from typing import Any

import anyio
from mcp import ServerSession
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ToolsListChanged,
)
from mcp.shared.subscriptions import ServerEvent
from mcp_types import LoggingMessageNotification, LoggingMessageNotificationParams

from toolpress.proxy.lists import Name

LISTEN = "subscriptions/listen"
_EVENTS: dict[Name, ServerEvent] = {
    "tools": ToolsListChanged(),
    "resources": ResourcesListChanged(),
    "prompts": PromptsListChanged(),
}


class Host:
    """Middleware of the server towards the host, and its channel for notifications.

    A host of the handshake is told of a changed list on the pipe; one of 2026-07-28 through the stream that it opened
    with `subscriptions/listen`, which `listen` serves.
    """

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._session: ServerSession | None = None
        self._open = 0
        self._quiet = anyio.Event()
        self.listen = ListenHandler(self._bus)

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method != "initialize":
            self._session = ctx.session
        if ctx.request_id is None or ctx.method == LISTEN:
            return await call_next(ctx)
        self._open += 1
        try:
            return await call_next(ctx)
        finally:
            self._open -= 1
            self._quiet.set()

    async def answered(self) -> None:
        """Wait until no question of the host is open; its subscriptions, which stay open, do not count."""
        while self._open:
            self._quiet = anyio.Event()
            await self._quiet.wait()

    async def changed(self, name: Name) -> None:
        await self._bus.publish(_EVENTS[name])
        if self._session is None:
            return
        if name == "tools":
            await self._session.send_tool_list_changed()
        elif name == "resources":
            await self._session.send_resource_list_changed()
        else:
            await self._session.send_prompt_list_changed()

    async def log(self, params: LoggingMessageNotificationParams) -> None:
        """Pass a log message of the server on."""
        if self._session is not None:
            await self._session.send_notification(LoggingMessageNotification(params=params))
