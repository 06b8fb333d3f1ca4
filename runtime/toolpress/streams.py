"""The event streams that clients open with GET, over which the server speaks first.

What it has to say is that the list of tools has changed, or a resource. A stream ends when its session does, when the
server stops, when the same session opens another one, and after a few minutes at the latest: clients come back by
themselves, and the gate then looks at their key again. None outlives a client that went silently.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mcp.server.subscriptions import ResourceUpdated
from starlette.types import Receive, Send

from toolpress.audience import Event
from toolpress.event_answer import EVENT_HEADERS, KEEP_ALIVE, KEEP_ALIVE_S, event, part

_WATCH_S = 0.5
_OPENED = b": open\n\n"
_TOOLS_CHANGED = event(b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}')

Lasts = Callable[[], Awaitable[bool]]
"""Whether the session of a stream is still open."""


@dataclass(slots=True, eq=False)
class Stream:
    """`stirred` is done when something is to be done about it.

    `untold` is what its client has yet to hear, each event once however often it happened.
    """

    session: str
    owner: str
    untold: dict[Event, None] = field(default_factory=dict)
    over: bool = False
    stirred: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def stir(self) -> None:
        if not self.stirred.done():
            self.stirred.set_result(None)

    async def tell(self, event: Event) -> None:
        self.untold[event] = None
        self.stir()

    def end(self) -> None:
        self.over = True
        self.stir()


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
        self._of_session: dict[str, Stream] = {}
        self._of_owner: dict[str, set[Stream]] = {}
        self._watched = False

    def has_room(self, owner: str) -> bool:
        own = len(self._of_owner.get(owner, ()))
        return not self._leaving() and len(self._of_session) < self._most and own < self._most_of_owner

    def end(self, session: str) -> None:
        """End the stream of the session, if one is open here."""
        if session in self._of_session:
            self._of_session[session].end()

    async def serve(self, stream: Stream, lasts: Lasts, receive: Receive, send: Send) -> None:
        """One stream from its first byte to its last; what an older one of its session has not told yet, it tells."""
        older = self._of_session.get(stream.session)
        if older is not None:
            stream.untold |= older.untold
            stream.stir()
            older.end()
        self._of_session[stream.session] = stream
        self._of_owner.setdefault(stream.owner, set()).add(stream)
        if not self._watched:
            self._watch()
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(EVENT_HEADERS)})
            await send(part(_OPENED))
            await self._keep(stream, gone, lasts, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._forget(stream)

    async def _keep(self, stream: Stream, gone: asyncio.Future[None], lasts: Lasts, send: Send) -> None:
        over = self._clock() + self._life_s
        while self._clock() < over:
            waited = {gone, stream.stirred}
            await asyncio.wait(waited, timeout=self._step_s, return_when=asyncio.FIRST_COMPLETED)
            if stream.stirred.done():
                stream.stirred = asyncio.get_running_loop().create_future()
            if gone.done() or stream.over or not await lasts():
                return
            untold, stream.untold = stream.untold, {}
            await send(part(b"".join(map(_notification, untold)) or KEEP_ALIVE))

    def _forget(self, stream: Stream) -> None:
        if self._of_session.get(stream.session) is stream:
            del self._of_session[stream.session]
        own = self._of_owner[stream.owner]
        own.discard(stream)
        if not own:
            del self._of_owner[stream.owner]

    def _watch(self) -> None:
        """Once in a while, as long as there are streams: end them when the server is about to stop."""
        if self._leaving():
            for stream in self._of_session.values():
                stream.end()
        self._watched = bool(self._of_session)
        if self._watched:
            asyncio.get_running_loop().call_later(_WATCH_S, self._watch)


def _notification(told: Event) -> bytes:
    if not isinstance(told, ResourceUpdated):
        return _TOOLS_CHANGED
    updated = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": told.uri}}
    return event(json.dumps(updated, separators=(",", ":")).encode())


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
