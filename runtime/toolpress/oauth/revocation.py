"""POST /oauth/revoke (RFC 7009). Revoking a token ends its whole family: it was one consent, and that is withdrawn."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from toolpress.oauth.client_auth import authenticate
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.ledger import Ledger
from toolpress.oauth.tokens import kind_of
from toolpress.oauth.wire import Refused, form


class RevocationEndpoint:
    def __init__(self, *, ledger: Ledger, door: Doorkeeper) -> None:
        self._ledger = ledger
        self._door = door

    async def __call__(self, request: Request) -> Response:
        """`token_type_hint` is not needed: a token says itself what it is."""
        sent = await form(request)
        token = sent.required("token")
        if kind_of(token) == "code":
            raise Refused("unsupported_token_type", "An authorization code cannot be revoked; it expires by itself.")
        client = await authenticate(request, sent, self._door)
        held = await self._ledger.read(token)
        if held is not None:
            if held.grant.client_id != client.id:
                raise Refused("unauthorized_client", "The token was issued to another client.")
            await self._ledger.end(held.family)
        return Response(status_code=200, headers={"cache-control": "no-store"})
