"""Which client makes a token request (RFC 6749 2.3): a secret in the form or by HTTP Basic, or a public client's id."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request

from toolpress.oauth.clients import kind_of
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.pair import Pair
from toolpress.oauth.rate import caller_address
from toolpress.oauth.wire import Parameters, Refused


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The client; a confidential one has proved the pair."""

    id: str
    pair: Pair | None


@dataclass(frozen=True, slots=True)
class _Presented:
    id: str | None
    secret: str | None
    by_header: bool


async def authenticate(request: Request, form: Parameters, door: Doorkeeper) -> Authenticated:
    """The client of the request, its secret verified upstream.

    Raises:
        Refused: `invalid_client` in the same words for an unknown client and a wrong secret.
        UpstreamError: The secret could not be verified.
    """
    presented = _presented(request.headers.get("authorization"), form)
    pair = None
    if presented.id and presented.secret is not None:
        pair = await door.admits(presented.id, presented.secret, caller_address(request.client))
    elif presented.id and kind_of(presented.id) in ("document", "registered"):
        return Authenticated(presented.id, None)
    if pair is None:
        raise _invalid_client(by_header=presented.by_header)
    return Authenticated(pair.tenant, pair)


def _presented(header: str | None, form: Parameters) -> _Presented:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return _Presented(form.get("client_id"), form.get("client_secret"), by_header=False)
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        raise _invalid_client(by_header=True) from error
    # Form-encoded by RFC 6749 2.3.1, though many send them bare: a plus sign is left alone, which suits both.
    name, secret = unquote(name), unquote(secret)
    if form.get("client_secret") is not None or form.get("client_id") not in (None, name):
        raise Refused("invalid_request", "Send the client credentials in one way: by HTTP Basic or in the form.")
    return _Presented(name, secret if colon and secret else None, by_header=True)


def _invalid_client(*, by_header: bool) -> Refused:
    headers = {"www-authenticate": 'Basic realm="oauth", charset="UTF-8"'} if by_header else None
    return Refused("invalid_client", "The client is unknown or its secret is wrong.", status=401, headers=headers)
