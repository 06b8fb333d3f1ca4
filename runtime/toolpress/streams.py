"""The event streams that clients open with GET, over which the server speaks first.

What it has to say is that the list of tools has changed, which happens when a key's role does. A stream ends when its
session does, when the server stops, when the same session opens another one, and after a few minutes at the latest:
clients come back by themselves, and the gate then looks at their key again. None outlives a client that went silently.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.types import Receive, Send

from toolpress.event_answer import EVENT_HEADERS, KEEP_ALIVE, KEEP_ALIVE_S, event

_WATCH_S = 0.5
_OPENED = b": open\n\n"
_TOOLS_CHANGED = event(b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}')

Role = str | None
Look = Callable[[], Awaitable[tuple[bool, Role]]]
"""Whether the session lasts, and the caller's role if it is known."""


@dataclass(slots=True, eq=False)
class _Open:
    session: str
    owner: str
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def process_is_leaving() -> bool:
    """Whether uvicorn has been told to stop. It waits for streams, and tells nobody; it answers SIGTERM itself."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


class Streams:
    """The open streams of one server; `leaving` tells that it is about to stop."""

    def __init__(
        self,
        leaving: Callable[[], bool],
        *,
        most: int = 1000,
        most_of_owner: int = 100,
        step_s: float = KEEP_ALIVE_S,
        life_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leaving = leaving
        self._most = most
        self._most_of_owner = most_of_owner
        self._step_s = step_s
        self._life_s = life_s
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._owners: Counter[str] = Counter()
        self._watched = False

    def has_room(self, owner: str) -> bool:
        return not self._leaving() and len(self._open) < self._most and self._owners[owner] < self._most_of_owner

    def end(self, session: str) -> None:
        """End the stream of the session, if one is open here."""
        if session in self._open:
            self._open[session].end()

    async def serve(self, session: str, owner: str, look: Look, receive: Receive, send: Send) -> None:
        """One stream from its first byte to its last."""
        self.end(session)
        stream = self._open[session] = _Open(session, owner)
        self._owners[owner] += 1
        if not self._watched:
            self._watch()
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(EVENT_HEADERS)})
            await send(_part(_OPENED))
            await self._keep(stream, gone, look, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._owners[owner] -= 1
            if self._open.get(session) is stream:
                del self._open[session]

    async def _keep(self, stream: _Open, gone: asyncio.Future[None], look: Look, send: Send) -> None:
        _, role = await look()
        over = self._clock() + self._life_s
        while self._clock() < over:
            await asyncio.wait({gone, stream.ended}, timeout=self._step_s, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() or stream.ended.done():
                return
            lasts, now = await look()
            if not lasts:
                return
            changed = now is not None and role is not None and now != role
            role = now or role
            await send(_part(_TOOLS_CHANGED if changed else KEEP_ALIVE))

    def _watch(self) -> None:
        """Once in a while, as long as there are streams: end them when the server is about to stop."""
        if self._leaving():
            for stream in self._open.values():
                stream.end()
        self._watched = bool(self._open)
        if self._watched:
            asyncio.get_running_loop().call_later(_WATCH_S, self._watch)


def _part(content: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": True}


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
