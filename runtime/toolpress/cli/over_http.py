"""Run the HTTP application until a signal comes, and stop without cutting a call."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toolpress.cli.signals import STOP_SIGNALS
from toolpress.combined import application
from toolpress.server import Built

_OPEN_WHILE_DRAINING_S = 5.0
"""How long a server that was told to stop goes on accepting while calls run, for /readyz to be asked."""


def serve_until_stopped(servers: Sequence[Built], listener: socket.socket, on_start: Callable[[], None]) -> None:
    """Answer on `listener`, and call `on_start` as soon as all is ready; raises what kept the server from starting."""
    opening = _Opening(application(servers), on_start)
    config = uvicorn.Config(
        opening,
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    with suppress(SystemExit), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_Server(config, servers).serve(sockets=[listener]))  # a failed start leaves by SystemExit
    if opening.failure is not None:
        raise opening.failure


class _Protocol(HttpToolsProtocol):
    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools leaves blanks at the end of header values, which do not belong to them (RFC 9110 section 5.5)."""
        super().on_header(name, value.strip(b" \t"))

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn lets the timer of a connection that was reset run on, and with it holds all that belonged to it."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()


class _Opening:
    """The application; tells when it has started, and keeps the error of a failed start instead of its traceback."""

    def __init__(self, app: ASGIApp, on_start: Callable[[], None]) -> None:
        self._app = app
        self._on_start = on_start
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def quiet(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._started()
            if message["type"] == "lifespan.startup.failed":
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await send(message)

        try:
            await self._app(scope, receive, quiet)
        except Exception as error:
            self.failure = self.failure or error
            raise

    def _started(self) -> None:
        _settle_memory()
        try:
            self._on_start()
        except Exception as error:
            self.failure = error  # before task groups of the application wrap it
            raise


def _settle_memory() -> None:
    """What is loaded now stays, and the collector need not walk through it under load.

    So a full collection is cheap, and may come often: each handshake leaves cycles of the protocol library behind,
    which would else pile up to tens of MiB between two of them. The second collection tells the collector how little is
    left to walk; it waits for a quarter of that to come before it looks at everything.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 2)


class _Server(uvicorn.Server):
    """uvicorn that drains openly and leaves with exit code 0 after a signal instead of raising it again.

    From the signal on /readyz answers 503, and the door stays open for it while calls run, for a few seconds at most;
    then the running calls have what is left of the grace.
    """

    def __init__(self, config: uvicorn.Config, servers: Sequence[Built]) -> None:
        super().__init__(config)
        self._servers = servers
        self._told_to_stop: float | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop(number))
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _stop(self, number: signal.Signals) -> Callable[[], None]:
        def stop() -> None:
            for built in self._servers:
                built.drain()
            if self._told_to_stop is None:
                self._told_to_stop = time.monotonic()
            elif number == signal.SIGINT:
                self.force_exit = self.should_exit = True

        return stop

    async def on_tick(self, counter: int) -> bool:
        if self._told_to_stop is not None:
            grace, passed = self._servers[0].settings.grace_s, time.monotonic() - self._told_to_stop
            self.should_exit |= not self.server_state.tasks or passed >= min(grace, _OPEN_WHILE_DRAINING_S)
            self.config.timeout_graceful_shutdown = max(0, math.ceil(grace - passed))
        return await super().on_tick(counter)
