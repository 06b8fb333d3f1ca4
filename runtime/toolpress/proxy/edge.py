"""The HTTP client below the session: what breaks becomes an answer.

The SDK lets an exception of the network end the whole session, and with it the calls that are doing well. Here a
request that finds no server, an answer that breaks off and a bare status become a JSON-RPC error with what is known
about it in its data, as if the server had said so; the session goes on, and `failures` tells what the error means.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx2
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR

from toolpress.proxy.failures import ANSWERING, BROKEN, CONNECTING, STATUS

_NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_GONE = frozenset({401, 403, 404, 502, 503, 504})
_JSON = "application/json"


class Edge(httpx2.AsyncClient):
    """An `AsyncClient` whose `send` answers for a server that does not.

    `on_stream_lost` is told when the stream of notifications was open and cannot be had again.
    """

    def __init__(self, *, on_stream_lost: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options)
        self._on_stream_lost = on_stream_lost
        self._stream_was_open = False

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if request.method == "GET":
            return await self._opened(request, **options)
        try:
            response = await super().send(request, **options)
            if response.is_success and _is_stream(response):
                return response
            try:
                body = await response.aread()
            finally:
                await response.aclose()
        except httpx2.TransportError as error:
            return _broken(request, error)
        return response if response.status_code < 400 else _refused(request, response, body)

    async def _opened(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            response = await super().send(request, **options)
        except httpx2.TransportError as error:
            self._lost(_reason(error))
            raise
        if response.status_code in _GONE:
            self._lost(_phrase(response.status_code))
        self._stream_was_open |= response.is_success
        return response

    def _lost(self, reason: str) -> None:
        if self._stream_was_open:
            self._on_stream_lost(reason)


def _is_stream(response: httpx2.Response) -> bool:
    return bool(response.headers.get("content-type", "").lower().startswith("text/event-stream"))


def _broken(request: httpx2.Request, error: httpx2.TransportError) -> httpx2.Response:
    what = CONNECTING if isinstance(error, _NOT_CONNECTED) else ANSWERING
    problem = {"code": CONNECTION_CLOSED, "message": _reason(error), "data": {BROKEN: what}}
    return _answer(request, HTTPStatus.BAD_GATEWAY, problem)


def _refused(request: httpx2.Request, response: httpx2.Response, body: bytes) -> httpx2.Response:
    """The same refusal with its status in the error's data; a body that is none gets the words of the status."""
    status = response.status_code
    problem = _problem(body)
    if problem is None:
        problem = {"code": INTERNAL_ERROR, "message": f"The server answers {_phrase(status)}", "data": {STATUS: status}}
    elif isinstance(problem.get("data"), dict):
        problem = {**problem, "data": {**problem["data"], STATUS: status}}
    else:
        problem = {**problem, "data": {STATUS: status}}
    return _answer(request, status, problem)


def _problem(body: bytes) -> dict[str, Any] | None:
    """The error of a JSON-RPC answer."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    problem = answer.get("error") if isinstance(answer, dict) and "jsonrpc" in answer else None
    return problem if isinstance(problem, dict) and {"code", "message"} <= problem.keys() else None


def _answer(request: httpx2.Request, status: int, problem: dict[str, Any]) -> httpx2.Response:
    content = json.dumps({"jsonrpc": "2.0", "id": None, "error": problem}).encode()
    return httpx2.Response(status, headers={"content-type": _JSON}, content=content, request=request)


def _reason(error: httpx2.TransportError) -> str:
    return str(error) or type(error).__name__


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
