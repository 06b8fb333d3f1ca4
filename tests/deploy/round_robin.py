"""A reverse proxy for tests, `uvicorn tests.deploy.round_robin:app`: request by request to the REPLICAS in turn.

What could not be delivered goes to the next one; what may have arrived is answered 502 and never sent again.
"""

from __future__ import annotations

import os
from itertools import cycle

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

REPLICAS = os.environ["REPLICAS"].split()
TURN = cycle(range(len(REPLICAS)))
CLIENT = httpx.AsyncClient(timeout=60, trust_env=False)


async def forward(request: Request) -> Response:
    body = await request.body()
    first = next(TURN)
    for replica in REPLICAS[first:] + REPLICAS[:first]:
        url = f"{replica}{request.url.path}"
        onward = CLIENT.build_request(request.method, url, headers=request.headers.raw, content=body)
        try:
            answer = await CLIENT.send(onward, stream=True)
        except httpx.ConnectError:
            continue
        except httpx.TransportError:
            return Response(status_code=502)
        closing = BackgroundTask(answer.aclose)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, dict(answer.headers), background=closing)
    return Response(status_code=503)


app = Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "POST", "DELETE"])])
