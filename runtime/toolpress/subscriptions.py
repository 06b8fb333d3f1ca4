"""Who wants to hear that a resource changed, and telling them after a call through us that changed it.

In the handshake era a client subscribes to one URI on its session (`resources/subscribe`); since 2026-07-28 it keeps a
`subscriptions/listen` stream open. Only callers of the same tenant hear of a change, and only while their key may still
see the resource. Other server processes are not told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass

import mcp_types
from fastmcp import FastMCP
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import ListenHandler, ResourceUpdated, ServerEvent
from mcp.shared.exceptions import MCPError

from toolpress import fastmcp_seams
from toolpress.authorize import decide
from toolpress.contract import ToolInfo
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.principal import Caller
from toolpress.protocol_errors import protocol_error
from toolpress.surface import ResourceInfo

_LISTENER: ContextVar[Caller] = ContextVar("toolpress_listener")


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    """`tell` delivers a URI that it wants, and leaves alone one that it does not."""

    caller: Caller
    tell: Callable[[str], Awaitable[None]]


class Subscriptions:
    """The subscribers of one server to the resources of its catalogue."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._resources = {item.uri: item for item in executor.index.surface.resources}
        self._subscribers: dict[object, _Subscriber] = {}
        self._listen = ListenHandler(self)
        self._telling: set[asyncio.Task[None]] = set()

    def serve(self, mcp: FastMCP) -> None:
        """Answer the requests of both eras on this server, and hear of every change that the executor makes."""
        fastmcp_seams.handle(mcp, "resources/subscribe", mcp_types.SubscribeRequestParams, self.on_subscribe)
        fastmcp_seams.handle(mcp, "resources/unsubscribe", mcp_types.UnsubscribeRequestParams, self.on_unsubscribe)
        fastmcp_seams.handle(mcp, "subscriptions/listen", mcp_types.SubscriptionsListenRequestParams, self.on_listen)
        self._executor.on_change = self.changed

    def close(self) -> None:
        """End the open streams, so that a server that is told to stop does not wait for them."""
        self._listen.close()

    def changed(self, caller: Caller, tool: ToolInfo) -> None:
        """Tell whoever wants to hear of what the tool may have changed, after the call and apart from it."""
        touched = [item for item in self._resources.values() if tool.name in item.changed_by]
        if touched and self._subscribers:
            task = asyncio.get_running_loop().create_task(self._tell(caller.principal.tenant, touched))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def on_subscribe(
        self, context: ServerRequestContext, params: mcp_types.SubscribeRequestParams
    ) -> mcp_types.EmptyResult:
        caller = await self._caller()
        resource = self._resources.get(params.uri)
        if resource is None or not self._visible(caller, resource):
            raise MCPError(
                code=fastmcp_seams.INVALID_PARAMS,
                message=f"Resource not found: {params.uri!r}",
                data={"uri": params.uri},
            )
        session, connection = context.session, fastmcp_seams.connection_of(context)
        if not connection.has_standalone_channel:
            raise MCPError(
                code=fastmcp_seams.INVALID_REQUEST,
                message="This connection cannot be notified: it keeps no session. Read the resource again instead.",
            )
        key = (connection, params.uri)

        async def tell(uri: str) -> None:
            if uri == params.uri:
                await session.send_resource_updated(uri)

        if key not in self._subscribers:
            connection.exit_stack.callback(self._subscribers.pop, key, None)
        self._subscribers[key] = _Subscriber(caller, tell)
        return mcp_types.EmptyResult()

    async def on_unsubscribe(
        self, context: ServerRequestContext, params: mcp_types.UnsubscribeRequestParams
    ) -> mcp_types.EmptyResult:
        self._subscribers.pop((fastmcp_seams.connection_of(context), params.uri), None)
        return mcp_types.EmptyResult()

    async def on_listen(
        self, context: ServerRequestContext, params: mcp_types.SubscriptionsListenRequestParams
    ) -> mcp_types.SubscriptionsListenResult:
        """Acknowledges the URIs that the caller may see; the others are as if they did not exist."""
        caller = await self._caller()
        wanted = params.notifications.resource_subscriptions or []
        known = [uri for uri in wanted if uri in self._resources and self._visible(caller, self._resources[uri])]
        honoured = params.notifications.model_copy(update={"resource_subscriptions": known})
        token = _LISTENER.set(caller)
        try:
            with self._executor.observer.stream("subscription"):
                return await self._listen(context, params.model_copy(update={"notifications": honoured}))
        finally:
            _LISTENER.reset(token)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """A stream that opens (the SDK's SubscriptionBus); it chooses among the events by itself."""
        key = object()

        async def tell(uri: str) -> None:
            listener(ResourceUpdated(uri=uri))

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        self._subscribers[key] = _Subscriber(_LISTENER.get(), tell)
        return unsubscribe

    async def publish(self, event: ServerEvent) -> None:
        """Of the SDK's bus; nobody publishes past `changed`."""
        raise NotImplementedError

    async def _tell(self, tenant: str, resources: Iterable[ResourceInfo]) -> None:
        for resource in resources:
            for subscriber in list(self._subscribers.values()):
                if subscriber.caller.principal.tenant == tenant and await self._still_sees(subscriber, resource):
                    await subscriber.tell(resource.uri)

    async def _still_sees(self, subscriber: _Subscriber, resource: ResourceInfo) -> bool:
        try:
            return self._visible(await self._executor.caller_of(subscriber.caller.credential), resource)
        except ToolpressError:
            return False

    def _visible(self, caller: Caller, resource: ResourceInfo) -> bool:
        return decide(caller.principal, resource, self._executor.index.catalog).visible

    async def _caller(self) -> Caller:
        try:
            return await self._executor.caller()
        except ToolpressError as error:
            raise protocol_error(error) from error
