"""Faults on purpose: per request by a header, or for a run by rules of the control interface."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolpress_sandbox.replies import Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-sandbox-fault"
KINDS = ("reset_before", "reset_after_commit", "garbage", "truncated")
CODES = {429: "RATE_LIMITED", 500: "INTERNAL_ERROR", 502: "PROVIDER_ERROR", 503: "UNAVAILABLE", 504: "TIMEOUT"}
GARBAGE = b"<html><body>Bad gateway</body></html>"


Say = Callable[[Refusal], tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, read from words joined by `;`: `latency=200`, `status=429`, `retry_after=3`, or one of KINDS.

    `stream_error=CODE` answers 200 with an event stream that ends in an error event.
    """

    text: str
    latency_ms: int = 0
    status: int | None = None
    retry_after: int | None = None
    kind: str | None = None
    stream_error: str | None = None


def parse_fault(text: str) -> Fault:
    """Raises ValueError with a text that says which words exist."""
    fault = Fault(text)
    for word in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = word.partition("=")
        if name in KINDS and not value:
            fault = replace(fault, kind=name)
        elif name == "latency" and value.isdigit():
            fault = replace(fault, latency_ms=int(value))
        elif name == "status" and value.isdigit() and 400 <= int(value) <= 599:
            fault = replace(fault, status=int(value))
        elif name == "retry_after" and value.isdigit():
            fault = replace(fault, retry_after=int(value))
        elif name == "stream_error" and value:
            fault = replace(fault, stream_error=value)
        else:
            raise ValueError(
                f"unknown fault {word!r}; use latency=MS, status=4xx|5xx, retry_after=S, stream_error=CODE, "
                + ", ".join(KINDS)
            )
    return fault


@dataclass(slots=True)
class Rule:
    """A fault for a run. `count` is how many requests it still hits (None: all), `operation` which ones (None: any)."""

    fault: Fault
    count: int | None = None
    operation: str | None = None


class Faults:
    """The rules of a run, oldest first; the first that fits is used."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)

    def clear(self) -> None:
        self.rules.clear()

    def take(self, operation: str | None) -> Fault | None:
        for rule in self.rules:
            if rule.operation in (None, operation):
                if rule.count is not None:
                    rule.count -= 1
                    if rule.count <= 0:
                        self.rules.remove(rule)
                return rule.fault
        return None


class FaultMiddleware:
    """The outermost layer: nothing of the sandbox stands between it and the socket.

    `choose` gives the fault for a request or raises Refusal; `note` logs a request that never reaches the app;
    `say` gives status and body of a refusal.
    """

    def __init__(self, app: ASGIApp, choose: Any, note: Any, say: Say) -> None:
        self._app = app
        self._choose = choose
        self._note = note
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            fault: Fault | None = self._choose(scope)
        except Refusal as refusal:
            status, body = self._say(refusal)
            await _respond(send, status, json.dumps(body).encode())
            return
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope["sandbox.fault"] = fault.text
        if fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if fault.status is not None:
            self._note(scope, fault.status)
            await _respond(send, fault.status, self._body(fault.status), **_wait(fault))
        elif fault.stream_error is not None:
            self._note(scope, 200)
            await _respond(send, 200, self._error_stream(fault.stream_error), "text/event-stream")
        elif fault.kind == "reset_before":
            self._note(scope, None)
            await _reset(send)
        elif fault.kind is None:
            await self._app(scope, receive, send)
        else:
            await self._spoil(fault.kind, scope, receive, send)

    def _body(self, status: int, code: str | None = None) -> bytes:
        name = code or CODES.get(status, "FAULT")
        _, body = self._say(Refusal(status, name, f"Fault on purpose: {code or status}"))
        return json.dumps(body).encode()

    def _error_stream(self, code: str) -> bytes:
        return b"event: status\ndata: {}\n\nevent: error\ndata: " + self._body(500, code) + b"\n\n"

    async def _spoil(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app work and commit, then answer badly or not at all."""
        kept: list[Message] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        if kind == "reset_after_commit":
            await _reset(send)
        elif kind == "garbage":
            await _respond(send, 200, GARBAGE)
        else:
            await _truncate(send, kept)


async def _respond(send: Send, status: int, body: bytes, media_type: str = "application/json", **extra: str) -> None:
    headers = {"content-type": media_type, "content-length": str(len(body)), **extra}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _wait(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"retry_after": str(fault.retry_after)}


async def _truncate(send: Send, kept: list[Message]) -> None:
    """Announce the whole body, send half of it and close."""
    body = b"".join(message.get("body", b"") for message in kept[1:])
    start = kept[0]
    headers = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    transport = _transport(send)
    await send({"type": "http.response.start", "status": start["status"], "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": transport is not None})
    if transport is not None:
        transport.close()
        await asyncio.sleep(0)


async def _reset(send: Send) -> None:
    """Drop the TCP connection with RST; without a socket (in-process transport) raise what a client would see."""
    transport = _transport(send)
    if transport is None:
        raise ConnectionResetError("connection reset on purpose")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0)


def _transport(send: Send) -> asyncio.Transport | None:
    """The socket behind uvicorn's `send`; ASGI itself has no word for dropping a connection."""
    transport: asyncio.Transport | None = getattr(getattr(send, "__self__", None), "transport", None)
    return transport
