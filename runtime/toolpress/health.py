"""What a probe may ask: whether the process answers, and whether new calls may still be sent to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PATHS = ("/healthz", "/readyz")
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoints(draining: Callable[[], bool]) -> dict[str, Endpoint]:
    """What answers a GET, by path; /readyz is 503 from the moment that `draining` says so."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        if draining():
            return JSONResponse({"status": "draining"}, status_code=503)
        return JSONResponse({"status": "ready"})

    return dict(zip(PATHS, (healthz, readyz), strict=True))
