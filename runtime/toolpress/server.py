"""Put a catalogue behind FastMCP: the server object and its HTTP application."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import mcp_types
from fastmcp import FastMCP
from fastmcp.exceptions import NotFoundError
from fastmcp.server.event_store import EventStore
from fastmcp.server.http import StarletteWithLifespan
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult
from fastmcp.utilities.lifespan import combine_lifespans
from mcp.shared.exceptions import MCPError
from starlette.middleware import Middleware as AsgiMiddleware
from starlette.routing import BaseRoute, Mount

from toolpress import fastmcp_seams, health
from toolpress.cancellation import Cancellation
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.contract import Catalog
from toolpress.embedded import default_credential, running_sandbox, sandbox_base_url
from toolpress.entrance import entrance
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.extending import Extension, find_extension, hand_written
from toolpress.gate import Gate
from toolpress.instructions import RoleInstructions, instructions_for
from toolpress.kept_sessions import SessionOwner
from toolpress.oauth import open_store
from toolpress.principal import Credential
from toolpress.protocol_errors import KnownCaller, protocol_error
from toolpress.provider import CatalogProvider, offer
from toolpress.session_layer import SessionLayer
from toolpress.sessions import SessionBook
from toolpress.settings import Settings, base_url_override
from toolpress.streaming import Streaming
from toolpress.streams import Streams, process_is_leaving
from toolpress.subscriptions import Subscriptions
from toolpress.version import VERSION
from toolpress.waiting import WaitingProgress

MCP_PATH = "/mcp"


@dataclass(slots=True)
class Built:
    """A server and what the process around it needs. `upstream_url` and `sandbox_url` are final once it has started."""

    mcp: FastMCP[Any]
    executor: Executor
    settings: Settings
    subscriptions: Subscriptions
    sandbox_url: str | None = None
    draining: bool = False
    on_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.executor.index.catalog.name

    @property
    def upstream_url(self) -> str:
        return self.executor.client.upstream.base_url


def build_server(
    settings: Settings,
    catalog: Catalog,
    *,
    credential: Credential | None = None,
    base_url: str | None = None,
    stdio: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
    on_start: Callable[[Built], None] | None = None,
    extend: Sequence[Extension] = (),
) -> Built:
    """The server of one catalogue.

    `credential` is used for every call that no gate has vouched for: stdio. With `stdio` and a sandbox and no
    credential, the sandbox's own test key is used. `transport` replaces the network below httpx. `on_start` runs when
    the upstream is known and the server is about to answer. The functions of `extend`, and those that the settings
    name, then add to the server what is not in the catalogue.
    """
    extensions = [*map(find_extension, settings.extend), *extend]
    index = CatalogIndex(catalog)
    client = Client(catalog, base_url=base_url or base_url_override(catalog.name), transport=transport)
    executor = Executor(
        index,
        client,
        credential=credential,
        identity_ttl_s=settings.identity_ttl_s,
        headers=fastmcp_seams.request_headers,
    )
    built: Built

    @asynccontextmanager
    async def lifespan(_server: FastMCP[Any]) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            if settings.sandbox:
                sandbox = running_sandbox(index, data=settings.sandbox_data)
                built.sandbox_url = await asyncio.to_thread(sandbox.__enter__)
                stack.push_async_callback(asyncio.to_thread, sandbox.__exit__, None, None, None)
                client.upstream.point_to(sandbox_base_url(catalog, built.sandbox_url))
                if stdio:
                    executor.fallback = default_credential(index)
            if extensions:
                others = [other for other in mcp.providers if other is not provider]
                fastmcp_seams.skip_header_schema_lookup(mcp, await hand_written(others, index))
            if on_start is not None:
                on_start(built)
            for leave in built.on_stop:
                stack.push_async_callback(leave)
            built.draining = False
            try:
                yield {}
            finally:
                built.draining = True

    provider = CatalogProvider(executor)
    mcp: FastMCP[Any] = FastMCP(
        catalog.name,
        instructions=instructions_for(None, catalog, index.surface),
        version=VERSION,
        providers=[provider],
        middleware=[
            ProtocolErrors(executor),
            KnownCaller(executor),
            RoleInstructions(executor),
            WaitingProgress(index),
        ],
        lifespan=lifespan,
        dereference_schemas=False,
    )
    fastmcp_seams.skip_header_schema_lookup(mcp)
    for extension in extensions:
        extension(mcp)
    built = Built(mcp, executor, settings, offer(mcp, executor))
    for path, endpoint in health.endpoints(lambda: built.draining).items():
        mcp.custom_route(path, methods=["GET"])(endpoint)
    return built


def http_app(built: Built) -> StarletteWithLifespan:
    """The ASGI application: /mcp behind the gate, /healthz and /readyz open, and what belongs to the entrance."""
    app, root_routes = mountable(built)
    app.router.routes[:0] = root_routes
    return app


def mountable(built: Built, prefix: str = "") -> tuple[StarletteWithLifespan, tuple[BaseRoute, ...]]:
    """The application to be mounted at `prefix`, and the routes that must answer at the root of the host."""
    settings = built.settings
    entry = entrance(built.executor, settings, prefix)
    gate = AsgiMiddleware(
        Gate,
        executor=built.executor,
        find=entry.find,
        challenge=entry.challenge,
        path=MCP_PATH,
        body_limit=settings.body_limit,
        sessions=settings.stateful or built.executor.index.catalog.sessions is not None,
    )
    guarded: dict[str, Any] = {
        "path": MCP_PATH,
        "host_origin_protection": True,
        "allowed_hosts": [*settings.allowed_hosts, *settings.public_hosts],
        "allowed_origins": list(settings.allowed_origins),
    }
    if settings.stateful:
        owner = AsgiMiddleware(SessionOwner, leaving=_leaving(built))
        app = built.mcp.http_app(middleware=[gate, owner], event_store=EventStore(), retry_interval=1000, **guarded)
    else:
        streaming = built.mcp.http_app(path=MCP_PATH, stateless_http=True)
        layers = [gate, *_sessions(built), AsgiMiddleware(Cancellation), AsgiMiddleware(Streaming, streaming=streaming)]
        app = built.mcp.http_app(middleware=layers, json_response=True, stateless_http=True, **guarded)
        app.router.lifespan_context = combine_lifespans(app.lifespan, streaming.lifespan)
    if entry.aclose is not None:
        built.on_stop.append(entry.aclose)
    if not entry.routes:
        return app, ()
    # Outside the application and its guard of origins: a browser posts the consent page with `Origin: null`.
    outer = StarletteWithLifespan(routes=[*entry.routes, Mount("", app=app)], lifespan=app.lifespan)
    return outer, entry.root_routes


def _sessions(built: Built) -> Iterator[AsgiMiddleware]:
    """The layer that keeps sessions, where the catalogue has them."""
    catalog, settings = built.executor.index.catalog, built.settings
    if catalog.sessions is None:
        return
    store = open_store(settings.store_url)
    built.on_stop.append(store.aclose)
    key = settings.session_key.get_secret_value() if settings.session_key else secrets.token_hex()
    yield AsgiMiddleware(
        SessionLayer,
        book=SessionBook(catalog.name, catalog.sessions, store.keys, key),
        streams=Streams(_leaving(built)),
    )


def _leaving(built: Built) -> Callable[[], bool]:
    return lambda: built.draining or process_is_leaving()


class ProtocolErrors(Middleware):
    """Says in JSON-RPC what FastMCP would hide: an unknown tool, and a caller that cannot be told."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def on_list_tools(
        self,
        context: MiddlewareContext[mcp_types.ListToolsRequest],
        call_next: CallNext[mcp_types.ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        if not fastmcp_seams.in_request():
            return await call_next(context)
        try:
            await self._executor.caller()
        except ToolpressError as error:
            raise protocol_error(error) from error
        return await call_next(context)

    async def on_call_tool(
        self,
        context: MiddlewareContext[mcp_types.CallToolRequestParams],
        call_next: CallNext[mcp_types.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        try:
            return await call_next(context)
        except NotFoundError as error:
            raise MCPError(
                code=fastmcp_seams.INVALID_PARAMS, message=f"Unknown tool: {context.message.name}"
            ) from error
