"""One run of the proxy, from the first connection to the exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

import anyio
from anyio.abc import TaskGroup
from mcp import Client

from toolpress.proxy import verdicts
from toolpress.proxy.failures import Failure, classify
from toolpress.proxy.forwarding import Forwarding
from toolpress.proxy.host import Host
from toolpress.proxy.introduction import introduce
from toolpress.proxy.keepalive import keep_alive
from toolpress.proxy.link import Connect, Link, connector
from toolpress.proxy.lists import Lists
from toolpress.proxy.pipes import Pipes, standard_pipes
from toolpress.proxy.settings import ProxySettings
from toolpress.proxy.upstream import Backoff, Sleep, Upstream
from toolpress.proxy.watch import Watch

STOPPED, FAILED = 0, 1
"""The exit codes of the product's own proxy, and ours."""
_LAST_ANSWER_S = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]
Opened = Callable[[], AbstractAsyncContextManager[Pipes]]


class Ending:
    """Why the run ends: the first reason counts, and is the last line."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._event = anyio.Event()
        self.code: int | None = None

    def say(self, text: str) -> None:
        if self.code is None:
            self._say(text)

    def set(self, code: int, text: str) -> None:
        self.say(text)
        if self.code is None:
            self.code = code
            self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


class Proxy:
    """The parts of one run, wired together."""

    def __init__(
        self,
        settings: ProxySettings,
        say: Say,
        tasks: TaskGroup,
        *,
        connect: Connect | None,
        backoff: Backoff | None,
        sleep: Sleep,
    ) -> None:
        self.ending = Ending(say)
        say = self.ending.say
        self._settings = settings
        self._say = say
        self._tasks = tasks
        self._host = Host()
        self._lists = Lists(say=say, changed=self._host.changed)
        self._watch = Watch(lambda: self._upstream, self._lists, say=say, sleep=sleep)
        self._upstream = Upstream(
            connect or connector(settings, self._watch.on_message, self._host.log),
            tasks=tasks,
            prepare=self._prepare,
            ready=self._ready,
            gave_up=self._gave_up,
            say=say,
            backoff=backoff,
            sleep=sleep,
        )
        self._forwarding = Forwarding(settings, self._upstream, self._lists, self._host)

    async def serve(self, opened: Opened) -> None:
        """Connect, then answer the host until its end of the pipe is closed."""
        try:
            client = await self._upstream.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said and ends the run
            self.ending.set(FAILED, verdicts.not_started(classify(error), self._settings))
            return
        self._say(self._lists.counts())
        self._tasks.start_soon(keep_alive, self._upstream, self._lists, self._settings.keepalive_s)
        async with opened() as pipes:
            server, options = self._forwarding.server(client)
            self._say("ready")
            await server.run(pipes.incoming, pipes.outgoing, options)
        self.ending.set(STOPPED, "the host has closed stdin")

    async def close(self) -> None:
        await self._upstream.close()

    async def _prepare(self, client: Client) -> None:
        await self._forwarding.prepare(client)

    def _ready(self, link: Link) -> None:
        self._tasks.start_soon(self._watch.stay, link)
        if self._settings.identity is not None:
            self._tasks.start_soon(introduce, link.client, self._settings.identity, self._lists, self._say)

    def _gave_up(self, failure: Failure) -> None:
        self._tasks.start_soon(self._end, failure)

    async def _end(self, failure: Failure) -> None:
        """The host first gets the answers that tell it why."""
        with anyio.move_on_after(_LAST_ANSWER_S):
            await self._host.answered()
        self.ending.set(FAILED, verdicts.ended(failure, self._settings))


async def run(
    settings: ProxySettings,
    say: Say,
    opened: Opened = standard_pipes,
    *,
    connect: Connect | None = None,
    backoff: Backoff | None = None,
    sleep: Sleep = anyio.sleep,
) -> int:
    """Run until the host goes, a signal comes or the server cannot be had any more; the exit code.

    The last three are what the network and the clock are otherwise.
    """
    async with anyio.create_task_group() as tasks:
        proxy = Proxy(settings, say, tasks, connect=connect, backoff=backoff, sleep=sleep)
        hosting, hosted = anyio.CancelScope(), anyio.Event()

        async def host() -> None:
            try:
                with hosting:
                    await proxy.serve(opened)
            finally:
                hosted.set()

        with _until_signal(lambda name: proxy.ending.set(STOPPED, f"stopped by {name}")):
            tasks.start_soon(host)
            await proxy.ending.wait()
        hosting.cancel()
        await hosted.wait()
        await proxy.close()
        tasks.cancel_scope.cancel()
    return proxy.ending.code or STOPPED


@contextmanager
def _until_signal(stop: Callable[[str], None]) -> Iterator[None]:
    """Call `stop` in the loop on the first signal; a second one does what it did before."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def received(number: int, _frame: object) -> None:
        restore()
        loop.call_soon_threadsafe(stop, signal.Signals(number).name)

    for number in _SIGNALS:
        signal.signal(number, received)
    try:
        yield
    finally:
        restore()
