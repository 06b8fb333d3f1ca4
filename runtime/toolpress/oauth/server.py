"""The authorization server of one catalogue: its routes, and what the gate before the MCP endpoint asks of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from toolpress.contract import JsonObject
from toolpress.errors import INVALID_API_KEY, MISSING_API_KEY, TOKEN_EXPIRED, Unauthenticated
from toolpress.oauth import wire
from toolpress.oauth.addresses import (
    AUTHORIZE,
    METADATA,
    REGISTER,
    RESOURCE_METADATA,
    REVOKE,
    TOKEN,
    Addresses,
    public_addresses,
    request_addresses,
)
from toolpress.oauth.authorization import Reader
from toolpress.oauth.authorize_endpoint import AuthorizeEndpoint
from toolpress.oauth.cimd import FetchDocument, document_fetcher
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.ledger import Ledger
from toolpress.oauth.metadata import resource_metadata, server_metadata
from toolpress.oauth.pair import Pair, VerifyPair
from toolpress.oauth.rate import Limiter, RateLimits, caller_address
from toolpress.oauth.registration import RegistrationEndpoint
from toolpress.oauth.revocation import RevocationEndpoint
from toolpress.oauth.store import Records
from toolpress.oauth.targets import SCOPE, Targets
from toolpress.oauth.token_endpoint import TokenEndpoint
from toolpress.oauth.tokens import kind_of
from toolpress.oauth.wire import Refused

if TYPE_CHECKING:
    from key_value.aio.protocols.key_value import AsyncKeyValue

_UNQUOTABLE = re.compile(r'[^\x20-\x7e]|["\\]')


class AuthorizationServer:
    """`name` keeps the records apart from those of other catalogues in the same store; `title` is what persons read.

    `prefix` is the path below which the routes are mounted, such as `/mihu`; `public_url` what clients see before it.
    """

    def __init__(
        self,
        *,
        name: str,
        title: str,
        store: AsyncKeyValue,
        verify: VerifyPair,
        public_url: str | None,
        prefix: str = "",
        mcp_path: str = "/mcp",
        clock: Callable[[], float] = time.time,
        fetch: FetchDocument | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        limits = limits or RateLimits()
        self._name = name
        self._title = title
        self._prefix = prefix
        self._mcp_path = mcp_path
        self._public = public_addresses(public_url, prefix, mcp_path) if public_url else None
        self._requests = Limiter(limits.requests, clock)
        self._ledger = Ledger(Records(store, name, clock), clock)
        targets = Targets(self._addresses)
        door = Doorkeeper(verify, limits, clock)
        self._token = TokenEndpoint(ledger=self._ledger, door=door, targets=targets)
        self._revoke = RevocationEndpoint(ledger=self._ledger, door=door)
        self._register = RegistrationEndpoint(scope=SCOPE, clock=clock)
        self._authorize = AuthorizeEndpoint(
            title=title,
            reader=Reader(fetch or document_fetcher(), targets),
            door=door,
            ledger=self._ledger,
            addresses=self._known_addresses,
            admit=self._admit,
            clock=clock,
        )

    def routes(self) -> list[BaseRoute]:
        """The routes below the mount prefix. Browsers post here with `Origin: null`: keep guards of origins away."""
        return [
            wire.post(TOKEN, self._token, self._admit),
            wire.post(REVOKE, self._revoke, self._admit),
            wire.post(REGISTER, self._register, self._admit),
            wire.page(AUTHORIZE, self._authorize),
            wire.get(METADATA, self._server_metadata),
            wire.get(RESOURCE_METADATA, self._resource_metadata),
            wire.get(RESOURCE_METADATA + self._mcp_path, self._resource_metadata),
        ]

    def root_routes(self) -> list[BaseRoute]:
        """The routes at the root of the host, where RFC 8414 and 9728 put the documents of servers below a path.

        None for a server without a path: it is at the root, and `routes` has them.
        """
        path = self._public.path if self._public else self._prefix
        if not path:
            return []
        return [
            wire.get(METADATA + path, self._server_metadata),
            wire.get(RESOURCE_METADATA + path + self._mcp_path, self._resource_metadata),
        ]

    async def resolve(self, bearer: str) -> Pair | None:
        """What an access token stands for; None if the text is no token of ours.

        Raises:
            Unauthenticated: It is ours, and has expired, was revoked or is no access token.
            StoreUnavailable: The store does not answer.
        """
        kind = kind_of(bearer)
        if kind is None:
            return None
        fix = f"Mint a new one: POST {self._public.endpoint(TOKEN) if self._public else self._prefix + TOKEN}"
        if kind != "access":
            raise Unauthenticated("This is no access token.", code=INVALID_API_KEY, fix=fix, status=401)
        held = await self._ledger.read(bearer)
        if held is None or held.grant.pair is None:
            message = "The access token has expired or was revoked."
            raise Unauthenticated(message, code=TOKEN_EXPIRED, fix=fix, status=401)
        return held.grant.pair

    def challenge(self, scope: Scope, error: Unauthenticated | None = None) -> str:
        """The WWW-Authenticate value of a 401 (RFC 6750 3, RFC 9728 5.1); `error` unless nothing was presented."""
        parts = {"realm": self._name}
        addresses = self._addresses(scope)
        if addresses is not None:
            parts |= {"resource_metadata": addresses.resource_metadata, "scope": SCOPE}
        if error is not None and error.code != MISSING_API_KEY:
            text = f"{error.message} {error.fix or ''}".strip()
            parts |= {"error": "invalid_token", "error_description": _UNQUOTABLE.sub("", text)}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())

    def _addresses(self, scope: Scope) -> Addresses | None:
        return self._public or request_addresses(scope, self._prefix, self._mcp_path)

    def _known_addresses(self, request: Request) -> Addresses:
        addresses = self._addresses(request.scope)
        if addresses is None:
            text = "This server does not know its public URL. Its operator must set TOOLPRESS_PUBLIC_URL."
            raise Refused("server_error", text, status=500)
        return addresses

    def _admit(self, request: Request) -> None:
        if wait := self._requests.take(caller_address(request.client)):
            raise wire.too_many(wait)

    async def _server_metadata(self, request: Request) -> Response:
        return self._document(server_metadata(self._known_addresses(request)))

    async def _resource_metadata(self, request: Request) -> Response:
        return self._document(resource_metadata(self._known_addresses(request), self._title))

    def _document(self, content: JsonObject) -> Response:
        """To be kept for an hour when it is the same for everyone."""
        return wire.answer(content, headers={"cache-control": "public, max-age=3600"} if self._public else None)
