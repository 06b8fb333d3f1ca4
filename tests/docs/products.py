"""The shipped catalogues as the pages use them: with the test key that may do everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastmcp import Client

from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.contract import Catalog
from toolpress.credentials import calling
from toolpress.embedded import default_credential
from toolpress.principal import Credential


@dataclass(frozen=True)
class Product:
    """A catalogue and how its default caller reaches it."""

    index: CatalogIndex

    @property
    def catalog(self) -> Catalog:
        return self.index.catalog

    @property
    def credential(self) -> Credential:
        return default_credential(self.index)

    @property
    def headers(self) -> dict[str, str]:
        return calling(self.credential, self.catalog)

    @property
    def environment(self) -> dict[str, str]:
        """The same for stdio."""
        named = {self.catalog.authentication.environment: self.credential.key}
        if self.catalog.tenancy is not None:
            named[self.catalog.tenancy.environment] = str(self.credential.tenant)
        return named

    @property
    def tools(self) -> set[str]:
        return {tool.name for tool in self.index.tools}

    async def seen_by(self, client: Client[Any]) -> set[str]:
        """The tools that a server lists, after one call: it works from end to end."""
        identity = self.catalog.authentication.identity
        assert (await client.call_tool(identity.tool, dict(identity.arguments))).data["success"] is True
        return {tool.name for tool in await client.list_tools()}


PRODUCTS = {name: Product(CatalogIndex(find_catalog(name))) for name in ("mihu", "zihin")}
CREDENTIALS = {name for product in PRODUCTS.values() for name in product.environment}
"""The environment variables that hold one."""
