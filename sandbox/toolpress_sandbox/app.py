"""The ASGI application: Starlette around the engine, faults around Starlette."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from toolpress_sandbox import control
from toolpress_sandbox.calls import ANONYMOUS
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import load
from toolpress_sandbox.engine import Engine, Incoming
from toolpress_sandbox.faults import HEADER, Fault, FaultMiddleware, parse_fault
from toolpress_sandbox.replies import Event, Reply, invalid
from toolpress_sandbox.routing import Match
from toolpress_sandbox.store import Store


def create_app(
    catalog: str,
    *,
    data: str | None = None,
    definition: Path | Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> ASGIApp:
    """A sandbox of `catalog`, seeded and ready.

    `data` is the SQLite file that keeps the state across restarts; without it the state is in memory. `definition`
    stands in for the `sandbox.json` of the generated package. The engine is at `app.state.engine` of the inner app.
    """
    engine = Engine(load(catalog, definition), Store(data), clock or Clock())
    return wrap(engine)


def wrap(engine: Engine) -> ASGIApp:
    """The application of an engine that the caller keeps."""
    inner = Starlette(
        routes=[
            Mount(control.PREFIX, routes=control.routes(engine)),
            Route("/{path:path}", _Operations(engine)),
        ]
    )
    inner.state.engine = engine

    def choose(scope: Scope) -> Fault | None:
        if scope["path"].startswith(control.PREFIX):
            return None
        text = _headers(scope).get(HEADER)
        if text is None:
            match = engine.router.match(scope["method"], _raw_path(scope))
            return engine.faults.take(match.operation.name if isinstance(match, Match) else None)
        try:
            return parse_fault(text)
        except ValueError as error:
            raise invalid("X-Sandbox-Fault", str(error)) from error

    def note(scope: Scope, status: int | None) -> None:
        incoming = _incoming(scope, b"")
        match = engine.router.match(incoming.method, incoming.raw_path)
        engine.note(incoming, match.operation if isinstance(match, Match) else None, ANONYMOUS, status)

    return FaultMiddleware(inner, choose, note, engine.definition.wire.refusal)


class _Operations:
    """Everything that is not control: one ASGI endpoint for all methods and paths."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await _response(self._engine.answer(_incoming(scope, body)))(scope, receive, send)


def _incoming(scope: Scope, body: bytes) -> Incoming:
    headers = _headers(scope)
    return Incoming(
        method=scope["method"],
        raw_path=_raw_path(scope),
        headers=headers,
        query=scope.get("query_string", b""),
        body=body,
        origin=f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}",
        client=(scope.get("client") or (None,))[0],
        fault=scope.get("sandbox.fault"),
    )


def _response(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.events is not None:
        return StreamingResponse(_stream(reply.events), reply.status, headers, "text/event-stream")
    if reply.content is not None:
        return Response(reply.content, reply.status, headers, reply.media_type)
    return Response(_json(reply.parts).encode(), reply.status, headers, "application/json")


def _stream(events: tuple[Event, ...]) -> Iterator[str]:
    for event in events:
        yield f"event: {event.name}\ndata: {_json(event.payload)}\n\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _raw_path(scope: Scope) -> str:
    """The path before percent-decoding: only so does an encoded slash stay inside its segment."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]
