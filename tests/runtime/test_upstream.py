"""Retries, deadlines and outcomes, with a clock that only moves when told."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from toolpress.contract import Effect, Limits
from toolpress.errors import (
    ConfigurationError,
    InvalidArguments,
    ToolpressError,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from toolpress.request import UpstreamRequest
from toolpress.response import UpstreamResponse
from toolpress.retry import backoff_s, retry_after_s
from toolpress.upstream import Timing, Upstream, checked_base_url

GET = UpstreamRequest("GET", "/x")
POST = UpstreamRequest("POST", "/x", body={"a": 1})
LIMITS = Limits(call_timeout_s=30, connect_timeout_s=5, read_retries=2)


class Time:
    """Sleeping moves the clock; `pauses` holds what was slept."""

    def __init__(self) -> None:
        self.t = 1000.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.t += seconds

    def timing(self) -> Timing:
        return Timing(clock=lambda: self.t, now=lambda: 1_800_000_000.0, sleep=self.sleep, chance=lambda: 0.5)


class Script(httpx.AsyncBaseTransport):
    """Answers from a list: a status, a (status, headers) pair, an exception, or a function of the request."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step = step(request)
        if isinstance(step, httpx.Response):
            return step
        status, headers = step if isinstance(step, tuple) else (step, {})
        return httpx.Response(status, headers=headers, json={"success": status < 400})


async def send(
    script: Script, request: UpstreamRequest = GET, effect: Effect = "read", **options: Any
) -> tuple[UpstreamResponse, Time]:
    clock = options.pop("clock", None) or Time()
    upstream = Upstream("http://up.example/base/", LIMITS, transport=script, timing=clock.timing(), **options)
    try:
        return await upstream.send(request, headers={"x-key": "k"}, effect=effect), clock
    finally:
        await upstream.aclose()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_reads_are_sent_again_after_passing_statuses(status: int) -> None:
    script = Script(status, status, 200)
    response, clock = await send(script)
    assert response.status == 200
    assert len(script.requests) == 3
    assert clock.pauses == [backoff_s(0, 0.5), backoff_s(1, 0.5)]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
async def test_other_statuses_are_final(status: int) -> None:
    script = Script(status)
    assert (await send(script))[0].status == status


async def test_the_last_answer_is_given_when_retries_are_used_up() -> None:
    script = Script(503, 503, 503)
    assert (await send(script))[0].status == 503
    assert len(script.requests) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_writes_are_sent_once(status: int) -> None:
    script = Script(status)
    response, clock = await send(script, POST, "create")
    assert response.status == status
    assert clock.pauses == []


async def test_retry_after_is_honoured_within_the_deadline() -> None:
    response, clock = await send(Script((429, {"Retry-After": "12"}), 200))
    assert response.status == 200
    assert clock.pauses == [12.0]


async def test_a_wait_that_does_not_fit_is_told_at_once() -> None:
    script = Script((429, {"Retry-After": "31"}))
    response, clock = await send(script)
    assert (response.status, response.retry_after_s, clock.pauses) == (429, 31.0, [])


async def test_waits_add_up_against_one_deadline() -> None:
    response, clock = await send(Script((503, {"Retry-After": "20"}), (503, {"Retry-After": "20"})))
    assert (response.status, clock.pauses) == (503, [20.0])


def broken(kind: type[httpx.TransportError]) -> httpx.TransportError:
    return kind("broken")


NOT_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError]
IN_DOUBT = [httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.CloseError]


@pytest.mark.parametrize("kind", NOT_SENT + IN_DOUBT)
async def test_reads_survive_a_broken_connection(kind: type[httpx.TransportError]) -> None:
    script = Script(broken(kind), 200)
    assert (await send(script))[0].status == 200
    assert len(script.requests) == 2


@pytest.mark.parametrize("kind", NOT_SENT + IN_DOUBT)
async def test_reads_give_up_after_their_retries(kind: type[httpx.TransportError]) -> None:
    script = Script(*[broken(kind)] * 3)
    with pytest.raises(UpstreamUnavailable) as caught:
        await send(script)
    assert (caught.value.outcome, caught.value.retryable) == (None, True)
    assert len(script.requests) == 3


@pytest.mark.parametrize("kind", NOT_SENT)
async def test_a_write_that_never_left_says_so(kind: type[httpx.TransportError]) -> None:
    script = Script(broken(kind))
    with pytest.raises(UpstreamUnavailable) as caught:
        await send(script, POST, "create")
    assert (caught.value.outcome, caught.value.retryable) == ("not_sent", True)


@pytest.mark.parametrize("kind", IN_DOUBT)
async def test_a_write_that_left_is_in_doubt(kind: type[httpx.TransportError]) -> None:
    script = Script(broken(kind))
    with pytest.raises(UpstreamUnavailable) as caught:
        await send(script, POST, "create")
    assert (caught.value.outcome, caught.value.retryable) == ("unknown", False)
    assert len(script.requests) == 1


async def test_a_retry_is_not_begun_when_its_pause_does_not_fit() -> None:
    clock = Time()

    def slow(_request: httpx.Request) -> httpx.Response:
        clock.t += 29.9
        raise httpx.ReadError("broken")

    with pytest.raises(UpstreamUnavailable):
        await send(Script(slow), clock=clock)
    assert clock.pauses == []


async def test_redirects_are_handed_back_not_followed() -> None:
    script = Script((302, {"Location": "http://other.example/"}))
    assert (await send(script))[0].status == 302
    assert len(script.requests) == 1


async def test_cookies_are_not_kept() -> None:
    script = Script((200, {"Set-Cookie": "session=of-the-first-caller"}), 200)
    upstream = Upstream("http://up.example", LIMITS, transport=script)
    await upstream.send(GET, headers={}, effect="read")
    await upstream.send(GET, headers={}, effect="read")
    await upstream.aclose()
    assert "cookie" not in script.requests[1].headers


async def test_an_answer_over_the_limit_is_refused() -> None:
    for effect, outcome in (("read", None), ("create", "unknown")):
        script = Script(httpx.Response(200, content=b"x" * 101))
        with pytest.raises(UpstreamGarbled, match="larger than 100 bytes") as caught:
            await send(script, GET, effect, max_answer_bytes=100)  # type: ignore[arg-type]
        assert caught.value.outcome == outcome


async def test_a_lying_encoding_is_garbled() -> None:
    def lie(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=_Bytes(b"not gzip"))

    with pytest.raises(UpstreamGarbled):
        await send(Script(lie))


class _Bytes(httpx.AsyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> Any:
        yield self._data


async def test_the_request_on_the_wire() -> None:
    script = Script(200)
    await send(script, UpstreamRequest("POST", "/a%2Fb", (("q", "x y"),), (("X-From", "d"),), {"k": "é"}), "create")
    request = script.requests[0]
    assert str(request.url) == "http://up.example/base/a%2Fb?q=x%20y"
    assert request.content == '{"k":"é"}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["x-from"], request.headers["x-key"]) == ("d", "k")


async def test_a_url_beyond_all_limits_is_the_callers_fault() -> None:
    with pytest.raises(InvalidArguments):
        await send(Script(200), UpstreamRequest("GET", "/x", (("q", "y" * 70_000),)))


async def test_a_closed_upstream_opens_again() -> None:
    upstream = Upstream("http://up.example", LIMITS, transport=Script(200, 200))
    await upstream.send(GET, headers={}, effect="read")
    await upstream.aclose()
    assert (await upstream.send(GET, headers={}, effect="read")).status == 200
    await upstream.aclose()


async def test_the_base_url_is_fixed_by_the_first_request() -> None:
    upstream = Upstream("http://up.example", LIMITS, transport=Script(200))
    upstream.point_to("http://other.example/")
    assert upstream.base_url == "http://other.example"
    await upstream.send(GET, headers={}, effect="read")
    with pytest.raises(ConfigurationError):
        upstream.point_to("http://third.example")
    await upstream.aclose()


@pytest.mark.parametrize(
    "text",
    ["", "up.example", "ftp://up.example", "http://", "http://u:p@up.example", "http://up.example?q=1", "http://[x"],
)
def test_base_urls_are_checked(text: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_base_url(text)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Fri, 15 Jan 2027 08:00:10 -0000", 10.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("-5", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, now=1_800_000_000.0) == seconds


def test_backoff_grows_to_its_cap() -> None:
    assert [backoff_s(n, 0.0) for n in range(3)] == [0.125, 0.25, 0.5]
    assert backoff_s(50, 0.999) <= 8.0


# Over real sockets: httpcore tells how far a request went.


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server for one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            behave(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(10)
        listener.close()


async def failing(base_url: str, effect: Effect, timeout_s: float = 30) -> ToolpressError:
    upstream = Upstream(base_url, Limits(read_retries=0))
    try:
        with pytest.raises(ToolpressError) as caught:
            await upstream.send(POST, headers={}, effect=effect, timeout_s=timeout_s)
        return caught.value
    finally:
        await upstream.aclose()


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert (await failing(f"http://127.0.0.1:{port}", "create")).outcome == "not_sent"


async def test_the_peer_hangs_up_after_the_request() -> None:
    with peer(lambda connection: connection.recv(65536)) as url:
        error = await failing(url, "create")
    assert (error.code, error.outcome) == ("UPSTREAM_UNAVAILABLE", "unknown")


async def test_the_peer_cuts_the_answer() -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"success"')

    with peer(cut) as url:
        assert (await failing(url, "create")).outcome == "unknown"


async def test_silence_runs_into_the_deadline() -> None:
    released = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        released.wait(10)

    with peer(silent) as url:
        error = await failing(url, "create", timeout_s=0.2)
        released.set()
    assert isinstance(error, UpstreamTimeout)
    assert (error.outcome, error.retryable) == ("unknown", False)


async def test_a_deadline_before_anything_left_says_not_sent() -> None:
    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await request.extensions["trace"]("connection.connect_tcp.started", {})
            await asyncio.Event().wait()
            raise AssertionError

    upstream = Upstream("http://up.example", LIMITS, transport=Stuck())
    with pytest.raises(UpstreamTimeout) as caught:
        await upstream.send(POST, headers={}, effect="create", timeout_s=0.05)
    assert caught.value.outcome == "not_sent"
    await upstream.aclose()
