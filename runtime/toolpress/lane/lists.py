"""Answers that are the same for everybody who may see the same, kept as bytes.

They are not made here: the first time that somebody asks, the protocol library answers, and its answer is kept. What
it says then is what it would say the next time, since neither the catalogue nor its audiences change while a server
runs.
"""

from __future__ import annotations

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress.contract import Catalog
from toolpress.lane import wire
from toolpress.lane.message import Ask
from toolpress.principal import Principal
from toolpress.telemetry import Observer

METHODS = frozenset({"tools/list", "resources/list", "resources/templates/list", "prompts/list", "server/discover"})
_MOST = 256
"""Kept answers; a catalogue has a few roles, protocol versions and pages. What does not fit is not kept."""

_A_TURN = 4
"""Lists that go out in one turn of the event loop: many that ask for them at once do not hold up those that call."""

Key = tuple[str, str, str | None, str | None]


class ReadyLists:
    """The kept answers of one catalogue; `app` is what answers the first time."""

    def __init__(self, app: ASGIApp, catalog: Catalog, observer: Observer) -> None:
        self._app = app
        self._observer = observer
        self._roles = frozenset(catalog.roles)
        self._kept: dict[Key, bytes] = {}
        self._learning = asyncio.Lock()
        self._turns = asyncio.Semaphore(_A_TURN)

    async def answer(self, ask: Ask, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(ask, principal)
        members = self._kept.get(key)
        if members is None:
            async with self._learning:  # the others that ask meanwhile find it kept
                members = self._kept.get(key)
                said = await self._learn(key, ask, scope, receive) if members is None else []
            if members is None:
                for message in said:  # outside: a client that is slow to take it holds up nobody
                    await send(message)
                return
        self._observer.listed(ask.method)
        async with self._turns:
            await asyncio.sleep(0)
        await wire.send_json(send, wire.result(ask, members))

    def _key(self, ask: Ask, principal: Principal) -> Key:
        """An answer depends on the role alone, and all roles that the catalogue does not know see the same."""
        cursor = ask.params.get("cursor")
        role = principal.role if principal.role in self._roles else None
        return ask.method, ask.version, role, cursor if cursor is None else str(cursor)

    async def _learn(self, key: Key, ask: Ask, scope: Scope, receive: Receive) -> list[Message]:
        """What the application says, kept if it is a whole answer."""
        said: list[Message] = []

        async def listening(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, listening)
        body, begin = b"".join(message.get("body", b"") for message in said), wire.opening(ask)
        if said[0]["status"] == 200 and body.startswith(begin) and len(self._kept) < _MOST and _is_result(body):
            self._kept[key] = body[len(begin) : -1]
        return said


def _is_result(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except ValueError:
        return False
    return message.keys() == {"jsonrpc", "id", "result"} and message["result"].get("resultType") in (None, "complete")
