"""The requests of clients that want to hear of changes.

In the handshake era a client subscribes to one URI on its session (`resources/subscribe`): on a connection that lasts,
or in a sealed session, whose subscriptions the store keeps and whose GET stream tells of them. Since 2026-07-28 it
keeps a `subscriptions/listen` stream open.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

import mcp_types
from fastmcp import FastMCP
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import ListenHandler, ResourceUpdated, ServerEvent
from mcp.shared.exceptions import MCPError

from toolpress import fastmcp_seams
from toolpress.audience import Audience, Event, Leave
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.gate import SESSION
from toolpress.principal import Caller
from toolpress.protocol_errors import protocol_error

if TYPE_CHECKING:
    from toolpress.sessions import OpenSession

_LISTENER: ContextVar[tuple[Caller, frozenset[str]]] = ContextVar("toolpress_listener")
"""Who opens a stream, and for which URIs."""


class Subscriptions:
    """The answers of one server to such requests."""

    def __init__(self, executor: Executor, audience: Audience) -> None:
        self._executor = executor
        self.audience = audience
        self._of_connection: dict[Connection, dict[str, Leave]] = {}
        self._listen = ListenHandler(self)

    def serve(self, mcp: FastMCP) -> None:
        """Answer the requests of both eras on this server."""
        fastmcp_seams.handle(mcp, "resources/subscribe", mcp_types.SubscribeRequestParams, self.on_subscribe)
        fastmcp_seams.handle(mcp, "resources/unsubscribe", mcp_types.UnsubscribeRequestParams, self.on_unsubscribe)
        fastmcp_seams.handle(mcp, "subscriptions/listen", mcp_types.SubscriptionsListenRequestParams, self.on_listen)

    def close(self) -> None:
        """End the open streams, so that a server that is told to stop does not wait for them."""
        self._listen.close()

    async def on_subscribe(
        self, context: ServerRequestContext, params: mcp_types.SubscribeRequestParams
    ) -> mcp_types.EmptyResult:
        try:
            caller = await self._executor.caller()
            if not self.audience.may_see(caller, params.uri):
                raise MCPError(
                    code=fastmcp_seams.INVALID_PARAMS,
                    message=f"Resource not found: {params.uri!r}",
                    data={"uri": params.uri},
                )
            session = _session_of(context)
            if session is not None:
                await session.subscribe(params.uri)
            else:
                self._subscribe_connection(context, caller, params.uri)
        except ToolpressError as error:
            raise protocol_error(error) from error
        return mcp_types.EmptyResult()

    async def on_unsubscribe(
        self, context: ServerRequestContext, params: mcp_types.UnsubscribeRequestParams
    ) -> mcp_types.EmptyResult:
        session = _session_of(context)
        if session is None:
            self._unsubscribe_connection(fastmcp_seams.connection_of(context), params.uri)
            return mcp_types.EmptyResult()
        try:
            await session.unsubscribe(params.uri)
        except ToolpressError as error:
            raise protocol_error(error) from error
        return mcp_types.EmptyResult()

    def _subscribe_connection(self, context: ServerRequestContext, caller: Caller, wanted: str) -> None:
        session, connection = context.session, fastmcp_seams.connection_of(context)
        if not connection.has_standalone_channel:
            raise MCPError(
                code=fastmcp_seams.INVALID_REQUEST,
                message="This connection cannot be notified: it keeps no session. Read the resource again instead.",
            )

        async def wants(uri: str) -> bool:
            return uri == wanted

        async def tell(event: Event) -> None:
            if isinstance(event, ResourceUpdated):
                await session.send_resource_updated(event.uri)

        if connection not in self._of_connection:
            self._of_connection[connection] = {}
            connection.exit_stack.callback(self._forget, connection)
        self._unsubscribe_connection(connection, wanted)
        self._of_connection[connection][wanted] = self.audience.join(caller, wants, tell)

    def _unsubscribe_connection(self, connection: Connection, uri: str) -> None:
        leave = self._of_connection.get(connection, {}).pop(uri, None)
        if leave is not None:
            leave()

    def _forget(self, connection: Connection) -> None:
        for leave in self._of_connection.pop(connection).values():
            leave()

    async def on_listen(
        self, context: ServerRequestContext, params: mcp_types.SubscriptionsListenRequestParams
    ) -> mcp_types.SubscriptionsListenResult:
        """Acknowledges the URIs that the caller may see; the others are as if they did not exist."""
        try:
            caller = await self._executor.caller()
        except ToolpressError as error:
            raise protocol_error(error) from error
        wanted = params.notifications.resource_subscriptions or []
        known = [uri for uri in wanted if self.audience.may_see(caller, uri)]
        honoured = params.notifications.model_copy(update={"resource_subscriptions": known})
        token = _LISTENER.set((caller, frozenset(known)))
        try:
            with self._executor.observer.stream("subscription"):
                return await self._listen(context, params.model_copy(update={"notifications": honoured}))
        finally:
            _LISTENER.reset(token)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Leave:
        """A stream that opens (the SDK's SubscriptionBus); it chooses among the events by itself."""
        caller, known = _LISTENER.get()

        async def wants(uri: str) -> bool:
            return uri in known

        async def tell(event: Event) -> None:
            listener(event)

        return self.audience.join(caller, wants, tell)

    async def publish(self, event: ServerEvent) -> None:
        """Of the SDK's bus; what is published goes over ours."""
        raise NotImplementedError


def _session_of(context: ServerRequestContext) -> OpenSession | None:
    """The sealed session of the request, where the server has such."""
    session: OpenSession | None = context.request.scope.get(SESSION) if context.request is not None else None
    return session
