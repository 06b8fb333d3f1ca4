"""What has been granted: codes, access tokens and refresh tokens, and the family that one consent gives rise to.

A code and every token that comes of it share a family. A token is good while its family is; ending the family ends
them all. Codes and refresh tokens work once: beside each stands a mark that the first use takes away, which of several
uses at once only one can do. Whoever finds the mark gone presents a used one, and the family ends
(RFC 6749 4.1.2, RFC 9700 4.14.2).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from mcp.shared.auth import OAuthToken

from toolpress.contract import JsonObject
from toolpress.oauth.pair import Pair
from toolpress.oauth.sealing import hashed, seal, unseal
from toolpress.oauth.store import Records
from toolpress.oauth.tokens import ACCESS_LIFE_S, CODE_LIFE_S, REFRESH_LIFE_S, Kind, kind_of, new_token

_LOG = logging.getLogger(__name__)

_UNUSED = "unused"
_FAMILY = "family"
_ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client may have. Without a pair the client proves its own with every token request."""

    client_id: str
    scope: str
    pair: Pair | None = None
    refreshable: bool = False
    redirect_uri: str = ""
    challenge: str = ""
    """The last two belong to codes: where it was sent, and the S256 challenge of RFC 7636."""


@dataclass(frozen=True, slots=True)
class Held:
    """A token that is known and has not ended, opened with the token itself."""

    kind: Kind
    name: str
    family: str
    ends: float
    grant: Grant


class Ledger:
    def __init__(self, records: Records, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock

    async def issue_code(self, grant: Grant) -> str:
        """A code that can be redeemed once, soon."""
        return await self._issue("code", grant, secrets.token_hex(16), self._clock() + CODE_LIFE_S)

    async def read(self, token: str) -> Held | None:
        """The token as it was granted; None if it is unknown, has ended, or its family has."""
        kind = kind_of(token)
        if kind is None:
            return None
        name = hashed(token)
        record = await self._records.get(kind, name)
        opened = unseal(token, record["sealed"], _context(kind, name)) if record else None
        if record is None or opened is None:
            return None
        family = record["family"]
        if kind != "code" and await self._records.get(_FAMILY, family) is None:
            return None
        return Held(kind, name, family, record["ends"], _grant(opened))

    async def grant_at_once(self, grant: Grant, pair: Pair) -> OAuthToken:
        """An access token alone, for a client that acts for itself."""
        family = secrets.token_hex(16)
        await self._open(family, self._clock())
        return await self._mint(grant, pair, family, refresh_ends=None)

    async def redeem(self, code: Held, pair: Pair) -> OAuthToken | None:
        """Tokens for a code; None if it was used before, and then its tokens have ended."""
        if not await self._first_use(code):
            return None
        ends = self._clock() + REFRESH_LIFE_S
        if not await self._open(code.family, ends):
            return None
        return await self._mint(code.grant, pair, code.family, refresh_ends=ends if code.grant.refreshable else None)

    async def rotate(self, refresh: Held, pair: Pair) -> OAuthToken | None:
        """New tokens for a refresh token, in whose place the new one stands; None if it was used before."""
        if not await self._first_use(refresh):
            return None
        return await self._mint(refresh.grant, pair, refresh.family, refresh_ends=refresh.ends)

    async def end(self, family: str) -> None:
        """End every token of the family.

        A redemption may be under way that opens the family a moment from now: it finds that the end came first.
        """
        await self._records.put(_ENDED, family, {}, ends=self._clock() + 2 * CODE_LIFE_S)
        await self._records.take(_FAMILY, family)

    async def _open(self, family: str, refresh_ends: float) -> bool:
        await self._records.put(_FAMILY, family, {}, ends=refresh_ends + ACCESS_LIFE_S)
        if await self._records.get(_ENDED, family) is None:
            return True
        await self._records.take(_FAMILY, family)
        return False

    async def _first_use(self, held: Held) -> bool:
        if await self._records.take(_UNUSED, held.name):
            return True
        _LOG.warning("A used token was presented again; its family has ended", extra={"token_kind": held.kind})
        await self.end(held.family)
        return False

    async def _mint(self, grant: Grant, pair: Pair, family: str, *, refresh_ends: float | None) -> OAuthToken:
        bare = replace(grant, redirect_uri="", challenge="")
        refresh = await self._issue("refresh", bare, family, refresh_ends) if refresh_ends is not None else None
        access = await self._issue("access", replace(bare, pair=pair), family, self._clock() + ACCESS_LIFE_S)
        return OAuthToken(access_token=access, expires_in=ACCESS_LIFE_S, scope=grant.scope, refresh_token=refresh)

    async def _issue(self, kind: Kind, grant: Grant, family: str, ends: float) -> str:
        token = new_token(kind)
        name = hashed(token)
        if kind != "access":
            await self._records.put(_UNUSED, name, {}, ends=ends)
        sealed = seal(token, _as_json(grant), _context(kind, name))
        await self._records.put(kind, name, {"family": family, "sealed": sealed}, ends=ends)
        return token


def _context(kind: Kind, name: str) -> str:
    return f"{kind} {name}"


def _as_json(grant: Grant) -> JsonObject:
    return {
        "client_id": grant.client_id,
        "scope": grant.scope,
        "pair": [grant.pair.tenant, grant.pair.secret] if grant.pair else None,
        "refreshable": grant.refreshable,
        "redirect_uri": grant.redirect_uri,
        "challenge": grant.challenge,
    }


def _grant(value: JsonObject) -> Grant:
    pair = value.pop("pair")
    return Grant(**value, pair=Pair(*pair) if pair else None)
