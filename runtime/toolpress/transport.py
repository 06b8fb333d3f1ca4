"""What httpx sends, carried by aiohttp: httpx's own connection pool costs several times the rest of a call.

It differs from the adapters that exist in what a caller may believe. aiohttp sends some requests a second time when a
kept connection breaks, writes among them; here an exchange is sent once or fails. And each failure is named for how far
the exchange came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

Trace = Callable[[str, dict[str, Any]], Awaitable[None]]

_ADDED_BY_AIOHTTP = ("accept", "accept-encoding", "content-type", "user-agent")


class _Exchange:
    """How far one request came, told to its `trace` extension in the words of httpcore."""

    def __init__(self, trace: Trace | None) -> None:
        self.sent = False
        self._trace = trace

    async def connects(self) -> None:
        await self._tell("connection.connect_tcp.started")

    async def leaves(self) -> None:
        self.sent = True
        await self._tell("http11.send_request_headers.started")

    async def _tell(self, event: str) -> None:
        if self._trace is not None:
            await self._trace(event, {})


_CURRENT: ContextVar[_Exchange] = ContextVar("toolpress_exchange")


class _SentOnce(aiohttp.ClientRequest):
    """aiohttp calls `send` when there is a connection, right before the first byte."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        exchange = _CURRENT.get()
        if exchange.sent:
            conn.close()
            raise aiohttp.ClientConnectionError("The connection broke after the request had been sent.")
        await exchange.leaves()
        return await super().send(conn)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One pool of connections, opened on first use; of httpx's timeouts it keeps that for connecting.

    With `trust_env` the proxies of the environment are used.
    """

    def __init__(self, *, trust_env: bool, limit: int = 200) -> None:
        self._trust_env = trust_env
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises the httpx errors of a transport."""
        exchange = _Exchange(request.extensions.get("trace"))
        body = await request.aread()
        await exchange.connects()
        token = _CURRENT.set(exchange)
        try:
            with _in_terms_of_httpx(exchange):
                response = await self._opened(request.url.scheme).request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                    data=body or None,
                    skip_auto_headers=_ADDED_BY_AIOHTTP,
                    allow_redirects=False,
                    timeout=_timeout(request.extensions.get("timeout", {}).get("connect")),
                    proxy=_proxy(request.url.scheme, request.url.host) if self._trust_env else None,
                )
        finally:
            _CURRENT.reset(token)
        return httpx.Response(response.status, headers=list(response.raw_headers), stream=_Body(response, exchange))

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self, scheme: str) -> aiohttp.ClientSession:
        if self._session is None:
            certificates = httpx.create_ssl_context() if scheme == "https" else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limit, ssl=certificates),
                cookie_jar=aiohttp.DummyCookieJar(),
                request_class=_SentOnce,
                auto_decompress=False,
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, exchange: _Exchange) -> None:
        self._response = response
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_terms_of_httpx(self._exchange):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """A connection whose answer was not read to its end is closed with it."""
        self._response.release()


@contextmanager
def _in_terms_of_httpx(exchange: _Exchange) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.ClientHttpProxyError as error:
        raise httpx.ProxyError(str(error)) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise (httpx.ReadError if exchange.sent else httpx.ConnectError)(str(error)) from error


@lru_cache(maxsize=16)
def _timeout(connect_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=connect_s)


@lru_cache(maxsize=1024)
def _proxy(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for the host."""
    proxies = getproxies()
    return None if proxy_bypass(host) else proxies.get(scheme) or proxies.get("all")
