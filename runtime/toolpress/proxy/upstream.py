"""The server as the rest of the proxy sees it: one link at a time, replaced when it breaks.

What is asked waits while a new link is made. A question that only reads is put once more to the new link; a call of a
tool never is, since nobody knows how far the first one came. Only what waits for the link is held up: calls that run
on the old one are left to end on it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup
from mcp import Client

from toolpress.proxy.failures import FailedError, Failure, Kind, classify
from toolpress.proxy.link import Connect, Link

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Prepare = Callable[[Client], Awaitable[None]]
_CLOSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pauses before attempts to reconnect."""

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 30.0
    attempts: int = 10

    def pauses(self) -> list[float]:
        return [min(self.first_s * self.factor**number, self.longest_s) for number in range(self.attempts)]


class Upstream:
    """Links to one server.

    `prepare` runs on each new link before anything else does, `ready` once the link is in use. `gave_up` is told, once,
    why there will be no link any more.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        tasks: TaskGroup,
        prepare: Prepare,
        ready: Callable[[Link], None],
        gave_up: Callable[[Failure], None],
        say: Callable[[str], None],
        backoff: Backoff | None = None,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._connect = connect
        self._tasks = tasks
        self._prepare = prepare
        self._ready = ready
        self._gave_up = gave_up
        self._say = say
        self._pauses = (backoff or Backoff()).pauses()
        self._sleep = sleep
        self._link: Link | None = None
        self._failure: Failure | None = None
        self._news = anyio.Event()

    @property
    def link(self) -> Link | None:
        """The link in use; None while there is none."""
        return self._link

    async def open(self) -> Client:
        """Make the first link.

        Raises:
            Exception: It could not be made; see `classify`.
        """
        self._publish(await self._new_link())
        return (await self._current()).client

    async def ask(self, send: Callable[[Client], Awaitable[T]]) -> T:
        """Put a question that changes nothing; once more after a break."""
        link = await self._current()
        try:
            return await link.use(send)
        except Exception as error:
            if not self.report(link, error):
                raise
        return await self.once(send)

    async def once(self, send: Callable[[Client], Awaitable[T]]) -> T:
        """Send what must not be sent twice."""
        link = await self._current()
        try:
            return await link.use(send)
        except Exception as error:
            self.report(link, error)
            raise

    def report(self, link: Link, error: BaseException) -> bool:
        """Draw the consequences of an error; whether there will be another link."""
        failure = classify(error)
        if failure.fatal:
            self._end(failure)
        elif failure.kind is Kind.CONNECTION:
            self.replace(link, failure)
        return failure.kind is Kind.CONNECTION

    def replace(self, link: Link, failure: Failure) -> None:
        """Make a new link in the background, unless this one is no longer the one in use."""
        if link is not self._link:
            return
        self._link = None
        self._news = anyio.Event()
        link.retire()
        self._tasks.start_soon(self._reconnect, failure)

    async def close(self) -> None:
        """Close the link in use and say goodbye to the server, without waiting long for either."""
        link, self._link = self._link, None
        if link is not None:
            link.retire()
            with anyio.move_on_after(_CLOSE_S):
                await link.closed.wait()

    async def _current(self) -> Link:
        while self._link is None:
            if self._failure is not None:
                raise FailedError(self._failure)
            await self._news.wait()
        return self._link

    async def _reconnect(self, failure: Failure) -> None:
        self._say(f"the connection is lost: {failure.message}")
        for attempt, pause in enumerate(self._pauses, 1):
            self._say(f"reconnecting in {pause:g} s, attempt {attempt} of {len(self._pauses)}")
            await self._sleep(pause)
            try:
                link = await self._new_link()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may do better
                failure = classify(error)
                if failure.fatal:
                    self._end(failure)
                    return
                self._say(f"that failed: {failure.message}")
                continue
            self._say("connected again")
            self._publish(link)
            return
        self._end(failure)

    async def _new_link(self) -> Link:
        link = Link()
        await self._tasks.start(link.run, self._connect, self.report)
        try:
            await link.use(self._prepare)
        except BaseException:
            link.retire()
            raise
        return link

    def _publish(self, link: Link) -> None:
        self._link = link
        self._news.set()
        self._ready(link)

    def _end(self, failure: Failure) -> None:
        if self._failure is not None:
            return
        link, self._link, self._failure = self._link, None, failure
        if link is not None:
            link.retire()
        self._news.set()
        self._gave_up(failure)
