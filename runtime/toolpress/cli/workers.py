"""Keep several worker processes on one port: start them, replace those that die, stop them together.

Each listens with a socket of its own, and the kernel spreads connections among them: on one that all inherit, the first
to wake takes nearly all. They are in process groups of their own: the terminal's Ctrl-C reaches this process alone,
which passes it on.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from toolpress.cli.signals import STOP_SIGNALS
from toolpress.errors import ConfigurationError, ToolpressError
from toolpress.telemetry.watching import process_ended

_STEADY_S = 60.0
"""A worker that lived so long is replaced at once; after shorter lives the pauses double."""
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 30.0
_OVERTIME_S = 5.0
"""How long after the grace a worker may take to leave before it is killed."""

_LOG = logging.getLogger("toolpress")


class Workers:
    """`count` processes that answer for the catalogues; `environment` are settings beside this process's own."""

    def __init__(self, count: int, catalogs: Iterable[str], environment: Mapping[str, str], grace_s: float) -> None:
        self._count = count
        self._command = (sys.executable, "-P", "-m", "toolpress.cli.worker", *catalogs)
        # Modules are found where this process finds them, which its way of starting decides.
        self._environment = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._grace_s = grace_s
        self._running: set[Process] = set()
        self._stopping = asyncio.Event()
        self._opened = 0
        self._failure: ToolpressError | None = None

    async def run(self, on_start: Callable[[], None]) -> None:
        """Until a signal comes; `on_start` is called once, when all workers answer.

        Raises:
            ToolpressError: A worker cannot start; the others were stopped.
        """
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop, number)
        await asyncio.gather(*(self._keep(on_start) for _ in range(self._count)))
        if self._failure is not None:
            raise self._failure

    async def _keep(self, on_start: Callable[[], None]) -> None:
        """One worker after another, until all are to stop."""
        loop, pause, opened = asyncio.get_running_loop(), 0.0, False
        while not self._stopping.is_set():
            began, answered = loop.time(), False
            process = await self._start()
            try:
                answered = await _answers(process)
                if answered and not opened:
                    opened = True
                    self._open(on_start)
            except ToolpressError as error:
                self._fail(error)
            code = await process.wait()
            self._running.discard(process)
            process_ended(process.pid)
            if not answered and (code >= 0 or not opened):
                self._fail(_ended(code))
            if self._stopping.is_set():
                return
            pause = 0.0 if loop.time() - began >= _STEADY_S else min(_LONGEST_PAUSE_S, pause * 2 or _FIRST_PAUSE_S)
            _LOG.error("worker ended", extra={"worker": process.pid, "exit_code": code, "pause_s": pause})
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            env=self._environment,
            process_group=0,
        )
        self._running.add(process)
        if self._stopping.is_set():  # while it was being started
            process.terminate()
        return process

    def _open(self, on_start: Callable[[], None]) -> None:
        self._opened += 1
        if self._opened == self._count:
            on_start()

    def _fail(self, error: ToolpressError) -> None:
        """Stop all; the first failure is the one that is told."""
        if not self._stopping.is_set():
            self._failure = error
            self._stop(signal.SIGTERM)

    def _stop(self, number: signal.Signals) -> None:
        """Let the workers drain; at a second SIGINT they wait for no call."""
        again = self._stopping.is_set()
        self._signal(number if again else signal.SIGTERM)
        if not again:
            self._stopping.set()
            asyncio.get_running_loop().call_later(self._grace_s + _OVERTIME_S, self._signal, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._running:
            with suppress(ProcessLookupError):  # it ended just now
                process.send_signal(number)


async def _answers(process: Process) -> bool:
    """Whether a worker that was started answers; False if it died without a word.

    Raises:
        ConfigurationError: It says that it cannot.
    """
    assert process.stdout is not None  # noqa: S101 - asked for with PIPE
    line = await process.stdout.readline()
    if not line:
        return False
    report = json.loads(line)
    if report:
        raise ConfigurationError(report["error"], fix=report["fix"])
    return True


def _ended(code: int) -> ToolpressError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return ToolpressError(f"A worker {how} before it answered.", fix="What it wrote to stderr says why.")
