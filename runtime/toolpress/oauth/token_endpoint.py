"""POST /oauth/token: client_credentials, authorization_code with PKCE S256, refresh_token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from mcp.shared.auth import OAuthToken
from starlette.requests import Request
from starlette.responses import Response

from toolpress.oauth.client_auth import Authenticated, authenticate
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.ledger import Grant, Held, Ledger
from toolpress.oauth.rate import caller_address
from toolpress.oauth.targets import Targets
from toolpress.oauth.wire import Parameters, Refused, answer, form

_NEEDS = {
    "client_credentials": (),
    "authorization_code": ("code", "code_verifier"),
    "refresh_token": ("refresh_token",),
}
GRANT_TYPES = tuple(_NEEDS)

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 4.1: a short one could be guessed from its challenge."""


class TokenEndpoint:
    def __init__(self, *, ledger: Ledger, door: Doorkeeper, targets: Targets) -> None:
        self._ledger = ledger
        self._door = door
        self._targets = targets

    async def __call__(self, request: Request) -> Response:
        sent = await form(request)
        grant_type = sent.required("grant_type")
        if grant_type not in _NEEDS:
            raise Refused("unsupported_grant_type", f"Supported grant types: {', '.join(_NEEDS)}.")
        for name in _NEEDS[grant_type]:
            sent.required(name)
        scope = self._targets.scope(sent)
        self._targets.check_resource(sent, request.scope)
        client = await authenticate(request, sent, self._door)
        if grant_type == "client_credentials":
            token = await self._client_credentials(client, scope)
        elif grant_type == "authorization_code":
            token = await self._authorization_code(client, sent)
        else:
            token = await self._refresh_token(client, sent, caller_address(request.client))
        return answer(token.model_dump(exclude_none=True))

    async def _client_credentials(self, client: Authenticated, scope: str) -> OAuthToken:
        if client.pair is None:
            raise Refused("unauthorized_client", "A client without a secret cannot use client_credentials.")
        return await self._ledger.grant_at_once(Grant(client.id, scope), client.pair)

    async def _authorization_code(self, client: Authenticated, sent: Parameters) -> OAuthToken:
        code = await self._held("code", sent.required("code"), client)
        redirect_uri = sent.get("redirect_uri")
        # OAuth 2.1 no longer sends it; a client of OAuth 2.0 does, and then it has to be the same.
        if redirect_uri is not None and redirect_uri != code.grant.redirect_uri:
            raise Refused("invalid_grant", "The redirect_uri is not that of the authorization request.")
        verifier = sent.required("code_verifier")
        fits = hmac.compare_digest(challenge_of(verifier), code.grant.challenge)
        if not (fits and _VERIFIER.fullmatch(verifier)):
            raise Refused("invalid_grant", "The code_verifier does not fit.")
        pair = client.pair or code.grant.pair
        token = await self._ledger.redeem(code, pair) if pair else None
        if token is None:
            raise Refused("invalid_grant", "The code was used before; the tokens that came of it are revoked.")
        return token

    async def _refresh_token(self, client: Authenticated, sent: Parameters, address: str) -> OAuthToken:
        refresh = await self._held("refresh", sent.required("refresh_token"), client)
        pair = client.pair
        if pair is None and refresh.grant.pair is not None:
            pair = await self._door.admits(refresh.grant.pair.tenant, refresh.grant.pair.secret, address)
        if pair is None:
            await self._ledger.end(refresh.family)
            raise Refused("invalid_grant", "The upstream no longer accepts what this token stands for.")
        token = await self._ledger.rotate(refresh, pair)
        if token is None:
            raise Refused("invalid_grant", "The refresh token was used before; all tokens beside it are revoked.")
        return token

    async def _held(self, kind: str, token: str, client: Authenticated) -> Held:
        held = await self._ledger.read(token)
        if held is None or held.kind != kind or held.grant.client_id != client.id:
            raise Refused("invalid_grant", f"The {kind} is unknown, expired, revoked or another client's.")
        return held


def challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
