"""Requests as bytes over raw asyncio sockets, so that the client costs little; every answer is checked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.upstream import MARK

Wire = Literal["modern", "handshake", "plain"]
"""2026-07-28; the handshake era, in a session if the server opens one; the bare upstream."""

MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"
CLIENT = {"name": "bench", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
_LARGEST = 1 << 24


class WrongAnswerError(AssertionError):
    """A contender answered with something else than the result; its figures would mean nothing."""


@dataclass(frozen=True)
class Endpoint:
    """Where a contender answers and how it is spoken to."""

    url: str
    wire: Wire
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The value of a header that is named in lower case."""
        _, found, rest = self.head.lower().partition(b"\r\n" + name + b":")
        start = len(self.head) - len(rest)
        return self.head[start:].split(b"\r\n", 1)[0].strip() if found else None


@dataclass
class Connection:
    """One kept-alive connection, opened for the wire of its endpoint."""

    endpoint: Endpoint
    _headers: list[str] = field(default_factory=list)

    async def open(self) -> Connection:
        url = urlsplit(self.endpoint.url)
        self._reader, self._writer = await asyncio.open_connection(url.hostname, url.port, limit=_LARGEST)
        if self.endpoint.wire == "modern":
            self._headers = [f"MCP-Protocol-Version: {MODERN}"]
        if self.endpoint.wire == "handshake":
            await self.greet()
        return self

    async def greet(self) -> None:
        """Initialise, and go on in the session that was opened, if one was."""
        answer = await self.send(self.request(HELLO))
        if answer.status != 200 or b'"protocolVersion"' not in answer.body:
            raise WrongAnswerError(f"{self.endpoint.url}: initialize: {answer.status} {answer.body[:300]!r}")
        session = answer.header(b"mcp-session-id")
        opened = [f"Mcp-Session-Id: {session.decode()}"] if session else []
        self._headers = [f"MCP-Protocol-Version: {HANDSHAKE}", *opened]
        answer = await self.send(self.request(INITIALIZED))
        if answer.status != 202:
            raise WrongAnswerError(f"{self.endpoint.url}: initialized: {answer.status} {answer.body[:300]!r}")

    def request(self, message: dict[str, Any], *headers: str, verb: str = "POST") -> bytes:
        url = urlsplit(self.endpoint.url)
        body = json.dumps(message).encode() if message else b""
        lines = (
            f"{verb} {url.path or '/'} HTTP/1.1",
            f"Host: {url.netloc}",
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
            f"Content-Length: {len(body)}",
            *self.endpoint.headers,
            *self._headers,
            *headers,
        )
        return "\r\n".join((*lines, "", "")).encode() + body

    def call(self, name: str, arguments: dict[str, Any]) -> bytes:
        """A `tools/call`; to the bare upstream, the arguments alone."""
        if self.endpoint.wire == "plain":
            return self.request(arguments)
        return self._message("tools/call", {"name": name, "arguments": arguments}, f"Mcp-Name: {name}")

    def list(self) -> bytes:
        return self._message("tools/list", {})

    def _message(self, method: str, params: dict[str, Any], *headers: str) -> bytes:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        if self.endpoint.wire == "handshake":
            return self.request(message)
        return self.request({**message, "params": {**params, "_meta": META}}, f"Mcp-Method: {method}", *headers)

    async def send(self, request: bytes) -> Answer:
        self._writer.write(request)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WrongAnswerError(
                f"{self.endpoint.url} closed the connection instead of answering: {request[:200]!r}"
            ) from error
        answer = Answer(int(head[9:12]), head, b"")
        if (length := answer.header(b"content-length")) is not None:
            return Answer(answer.status, head, await self._reader.readexactly(int(length)))
        if answer.header(b"transfer-encoding") == b"chunked":
            return Answer(answer.status, head, await self._chunks())
        return answer

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)

    async def head_of(self, request: bytes) -> int:
        """Send, and read no more than the head of the answer: its status."""
        self._writer.write(request)
        return int((await self._reader.readuntil(b"\r\n\r\n"))[9:12])

    def abandon(self) -> None:
        """Drop the connection as a client does that dies: with a reset, and without a word."""
        held = self._writer.get_extra_info("socket")
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def check_call(answer: Answer, endpoint: Endpoint) -> None:
    """The upstream's answer must have come through, and not as an error."""
    if answer.status != 200 or MARK not in answer.body or b'"isError":true' in answer.body.replace(b" ", b""):
        raise WrongAnswerError(f"{endpoint.url}: tools/call: {answer.status} {answer.body[:500]!r}")


def check_list(answer: Answer, endpoint: Endpoint, tools: int) -> None:
    """The list must hold all tools with their schemas."""
    listed = answer.body.count(b'"inputSchema"')
    if answer.status != 200 or listed != tools:
        raise WrongAnswerError(
            f"{endpoint.url}: {listed} tools instead of {tools}: {answer.status} {answer.body[:300]!r}"
        )
