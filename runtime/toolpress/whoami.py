"""Learn a key's owner from the catalogue's identity tool, called with that key."""

from __future__ import annotations

from toolpress.catalog import load_operation
from toolpress.client import Client
from toolpress.contract import Catalog, JsonObject, Operation
from toolpress.errors import (
    INVALID_API_KEY,
    ConfigurationError,
    Unauthenticated,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamUnresolved,
)
from toolpress.identity import Ask
from toolpress.paths import lookup
from toolpress.principal import Credential, Principal
from toolpress.tenancy import unknown_tenant


def asker(client: Client) -> Ask:
    """The question for an IdentityCache."""

    async def ask(credential: Credential) -> Principal:
        return await whoami(client, credential)

    return ask


async def whoami(client: Client, credential: Credential) -> Principal:
    """The owner of the credential.

    Raises:
        Unauthenticated: The upstream does not know the key, or the tenant.
        UpstreamError: It could not be asked, or its answer names no role.
    """
    catalog = client.catalog
    rules = catalog.authentication.identity
    answer: JsonObject = {}
    try:
        answer = await client.for_caller(credential).call(identity_operation(catalog), dict(rules.arguments))
    except UpstreamRefused as error:
        if error.status == 404 and catalog.tenancy is not None:
            raise unknown_tenant(catalog.base_url, "answered 404") from error
        if error.status == 401 or (error.status == 403 and rules.role is not None):
            raise _unknown_key(catalog) from error
        if error.status != 403:  # without roles, a known key may well lack the one permission that was tried
            raise
    except UpstreamUnresolved as error:
        if catalog.tenancy is None:
            raise
        raise unknown_tenant(catalog.base_url, "does not resolve") from error
    role = catalog.roles[0] if rules.role is None else lookup(answer, rules.role)
    tenant = credential.tenant if rules.tenant is None else lookup(answer, rules.tenant)
    if not isinstance(role, str) or not isinstance(tenant, str):
        raise UpstreamGarbled(
            "The upstream did not say whom the key belongs to.", fix="Call again later.", retryable=True
        )
    return Principal(role, tenant, credential.fingerprint, _plan(answer, catalog))


def _plan(answer: JsonObject, catalog: Catalog) -> str | None:
    """Nobody is turned away for want of a plan."""
    path = catalog.sessions.plan if catalog.sessions else None
    plan = lookup(answer, path) if path else None
    return plan if isinstance(plan, str) else None


def _unknown_key(catalog: Catalog) -> Unauthenticated:
    if catalog.tenancy is None:
        return Unauthenticated(
            "The API key is unknown, revoked or expired.", code=INVALID_API_KEY, fix="Use a valid key.", status=401
        )
    return Unauthenticated(
        "The upstream answered 401: wrong tenant, or wrong or expired API token.",
        code=INVALID_API_KEY,
        fix="Check that the token was made in this tenant and is still valid; each tenant has tokens of its own.",
        status=401,
    )


def identity_operation(catalog: Catalog) -> Operation:
    """The operation whose answer shows whose a key is."""
    name = catalog.authentication.identity.tool
    tool = next((tool for tool in catalog.tools if tool.name == name), None)
    if tool is None:
        raise ConfigurationError(
            f"The identity tool {name} is not in the catalogue {catalog.name}.",
            fix="Name an existing tool in server.yaml: authentication.identity.tool",
        )
    return load_operation(catalog.package, tool.module, tool.name)
