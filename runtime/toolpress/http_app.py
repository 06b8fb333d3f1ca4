"""The HTTP application of a server: what a request passes on its way to FastMCP's endpoint, outermost first.

The guard of Host and Origin, the gate, sessions, cancellation, the fast lane, and the choice between one JSON answer
and a stream.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from fastmcp.server.event_store import EventStore
from fastmcp.server.http import StarletteWithLifespan
from fastmcp.utilities.lifespan import combine_lifespans
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from toolpress.cancellation import Cancellation
from toolpress.entrance import entrance
from toolpress.gate import Gate
from toolpress.kept_sessions import SessionOwner
from toolpress.lane import Lane
from toolpress.server import Built
from toolpress.streaming import Streaming
from toolpress.streams import Streams, process_is_leaving

MCP_PATH = "/mcp"


def http_app(built: Built) -> StarletteWithLifespan:
    """The ASGI application: /mcp behind the gate, /healthz and /readyz open, and what belongs to the entrance."""
    app, root_routes = mountable(built)
    app.router.routes[:0] = root_routes
    return app


def mountable(built: Built, prefix: str = "") -> tuple[StarletteWithLifespan, tuple[BaseRoute, ...]]:
    """The application to be mounted at `prefix`, and the routes that must answer at the root of the host."""
    settings = built.settings
    entry = entrance(built.executor, settings, prefix)
    gate = Middleware(
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
        owner = Middleware(SessionOwner, leaving=_leaving(built))
        app = built.mcp.http_app(middleware=[gate, owner], event_store=EventStore(), retry_interval=1000, **guarded)
    else:
        streaming = built.mcp.http_app(path=MCP_PATH, stateless_http=True)
        stream = Middleware(Streaming, streaming=streaming)
        layers = [gate, *_sessions(built), Middleware(Cancellation), *_lane(built), stream]
        app = built.mcp.http_app(middleware=layers, json_response=True, stateless_http=True, **guarded)
        app.router.lifespan_context = combine_lifespans(app.lifespan, streaming.lifespan)
    if entry.aclose is not None:
        built.on_stop.append(entry.aclose)
    if not entry.routes:
        return app, ()
    # Outside the application and its guard of origins: a browser posts the consent page with `Origin: null`.
    outer = StarletteWithLifespan(routes=[*entry.routes, Mount("", app=app)], lifespan=app.lifespan)
    return outer, entry.root_routes


def _sessions(built: Built) -> Iterator[Middleware]:
    """The layer that keeps sessions, where the catalogue has them."""
    catalog, settings = built.executor.index.catalog, built.settings
    if catalog.sessions is None:
        return
    from toolpress.oauth import open_store
    from toolpress.session_layer import SessionLayer
    from toolpress.sessions import SessionBook

    store = open_store(settings.store_url)
    built.on_stop.append(store.aclose)
    key = settings.session_key.get_secret_value() if settings.session_key else secrets.token_hex()
    yield Middleware(
        SessionLayer,
        book=SessionBook(catalog.name, catalog.sessions, store.keys, key),
        streams=Streams(_leaving(built)),
        observer=built.executor.observer,
        join=built.subscriptions.audience.join,
    )


def _lane(built: Built) -> Iterator[Middleware]:
    """The fast lane, unless it is switched off."""
    if built.settings.fast_lane:
        yield Middleware(Lane, mcp=built.mcp, bare=built.bare, executor=built.executor)


def _leaving(built: Built) -> Callable[[], bool]:
    return lambda: built.draining or process_is_leaving()
