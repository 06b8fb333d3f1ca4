"""Sessions that live in the process: whose they are is told to the protocol library, which keeps them."""

from __future__ import annotations

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import ASGIApp, Receive, Scope, Send

from toolpress.gate import ADMITTED, Admitted


class SessionOwner:
    """Behind the gate: names the caller as the user of the request, so that a session is good for its own key alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        if admitted is not None:
            name = admitted.caller.principal.fingerprint
            scope["user"] = AuthenticatedUser(AccessToken(token=name, client_id=name, scopes=[]))
        await self.app(scope, receive, send)
