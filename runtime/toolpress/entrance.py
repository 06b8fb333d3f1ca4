"""How callers of one catalogue come in: with the product's own keys, or with access tokens that are minted here.

A bearer is looked at in this order: a token of ours stands for its tenant and key, and a tenant header may only agree
with it; anything else is taken for a key of the product.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute
from starlette.types import Scope

from toolpress import credentials
from toolpress.contract import Catalog
from toolpress.errors import INVALID_TENANT, MISSING_API_KEY, Unauthenticated
from toolpress.executor import Executor
from toolpress.gate import Challenge, Find
from toolpress.principal import Credential
from toolpress.settings import Settings
from toolpress.whoami import whoami

if TYPE_CHECKING:
    from toolpress.oauth import AuthorizationServer


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the gate asks, and the routes that belong to it: `routes` below the catalogue, `root_routes` at the root."""

    find: Find
    challenge: Challenge
    routes: tuple[BaseRoute, ...] = ()
    root_routes: tuple[BaseRoute, ...] = ()
    aclose: Callable[[], Awaitable[None]] | None = None


def entrance(executor: Executor, settings: Settings, prefix: str = "") -> Entrance:
    """The entrance of a catalogue that is mounted at `prefix`; opens the token store if the catalogue mints tokens.

    Raises:
        ConfigurationError: The store's or the public URL cannot be used.
    """
    catalog = executor.index.catalog
    if not catalog.authentication.oauth:
        return Entrance(_KeyFinder(catalog), _Realm(catalog))
    from toolpress.oauth import AuthorizationServer, open_store

    store = open_store(settings.store_url)
    server = AuthorizationServer(
        name=catalog.name,
        title=catalog.title,
        store=store.keys,
        verify=_Verifier(executor),
        public_url=settings.public_url,
        prefix=prefix,
    )
    find = _TokenFinder(catalog, server)
    return Entrance(find, server.challenge, tuple(server.routes()), tuple(server.root_routes()), store.aclose)


class _KeyFinder:
    """The key that the headers carry."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def __call__(self, headers: credentials.RawHeaders) -> Credential:
        return credentials.from_headers(headers, self._catalog)


class _TokenFinder:
    """What an access token of ours stands for, else the key that the headers carry."""

    def __init__(self, catalog: Catalog, server: AuthorizationServer) -> None:
        self._catalog = catalog
        self._server = server

    async def __call__(self, headers: credentials.RawHeaders) -> Credential:
        listed = list(headers)
        pair = await self._server.resolve(credentials.key_in(listed, self._catalog.authentication))
        if pair is None:
            return credentials.from_headers(listed, self._catalog)
        named = credentials.tenant_in(listed, self._catalog.tenancy)
        if named not in (None, pair.tenant):
            raise Unauthenticated(
                "The access token belongs to another tenant than the request names.",
                code=INVALID_TENANT,
                fix="Leave the tenant header out: the token knows its tenant.",
            )
        return Credential(pair.secret, pair.tenant)


class _Realm:
    """The challenge of a catalogue without tokens (RFC 6750 section 3)."""

    def __init__(self, catalog: Catalog) -> None:
        self._name = catalog.name

    def __call__(self, _scope: Scope, error: Unauthenticated) -> str:
        challenge = f'Bearer realm="{self._name}"'
        return challenge if error.code == MISSING_API_KEY else f'{challenge}, error="invalid_token"'


class _Verifier:
    """Whether the upstream accepts a pair: one cheap read with it."""

    def __init__(self, executor: Executor) -> None:
        self._client = executor.client

    async def __call__(self, tenant: str, secret: str) -> bool:
        try:
            await whoami(self._client, Credential(secret, tenant))
        except Unauthenticated:
            return False
        return True
