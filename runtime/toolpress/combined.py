"""Several catalogues on one port: each below its own name, sharing the process and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from fastmcp.server.http import StarletteWithLifespan
from fastmcp.utilities.lifespan import combine_lifespans
from starlette.routing import BaseRoute, Mount, Route

from toolpress import health
from toolpress.http_app import http_app, mountable
from toolpress.refusal_log import RefusalLog
from toolpress.server import Built


def application(servers: Sequence[Built]) -> StarletteWithLifespan:
    """The ASGI application: one catalogue answers at /mcp, several at /<catalogue>/mcp."""
    if len(servers) == 1:
        app, observers = http_app(servers[0]), {"/": servers[0].executor.observer}
    else:
        app, observers = _beside_each_other(servers), {f"/{each.name}/": each.executor.observer for each in servers}
    app.add_middleware(RefusalLog, observers=observers)
    return app


def _beside_each_other(servers: Sequence[Built]) -> StarletteWithLifespan:
    parts = {f"/{built.name}": mountable(built, f"/{built.name}") for built in servers}
    probes = health.endpoints(lambda: any(built.draining for built in servers))
    routes: list[BaseRoute] = [
        *(Route(path, endpoint) for path, endpoint in probes.items()),
        *(route for _, root_routes in parts.values() for route in root_routes),
        *(Mount(prefix, app=app) for prefix, (app, _) in parts.items()),
    ]
    lifespan = combine_lifespans(*(app.lifespan for app, _ in parts.values()))
    return StarletteWithLifespan(routes=routes, lifespan=lifespan)
