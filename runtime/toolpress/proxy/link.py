"""One connection to the server, from its handshake until the last call on it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import anyio
import httpx2
from anyio.abc import TaskStatus
from mcp import Client
from mcp.client.session import LoggingFnT, MessageHandlerFnT
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from toolpress.proxy.edge import Edge
from toolpress.proxy.failures import FailedError, Failure, Kind, lost
from toolpress.proxy.settings import ProxySettings
from toolpress.version import VERSION

T = TypeVar("T")
Report = Callable[[BaseException], object]
Connect = Callable[[Report], AbstractAsyncContextManager[Client]]
"""Opens a session; its argument is called when the session is found to be lost."""

NAME = "toolpress-proxy"
_CONNECT_S = 10.0
ASK_S = 30.0
"""How long a list, a read or the handshake may take."""


def connector(settings: ProxySettings, on_message: MessageHandlerFnT, on_log: LoggingFnT) -> Connect:
    """How sessions with the server of these settings are opened."""

    @asynccontextmanager
    async def connect(report: Report) -> AsyncIterator[Client]:
        def stream_lost(reason: str) -> None:
            report(FailedError(Failure(Kind.CONNECTION, reason)))

        timeout = httpx2.Timeout(None, connect=_CONNECT_S)  # calls have a limit of their own
        async with Edge(headers=dict(settings.headers), timeout=timeout, on_stream_lost=stream_lost) as http:
            transport = streamable_http_client(settings.url, http_client=http, max_sse_event_size=None)
            async with Client(
                transport,
                client_info=Implementation(name=NAME, version=VERSION),
                read_timeout_seconds=ASK_S,
                message_handler=on_message,
                logging_callback=on_log,
                cache=None,
            ) as client:
                yield client

    return connect


class Link:
    """A session that lives in a task of its own and closes once it is retired and nothing runs on it."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._running = 0
        self._retired = anyio.Event()
        self._drained = anyio.Event()
        self.closed = anyio.Event()

    @property
    def client(self) -> Client:
        if self._client is None:
            raise RuntimeError("a link is used once it is open")
        return self._client

    @property
    def busy(self) -> bool:
        return self._running > 0

    async def use(self, send: Callable[[Client], Awaitable[T]]) -> T:
        """Run something on the session; it stays open until then."""
        self._running += 1
        try:
            return await send(self.client)
        finally:
            self._running -= 1
            self._settle()

    def retire(self) -> None:
        """Close as soon as nothing runs any more."""
        self._retired.set()
        self._settle()

    def _settle(self) -> None:
        if self._retired.is_set() and not self._running:
            self._drained.set()

    async def run(
        self, connect: Connect, report: Callable[[Link, BaseException], Any], *, task_status: TaskStatus[None]
    ) -> None:
        """Open the session, say so, and keep it; what fails before is raised, what fails later is lost."""
        try:
            async with connect(lambda error: report(self, error)) as client:
                self._client = client
                task_status.started()
                await self._drained.wait()
        except Exception as error:
            if self._client is None:
                raise
            report(self, lost(error))
        finally:
            self.closed.set()
