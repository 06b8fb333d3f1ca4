"""Sessions that live in the process: whose they are is told to the protocol library, which keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress.gate import ADMITTED, Admitted

_WATCH_S = 0.5


class SessionOwner:
    """Behind the gate: names the caller as the user of the request, so that a session is good for its own key alone.

    The stream of a session, which has no end of its own, ends when `leaving` tells that the server is about to stop.
    """

    def __init__(self, app: ASGIApp, *, leaving: Callable[[], bool]) -> None:
        self.app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        if admitted is not None:
            name = admitted.caller.principal.fingerprint
            scope["user"] = AuthenticatedUser(AccessToken(token=name, client_id=name, scopes=[]))
            if scope["method"] == "GET":
                receive = self._until_leaving(receive)
        await self.app(scope, receive, send)

    def _until_leaving(self, receive: Receive) -> Receive:
        async def received() -> Message:
            message = asyncio.ensure_future(receive())
            try:
                while not self._leaving():
                    await asyncio.wait({message}, timeout=_WATCH_S)
                    if message.done():
                        return message.result()
            finally:
                message.cancel()
            return {"type": "http.disconnect"}

        return received
