"""Learn a key's owner from the catalogue's identity tool, called with that key."""

from __future__ import annotations

from toolpress.catalog import load_operation
from toolpress.client import Client
from toolpress.contract import Catalog, Operation
from toolpress.errors import INVALID_API_KEY, ConfigurationError, Unauthenticated, UpstreamGarbled, UpstreamRefused
from toolpress.identity import Ask
from toolpress.paths import lookup
from toolpress.principal import Principal, fingerprint


def asker(client: Client) -> Ask:
    """The question for an IdentityCache."""

    async def ask(key: str) -> Principal:
        return await whoami(client, key)

    return ask


async def whoami(client: Client, key: str) -> Principal:
    """The owner of the key.

    Raises:
        Unauthenticated: The upstream answered 401 or 403.
        UpstreamError: It could not be asked, or its answer names no role.
    """
    rules = client.catalog.authentication.identity
    try:
        answer = await client.for_key(key).call(_operation(client.catalog), {})
    except UpstreamRefused as error:
        if error.status not in (401, 403):
            raise
        raise Unauthenticated(
            "The API key is unknown, revoked or expired.", code=INVALID_API_KEY, fix="Use a valid key.", status=401
        ) from error
    role, tenant = lookup(answer, rules.role), lookup(answer, rules.tenant)
    if not isinstance(role, str) or not isinstance(tenant, str):
        raise UpstreamGarbled(
            "The upstream did not say whom the key belongs to.", fix="Call again later.", retryable=True
        )
    return Principal(role, tenant, fingerprint(key))


def _operation(catalog: Catalog) -> Operation:
    name = catalog.authentication.identity.tool
    tool = next((tool for tool in catalog.tools if tool.name == name), None)
    if tool is None:
        raise ConfigurationError(
            f"The identity tool {name} is not in the catalogue {catalog.name}.",
            fix="Name an existing tool in server.yaml: authentication.identity.tool",
        )
    return load_operation(catalog.package, tool.module, tool.name)
