"""The products that the pages speak of: who calls them in the examples, and what shows that a server works."""

from __future__ import annotations

from dataclasses import dataclass

from toolpress.contract import Catalog
from toolpress.credentials import calling
from toolpress.embedded import sandbox_base_url
from toolpress.principal import Credential
from toolpress_catalogs.mihu.catalog import CATALOG as MIHU_CATALOG
from toolpress_catalogs.zihin.catalog import CATALOG as ZIHIN_CATALOG


@dataclass(frozen=True)
class Product:
    """`probe` is a tool that succeeds without arguments."""

    catalog: Catalog
    credential: Credential
    probe: str

    @property
    def tools(self) -> set[str]:
        return {tool.name for tool in self.catalog.tools}

    @property
    def headers(self) -> dict[str, str]:
        return calling(self.credential, self.catalog)

    def environment(self, sandbox: str) -> dict[str, str]:
        """What makes a process call the sandbox at this address instead of the product."""
        tenancy, name = self.catalog.tenancy, self.catalog.name.upper()
        return {
            self.catalog.authentication.environment: self.credential.key,
            **({tenancy.environment: self.credential.tenant or ""} if tenancy else {}),
            f"TOOLPRESS_{name}_BASE_URL": sandbox_base_url(self.catalog, sandbox),
        }


ZIHIN = Product(ZIHIN_CATALOG, Credential("zhn_test_acme_owner", None), "whoami")
MIHU = Product(MIHU_CATALOG, Credential("mihu_test_acme_full", "acme"), "list_agents")
PRODUCTS = {product.catalog.name: product for product in (ZIHIN, MIHU)}
