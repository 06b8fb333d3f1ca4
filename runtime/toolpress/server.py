"""Put a catalogue behind FastMCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastmcp import FastMCP
from mcp.server.caching import CacheHint

from toolpress import fastmcp_seams, health
from toolpress.audience import Audience
from toolpress.bus import Bus, open_bus
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.contract import Catalog
from toolpress.embedded import default_credential, running_sandbox, sandbox_base_url
from toolpress.executor import Executor
from toolpress.extending import Extension, find_extension, hand_written
from toolpress.fastmcp_seams import Additions
from toolpress.fingerprint import Fingerprinted
from toolpress.instructions import RoleInstructions, instructions_for
from toolpress.lane import LIST_METHODS, ReadyTools
from toolpress.principal import Credential
from toolpress.protocol_errors import KnownCaller, UnknownTools
from toolpress.provider import CatalogProvider, offer
from toolpress.settings import Settings, base_url_override
from toolpress.subscriptions import Subscriptions
from toolpress.telemetry import SILENT, Observe
from toolpress.telemetry.requests import Watched
from toolpress.telemetry.watching import ambient
from toolpress.version import VERSION
from toolpress.waiting import WaitingProgress

_SHARED_LIST_TTL_MS = 300_000
"""Lists that are the same for every key change with a release alone."""


@dataclass(slots=True)
class Built:
    """A server and what the process around it needs. `upstream_url` and `sandbox_url` are final once it has started."""

    mcp: FastMCP[Any]
    executor: Executor
    settings: Settings
    subscriptions: Subscriptions
    bare: Additions
    """What the server held when it was built."""
    sandbox_url: str | None = None
    draining: bool = False
    on_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.executor.index.catalog.name

    def drain(self) -> None:
        """The process was told to stop: say so to probes, and end the streams that clients listen on."""
        self.draining = True
        self.subscriptions.close()
        self.executor.observer.draining()

    @property
    def upstream_url(self) -> str:
        return self.executor.client.upstream.base_url

    def use_sandbox(self, address: str) -> None:
        """Have a running sandbox in the product's place; only before the first request."""
        self.sandbox_url = address
        self.executor.client.upstream.point_to(sandbox_base_url(self.executor.index.catalog, address))


def build_server(
    settings: Settings,
    catalog: Catalog,
    *,
    credential: Credential | None = None,
    base_url: str | None = None,
    stdio: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
    on_start: Callable[[Built], None] | None = None,
    observe: Observe = ambient,
    extend: Sequence[Extension] = (),
) -> Built:
    """The server of one catalogue.

    `credential` is used for every call that no gate has vouched for: stdio. With `stdio` and a sandbox and no
    credential, the sandbox's own test key is used. `transport` replaces the network below httpx. `on_start` runs when
    the upstream is known and the server is about to answer. `observe` gives who watches. The functions of `extend`, and
    those that the settings name, then add to the server what is not in the catalogue.
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
        observer=observe(catalog.name),
    )
    bus = Bus() if stdio else open_bus(settings.store_url, catalog.name)
    built: Built

    @asynccontextmanager
    async def lifespan(_server: FastMCP[Any]) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            if settings.sandbox:
                sandbox = running_sandbox(index, data=settings.sandbox_data)
                built.use_sandbox(await asyncio.to_thread(sandbox.__enter__))
                stack.push_async_callback(asyncio.to_thread, sandbox.__exit__, None, None, None)
                if stdio:
                    executor.fallback = default_credential(index)
            if extensions:
                others = [other for other in mcp.providers if other is not provider]
                fastmcp_seams.skip_header_schema_lookup(mcp, await hand_written(others, index))
            if on_start is not None:
                on_start(built)
            for leave in built.on_stop:
                stack.push_async_callback(leave)
            await stack.enter_async_context(bus)
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
            UnknownTools(executor),
            KnownCaller(executor),
            RoleInstructions(executor),
            WaitingProgress(index),
        ],
        lifespan=lifespan,
        dereference_schemas=False,
        list_page_size=settings.page_size,
    )
    fastmcp_seams.skip_header_schema_lookup(mcp)
    fastmcp_seams.answer_around(mcp, Fingerprinted(executor))
    hint = _cache_hint(executor)
    fastmcp_seams.hint_caches(mcp, dict.fromkeys(LIST_METHODS, hint))
    if executor.observer is not SILENT:
        fastmcp_seams.answer_around(mcp, Watched(executor.observer))
    key = settings.session_key.get_secret_value() if settings.session_key else ""
    subscriptions = offer(mcp, executor, Audience(executor, bus, key))
    if settings.fast_lane and settings.page_size is None:
        beside = {
            "ttlMs": hint.ttl_ms,
            "cacheScope": hint.scope,
            "_meta": {fastmcp_seams.SERVER_INFO: fastmcp_seams.server_info(mcp)},
        }
        fastmcp_seams.answer_around(
            mcp, ReadyTools(executor, beside, lambda: fastmcp_seams.additions(mcp) == built.bare)
        )
    built = Built(mcp, executor, settings, subscriptions, fastmcp_seams.additions(mcp))
    for extension in extensions:
        extension(mcp)
    for path, endpoint in health.endpoints(lambda: built.draining).items():
        mcp.custom_route(path, methods=["GET"])(endpoint)
    return built


def _cache_hint(executor: Executor) -> CacheHint:
    """How long clients may keep lists: no longer than a role is believed, and for themselves, where roles differ."""
    if len(executor.index.catalog.roles) > 1:
        return CacheHint(round(executor.identity_ttl_s * 1000), "private")
    return CacheHint(_SHARED_LIST_TTL_MS, "public")
