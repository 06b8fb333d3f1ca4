"""What leaves over aiohttp and how failures are named, against servers that are sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from toolpress.transport import AiohttpTransport

Answering = Callable[[int], bytes | None]
"""What to answer to the n-th request, counted from 1; None breaks the connection."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.requests: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-length" in line), b"0"
                )
                self.requests.append(head + await reader.readexactly(int(length)))
                answer = self._answering(len(self.requests))
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"content-length: 99" in answer:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(answering: Answering = lambda _: OK) -> AsyncIterator[tuple[Server, str]]:
    handler = Server(answering)
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield handler, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def opened(*, trust_env: bool = False) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(trust_env=trust_env)
    try:
        yield transport
    finally:
        await transport.aclose()


async def exchange(transport: AiohttpTransport, request: httpx.Request) -> bytes:
    response = await transport.handle_async_request(request)
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def test_a_request_leaves_as_it_is() -> None:
    async with serving() as (server, url), opened() as transport:
        target = f"{url}/a%2Fb/%E2%82%AC?x=1%202&x=%C3%A4"
        request = httpx.Request(
            "POST",
            target,
            headers=[("X-Odd", "a b"), ("X-Odd", "c")],
            content=b'{"a":1}',
        )
        assert await exchange(transport, request) == b"ok"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line == b"POST /a%2Fb/%E2%82%AC?x=1%202&x=%C3%A4 HTTP/1.1"
    assert sorted(headers) == sorted(name + b": " + value for name, value in request.headers.raw)
    assert body == b'{"a":1}'


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_nothing_is_sent_again_when_a_kept_connection_breaks(method: str) -> None:
    """aiohttp would send the first three a second time."""
    told: list[str] = []

    async def trace(event: str, _info: dict[str, Any]) -> None:
        told.append(event)

    async with serving(lambda number: OK if number == 1 else None) as (server, url), opened() as transport:
        await exchange(transport, httpx.Request("GET", url))
        with pytest.raises(httpx.ReadError):
            await exchange(transport, httpx.Request(method, url, extensions={"trace": trace}))
        await exchange_is_over(server)
    assert len(server.requests) == 2
    assert told == ["connection.connect_tcp.started", "http11.send_request_headers.started"]


async def exchange_is_over(server: Server) -> None:
    """A second sending would have been under way before the error was told."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(server.requests) <= 2


async def test_a_connection_is_used_again() -> None:
    connections: list[object] = []
    handler = Server(lambda _: OK)

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_server(counted, "127.0.0.1", 0)
    async with server, opened() as transport:
        for _ in range(3):
            await exchange(transport, httpx.Request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    assert (len(handler.requests), len(connections)) == (3, 1)


async def test_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nset-cookie: a=of-the-first\r\ncontent-length: 0\r\n\r\n"
    async with serving(lambda _: answer) as (server, url), opened() as transport:
        for _ in range(2):
            await exchange(transport, httpx.Request("GET", url))
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", httpx.RemoteProtocolError),
        (b"no HTTP at all\r\n\r\n", httpx.RemoteProtocolError),
        (None, httpx.ReadError),
    ],
)
async def test_answers_that_are_none(answer: bytes | None, error: type[Exception]) -> None:
    async with serving(lambda _: answer) as (_, url), opened() as transport:
        with pytest.raises(error):
            await exchange(transport, httpx.Request("GET", url))


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    told: list[str] = []

    async def trace(event: str, _info: dict[str, Any]) -> None:
        told.append(event)

    async with opened() as transport:
        with pytest.raises(httpx.ConnectError):
            await exchange(transport, httpx.Request("POST", url, extensions={"trace": trace}))
    assert told == ["connection.connect_tcp.started"]


async def test_a_name_that_is_none_shows_what_the_resolver_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with opened() as transport:
        with pytest.raises(httpx.ConnectError) as caught:
            await exchange(transport, httpx.Request("GET", "http://acme.product.example/"))
    assert "gaierror" in repr(_causes(caught.value))


def _causes(error: BaseException | None) -> list[str]:
    return [] if error is None else [type(error).__name__, *_causes(error.__cause__ or error.__context__)]


async def test_connecting_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(*_: Any, **__: Any) -> Awaitable[None]:
        return await asyncio.Event().wait()  # type: ignore[func-returns-value]

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", endless)
    timeout = httpx.Timeout(None, connect=0.01).as_dict()
    async with opened() as transport:
        with pytest.raises(httpx.ConnectTimeout):
            await exchange(transport, httpx.Request("POST", "http://127.0.0.1:9/", extensions={"timeout": timeout}))


async def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with serving() as (proxy, url):
        monkeypatch.setenv("http_proxy", url)
        async with opened(trust_env=True) as transport:
            await exchange(transport, httpx.Request("GET", "http://one.product.example/x"))
        async with serving() as (direct, own), opened() as transport:
            await exchange(transport, httpx.Request("GET", f"{own}/x"))
    assert proxy.requests[0].startswith(b"GET http://one.product.example/x HTTP/1.1\r\n")
    assert len(proxy.requests) == len(direct.requests) == 1
