"""One server of both catalogues for clients of other makers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.foreign.products import PRODUCTS
from tests.processes import serve


@pytest.fixture(scope="session")
def product_urls() -> Iterator[dict[str, str]]:
    """The endpoint of each catalogue by its name."""
    with serve(*(product.name for product in PRODUCTS)) as server:
        yield {name: addresses["mcp"] for name, addresses in server.catalogs.items()}
