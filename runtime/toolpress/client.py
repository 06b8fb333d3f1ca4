"""Call a catalogue's tools from Python; the server runs its tools through the same `Client.call`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import BaseModel

from toolpress import arguments as checking
from toolpress import credentials, request, response
from toolpress.contract import UNSET, Catalog, JsonObject, Operation, ResponseRule, Route
from toolpress.errors import MISSING_API_KEY, Unauthenticated
from toolpress.principal import Credential
from toolpress.surface import LiveRead
from toolpress.tenancy import checked_tenant, missing_tenant
from toolpress.upstream import Timing, Upstream
from toolpress.version import USER_AGENT

__all__ = ["Client"]


class Client:
    """A key and the upstream it opens.

        async with Client(CATALOG, key="...") as client:
            await some_generated_tool(client, argument=1)

    Without `key` and `tenant` the catalogue's environment variables are read; only products with a host for each
    tenant need a tenant. `base_url` overrides the catalogue's; `transport` replaces the network below httpx.
    """

    def __init__(
        self,
        catalog: Catalog,
        key: str | None = None,
        base_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        tenant: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.catalog = catalog
        self.upstream = Upstream(base_url or catalog.base_url, catalog.limits, transport=transport, timing=timing)
        self._key = key or os.environ.get(catalog.authentication.environment)
        self._tenant = tenant or (os.environ.get(catalog.tenancy.environment) if catalog.tenancy else None)

    def for_caller(self, credential: Credential) -> Client:
        """The same connections with another credential; closing either closes both."""
        other = object.__new__(Client)
        other.catalog, other.upstream = self.catalog, self.upstream
        other._key, other._tenant = credential.key, credential.tenant
        return other

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self.upstream.aclose()

    async def call(self, operation: Operation, arguments: Mapping[str, object]) -> JsonObject:
        """Run one tool. Arguments may be plain values, generated models or UNSET.

        Raises:
            ToolpressError: See `toolpress.errors`; `to_payload()` is the wire form.
        """
        return (await self.answer(operation, plain(arguments))).payload

    async def answer(self, operation: Operation, arguments: Mapping[str, object]) -> response.Answer:
        """The same for plain values alone, with the upstream's own text beside what it says."""
        return await self._exchanged(operation, request.build(operation, checking.validate(operation, arguments)))

    async def read(self, uri: str, live: LiveRead) -> JsonObject:
        """What the upstream shows now of a resource.

        Raises:
            ToolpressError: As of `call`.
        """
        rule = ResponseRule(data_as=live.data_as)
        operation = Operation(uri, "read", Route("GET", live.path), params=(), model="", response=rule)
        return (await self._exchanged(operation, request.UpstreamRequest("GET", live.path, live.query))).payload

    async def _exchanged(self, operation: Operation, built: request.UpstreamRequest) -> response.Answer:
        answer = await self.upstream.send(
            built,
            headers=self._headers(operation),
            effect=operation.effect,
            timeout_s=operation.timeout_s,
            tenant=self._checked_tenant(),
        )
        return response.read(operation, self.catalog.errors, answer)

    def _checked_tenant(self) -> str | None:
        tenancy = self.catalog.tenancy
        if tenancy is None:
            return None
        if not self._tenant:
            raise missing_tenant(f"Pass tenant= with the key, or set the environment variable {tenancy.environment}.")
        return checked_tenant(self._tenant)

    def _headers(self, operation: Operation) -> dict[str, str]:
        rules = self.catalog.authentication
        if not self._key:
            raise Unauthenticated(
                "No API key was given.",
                code=MISSING_API_KEY,
                fix=f"Pass key=, or set the environment variable {rules.environment}.",
                outcome="not_sent",
            )
        name, value = credentials.sending(credentials.checked(self._key, rules), rules)
        accept = "text/event-stream, application/json" if operation.response.format == "sse" else "application/json"
        return {"accept": accept, "user-agent": USER_AGENT, name: value}


def plain(arguments: Mapping[str, object]) -> dict[str, Any]:
    """Arguments without those that are UNSET, models as the objects that were set in them."""
    return {name: _plain(value) for name, value in arguments.items() if value is not UNSET}


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value if item is not UNSET]
    return value
