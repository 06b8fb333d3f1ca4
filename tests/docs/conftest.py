"""A place for the commands of the pages, with a fresh sandbox behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.commands import Place, make_place
from tests.docs.products import PRODUCTS
from tests.processes import Server, serve

SERVERS = {"zihin": "zihin_server", "mihu": "lone_mihu_server"}


@pytest.fixture(scope="session")
def lone_mihu_server() -> Iterator[Server]:
    with serve("mihu") as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The place of zihin, or of the product that is the parameter."""
    product = PRODUCTS[getattr(request, "param", "zihin")]
    server: Server = request.getfixturevalue(SERVERS[product.catalog.name])
    reset = f"{server.sandbox_url}/__sandbox__/reset"
    httpx.post(reset, trust_env=False).raise_for_status()
    foreign = bool(request.config.getoption("--run-foreign"))
    yield make_place(tmp_path, server.base_url, server.sandbox_url, foreign=foreign, product=product)
    httpx.post(reset, trust_env=False).raise_for_status()
