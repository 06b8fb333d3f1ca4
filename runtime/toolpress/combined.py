"""Several catalogues on one port: each below its own name, sharing the process and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from fastmcp.server.http import StarletteWithLifespan
from fastmcp.utilities.lifespan import combine_lifespans
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from toolpress.server import Built, http_app, mountable


def application(servers: Sequence[Built]) -> StarletteWithLifespan:
    """The ASGI application: one catalogue answers at /mcp, several at /<catalogue>/mcp."""
    if len(servers) == 1:
        return http_app(servers[0])
    parts = {f"/{built.name}": mountable(built, f"/{built.name}") for built in servers}
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Route("/readyz", _Readiness(servers)),
        *(route for _, root_routes in parts.values() for route in root_routes),
        *(Mount(prefix, app=app) for prefix, (app, _) in parts.items()),
    ]
    lifespan = combine_lifespans(*(app.lifespan for app, _ in parts.values()))
    return StarletteWithLifespan(routes=routes, lifespan=lifespan)


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


class _Readiness:
    """Ready while none of the servers drains."""

    def __init__(self, servers: Sequence[Built]) -> None:
        self._servers = servers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        draining = any(built.draining for built in self._servers)
        response = JSONResponse({"status": "draining" if draining else "ready"}, 503 if draining else 200)
        await response(scope, receive, send)
