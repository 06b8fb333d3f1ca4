"""What the replicas of a server tell one another, and the bus that carries it: in this process, or through Redis.

What travels: names of tenants and keys that mean nothing without the replicas' key (see `Names`), URIs of resources as
the catalogue has them, and roles. A notice says no more than that something may have changed, so to hear one twice
does no harm.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from toolpress.logs import bus_log

_MOST_WAITING = 1000
_WAIT_S = 2.0
_PAUSE_S = 1.0
_QUIET_S = 15.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource may have changed for this tenant."""

    tenant: str
    uri: str


@dataclass(frozen=True, slots=True)
class RoleSeen:
    """This is the role that a key has now."""

    owner: str
    role: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Others could not be heard for a while: anything may have changed."""


Told = Changed | RoleSeen
Notice = Told | Missed

_KINDS: dict[str, type[Told]] = {"changed": Changed, "role": RoleSeen}
_WORDS = {kind: word for word, kind in _KINDS.items()}


class Bus:
    """What is told is heard in this process, at once and by one, `on_notice`."""

    def __init__(self) -> None:
        self.on_notice: Callable[[Notice], None] = lambda _notice: None

    def tell(self, notice: Told) -> None:
        self.on_notice(notice)

    async def __aenter__(self) -> None:
        """Hear the others from now on."""

    async def __aexit__(self, *_: object) -> None:
        """Hear nobody else any more."""


class RedisBus(Bus):
    """What is told is heard in every process that uses the channel; in this one at once, whatever Redis does.

    What could not be sent waits, and whoever could not hear is told that it missed something.
    """

    def __init__(self, url: str, channel: str) -> None:
        """Raises ConfigurationError."""
        from toolpress.oauth import open_redis  # heavy, and most processes have no Redis

        super().__init__()
        self._client = open_redis(url)
        self._channel = channel
        self._own = secrets.token_hex(8)
        self._waiting: dict[Told, None] = {}
        self._filled = asyncio.Event()
        self._tried = asyncio.Event()
        self._failing: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def tell(self, notice: Told) -> None:
        super().tell(notice)
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[notice] = None
            self._filled.set()

    async def __aenter__(self) -> None:
        """Waits for Redis a little: from then on nothing is missed unnoticed."""
        self._tasks = [asyncio.create_task(self._persist(work)) for work in (self._listen, self._send)]
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), _WAIT_S)
        self._tried.set()

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):
            await self._send_waiting()
        await self._client.aclose()

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - calls go on, whatever happens to Redis
                if not self._failing:
                    bus_log(error)
                self._failing.add(work.__name__)
                self._tried.set()
                await asyncio.sleep(_PAUSE_S)

    def _works(self, work: Callable[[], Awaitable[None]]) -> None:
        if work.__name__ in self._failing:
            self._failing.discard(work.__name__)
            if not self._failing:
                bus_log(None)

    async def _send(self) -> None:
        await self._filled.wait()
        await self._send_waiting()
        self._filled.clear()
        self._works(self._send)

    async def _send_waiting(self) -> None:
        while self._waiting:
            notice = next(iter(self._waiting))
            del self._waiting[notice]
            try:
                async with asyncio.timeout(_WAIT_S):
                    await self._client.publish(self._channel, self._packed(notice))
            except BaseException:
                self._waiting[notice] = None
                raise

    async def _listen(self) -> None:
        async with self._client.pubsub() as channel:
            await channel.subscribe(self._channel)
            while True:
                message = await _next(channel)
                if message["type"] == "subscribe":
                    self._join()
                elif message["type"] == "message":
                    notice = self._unpacked(message["data"])
                    if notice is not None:
                        self.on_notice(notice)

    def _join(self) -> None:
        if self._tried.is_set():
            self.on_notice(Missed())
        self._tried.set()
        self._works(self._listen)

    def _packed(self, notice: Told) -> str:
        return json.dumps({"from": self._own, "kind": _WORDS[type(notice)], **asdict(notice)})

    def _unpacked(self, text: str) -> Notice | None:
        """None for our own notices, and for those of another version that we do not understand."""
        try:
            facts = json.loads(text)
            sender, kind = facts.pop("from"), _KINDS[facts.pop("kind")]
            understood = all(isinstance(fact, str) for fact in facts.values())
            return kind(**facts) if understood and sender != self._own else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


async def _next(channel: Any) -> dict[str, Any]:
    """What comes next; a connection that is silent for long is asked whether it is still there."""
    message: dict[str, Any] | None = await channel.get_message(timeout=_QUIET_S)
    if message is None:
        await channel.ping()
        message = await channel.get_message(timeout=_WAIT_S)
    if message is None:
        raise TimeoutError("Redis does not answer.")
    return message


def open_bus(url: str | None, server: str) -> Bus:
    """The bus of all processes that serve `server` and share the Redis at `url`; without one, of this process.

    Raises:
        ConfigurationError: The URL is of another kind, or Redis support is not installed.
    """
    return RedisBus(url, f"toolpress-{server}-notices") if url else Bus()
