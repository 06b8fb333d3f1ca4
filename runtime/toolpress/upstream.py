"""Send one request within its deadline and say truthfully what became of it.

A read is sent again after 429, 502, 503, 504 or a broken connection while time is left. A write is sent once: before
its first byte left, a failure means `not_sent`; after that it means `unknown`.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from toolpress.contract import Effect, Limits
from toolpress.errors import (
    ConfigurationError,
    InvalidArguments,
    Outcome,
    UpstreamError,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnresolved,
)
from toolpress.request import UpstreamRequest
from toolpress.response import UpstreamResponse
from toolpress.retry import RETRY_STATUSES, backoff_s, retry_after_s
from toolpress.telemetry import SILENT, Exchange
from toolpress.tenancy import PLACEHOLDER, host_of

MAX_ANSWER_BYTES = 10 * 1024 * 1024
_ALWAYS = {"accept-encoding": "gzip, deflate"}
_LOCALHOST = ".localhost"
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, the pause and the dice of retries. `clock` is monotonic, `now` is POSIX time; both in seconds."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class Upstream:
    """One base URL, which may hold `{tenant}`, and its connections, opened on first use and shared by all callers.

    It keeps no cookies and follows no redirects: nothing of one caller may reach the next.
    """

    def __init__(
        self,
        base_url: str,
        limits: Limits,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._limits = limits
        self._transport = transport
        self._timing = timing or Timing()
        self._max_answer_bytes = max_answer_bytes
        self._timeout = httpx.Timeout(None, connect=limits.connect_timeout_s).as_dict()
        self._used = False
        self.observer = SILENT

    @property
    def base_url(self) -> str:
        return self._base_url

    def point_to(self, base_url: str) -> None:
        """Use another base URL; only before the first request."""
        if self._used:
            raise ConfigurationError("The base URL cannot change after the first request.")
        self._base_url = checked_base_url(base_url)

    async def aclose(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._used and self._transport is not None:
            await self._transport.aclose()

    async def send(
        self,
        request: UpstreamRequest,
        *,
        headers: dict[str, str],
        effect: Effect,
        timeout_s: float | None = None,
        tenant: str | None = None,
    ) -> UpstreamResponse:
        """The answer, whatever its status; `headers` come on top of the request's own, `tenant` is a checked label.

        Raises:
            UpstreamUnavailable, UpstreamTimeout, UpstreamGarbled: With the outcome of a write.
        """
        timing = self._timing
        deadline = timing.clock() + (timeout_s or self._limits.call_timeout_s)
        url = host_of(self._base_url, tenant) + request.target
        attempts = 1 + (self._limits.read_retries if effect == "read" else 0)
        for attempt in range(attempts):
            last = attempt == attempts - 1
            pause = backoff_s(attempt, timing.chance())
            try:
                exchange = Exchange(request, self._base_url, attempt)
                with self.observer.exchange(exchange):
                    sent = headers | exchange.headers
                    response = await self._once(url, request, sent, effect, deadline - timing.clock())
                    exchange.status = response.status
            except UpstreamUnavailable:
                if last or pause >= deadline - timing.clock():
                    raise
            else:
                if last or response.status not in RETRY_STATUSES:
                    return response
                pause = pause if response.retry_after_s is None else response.retry_after_s
                if pause >= deadline - timing.clock():
                    return response
            await timing.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _once(
        self, url: str, request: UpstreamRequest, headers: dict[str, str], effect: Effect, left_s: float
    ) -> UpstreamResponse:
        progress = _Progress()
        try:
            async with asyncio.timeout(max(left_s, 0.001)):
                return await self._exchange(url, request, headers, effect, progress)
        except TimeoutError as error:
            raise _timed_out(effect, sent=progress.sent) from error
        except _NEVER_SENT as error:
            if _unresolved(error):
                advice = _advice(effect, sent=False)
                raise UpstreamUnresolved("The upstream's host name does not resolve.", **advice) from error
            raise _unavailable("could not be reached", effect, sent=False) from error
        except httpx.TimeoutException as error:
            raise _timed_out(effect, sent=progress.sent) from error
        except httpx.InvalidURL as error:
            raise InvalidArguments("The arguments make a URL that is too long.", outcome="not_sent") from error
        except httpx.DecodingError as error:
            raise _unreadable("in an encoding that it does not keep to", effect) from error
        except httpx.TransportError as error:
            raise _unavailable("broke the connection", effect, sent=progress.sent) from error

    async def _exchange(
        self, url: str, request: UpstreamRequest, headers: dict[str, str], effect: Effect, progress: _Progress
    ) -> UpstreamResponse:
        target, host = _resolved(url)
        message = httpx.Request(
            request.method,
            target,
            headers={**_ALWAYS, **dict(request.headers), **headers, **host, **request.content_type},
            content=request.content,
            data=request.fields,
            files=request.files,
            extensions={"trace": progress.note, "timeout": self._timeout},
        )
        response = await self._opened().handle_async_request(message)
        try:
            body = await self._body(response, effect)
        finally:
            await response.aclose()
        wait = retry_after_s(response.headers.get("retry-after"), self._timing.now())
        return UpstreamResponse(response.status_code, dict(response.headers), body, wait)

    async def _body(self, response: httpx.Response, effect: Effect) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_answer_bytes:
                raise _unreadable(f"larger than {self._max_answer_bytes} bytes", effect)
        return bytes(body)

    def _opened(self) -> httpx.AsyncBaseTransport:
        if self._transport is None:
            from toolpress.transport import AiohttpTransport  # aiohttp takes its time, and not every process calls

            loopback = _is_loopback(urlsplit(self._base_url).hostname or "")
            self._transport = AiohttpTransport(trust_env=not loopback)
        self._used = True
        return self._transport


class _Progress:
    """How far an exchange went, told by httpcore's trace events; a transport that tells nothing counts as sent."""

    def __init__(self) -> None:
        self._traced = False
        self._sending = False

    async def note(self, event: str, _info: dict[str, Any]) -> None:
        self._traced = True
        self._sending = self._sending or event.endswith("send_request_headers.started")

    @property
    def sent(self) -> bool:
        return self._sending or not self._traced


def checked_base_url(text: str) -> str:
    """The base URL without its trailing slash.

    Raises:
        ConfigurationError: It is no plain http(s) URL.
    """
    try:
        url = urlsplit(host_of(text, "tenant"))
        plain = url.scheme in ("http", "https") and url.hostname and url.port != 0
        httpx.URL(url.geturl())
    except (ValueError, httpx.InvalidURL):
        plain = False
    if not plain or url.query or url.fragment or any(sign in url.geturl() for sign in "@{} "):
        raise ConfigurationError(
            "The base URL must be http(s)://host[:port][/path], without a query or credentials.",
            fix="Set TOOLPRESS_<CATALOG>_BASE_URL or --base-url, for example https://api.example.com; "
            f"{PLACEHOLDER} stands for the tenant where a product has a host for each.",
        )
    return text.rstrip("/")


def _unresolved(error: BaseException | None) -> bool:
    """Whether name resolution is what failed, and said that there is no such name."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        error = error.__cause__ or error.__context__
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(_LOCALHOST)


@lru_cache(maxsize=1024)
def _resolved(url: str) -> tuple[httpx.URL, dict[str, str]]:
    """Where to connect, and the Host header if that differs: names below localhost are loopback (RFC 6761 6.3)."""
    parsed = httpx.URL(url)
    if not parsed.host.endswith(_LOCALHOST):
        return parsed, {}
    return parsed.copy_with(host="127.0.0.1"), {"host": parsed.netloc.decode("ascii")}


def _outcome(effect: Effect, *, sent: bool) -> Outcome | None:
    if effect == "read":
        return None
    return "unknown" if sent else "not_sent"


def _advice(effect: Effect, *, sent: bool) -> dict[str, Any]:
    """What a caller may do now: a read and an unsent write may be repeated, a write in doubt must be looked up."""
    safe = effect == "read" or not sent
    fix = "Call again later." if safe else "Look whether the change was made before calling again."
    return {"fix": fix, "retryable": safe, "outcome": _outcome(effect, sent=sent)}


def _timed_out(effect: Effect, *, sent: bool) -> UpstreamError:
    return UpstreamTimeout("The upstream did not answer in time.", **_advice(effect, sent=sent))


def _unavailable(what: str, effect: Effect, *, sent: bool) -> UpstreamError:
    return UpstreamUnavailable(f"The upstream {what}.", **_advice(effect, sent=sent))


def _unreadable(what: str, effect: Effect) -> UpstreamError:
    return UpstreamGarbled(f"The upstream gave an answer {what}.", **_advice(effect, sent=True))
