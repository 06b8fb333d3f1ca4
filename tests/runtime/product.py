"""An imitation of the fixture's product, and the calls that reached it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

OWNER, EDITOR, MEMBER = "nb_test_a_owner", "nb_test_a_editor", "nb_test_a_member"
KEYS = {OWNER: ("owner", "a"), EDITOR: ("editor", "a"), MEMBER: ("member", "a"), "nb_test_b_owner": ("owner", "b")}


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: Any


@dataclass
class Product:
    """`keys` may be changed by a test; `down` makes every request fail to connect."""

    keys: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(KEYS))
    seen: list[Seen] = field(default_factory=list)
    down: bool = False

    @property
    def tool_calls(self) -> list[Seen]:
        return [call for call in self.seen if call.target != "/api/me"]

    @property
    def identity_calls(self) -> int:
        return sum(call.target == "/api/me" for call in self.seen)

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Recording(self)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/me", self._me),
                Route("/api/notes", self._list, methods=["GET"]),
                Route("/api/notes", self._create, methods=["POST"]),
                Route("/api/notes/{note_id}", self._get, methods=["GET"]),
                Route("/api/notes/{note_id}/archive", self._move, methods=["POST", "DELETE"]),
                Route("/api/notes/{note_id}/ask", self._ask, methods=["POST"]),
            ]
        )

    def caller(self, request: Request) -> tuple[str, str] | None:
        return self.keys.get(request.headers.get("x-api-key", ""))

    async def _me(self, request: Request) -> Response:
        caller = self.caller(request)
        if caller is None:
            return _error(401, "INVALID_API_KEY", "Unknown key")
        return JSONResponse({"success": True, "role": caller[0], "tenant_id": caller[1]})

    async def _list(self, request: Request) -> Response:
        if self.caller(request) is None:
            return _error(401, "INVALID_API_KEY", "Unknown key")
        return JSONResponse({"success": True, "data": [{"id": "n1"}], "count": 1})

    async def _get(self, request: Request) -> Response:
        if request.path_params["note_id"] != "n1":
            return _error(404, "NOT_FOUND", "No such note")
        return JSONResponse({"success": True, "data": {"id": "n1"}})

    async def _create(self, request: Request) -> Response:
        return JSONResponse({"success": True, "data": {"id": "n2", **(await request.json())}}, status_code=201)

    async def _move(self, request: Request) -> Response:
        return JSONResponse({"success": True, "data": {"id": "n1", "archived": request.method == "POST"}})

    async def _ask(self, request: Request) -> Response:
        answer = 'event: response\ndata: {"answer": "42",\ndata:  "session_id": "s1"}\n\n'
        stream = f'{answer}event: metrics\ndata: {{"tokens": 7}}\n\n'
        return Response(stream, media_type="text/event-stream")


class _Recording(httpx.AsyncBaseTransport):
    def __init__(self, product: Product) -> None:
        self._product = product
        self._inner = httpx.ASGITransport(product.app())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._product.down:
            raise httpx.ConnectError("refused", request=request)
        content = await request.aread()
        self._product.seen.append(
            Seen(
                request.method,
                request.url.raw_path.decode("ascii"),
                dict(request.headers),
                json.loads(content) if content else None,
            )
        )
        return await self._inner.handle_async_request(request)


def _error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"success": False, "error": text, "code": code}, status_code=status)
