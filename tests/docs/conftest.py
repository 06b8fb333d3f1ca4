"""A place for the commands of the pages, with fresh sandboxes behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.commands import Place, make_place
from tests.docs.products import PRODUCTS
from tests.processes import Server, serve


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The main command of the README."""
    with serve(*PRODUCTS) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, server: Server, request: pytest.FixtureRequest) -> Iterator[Place]:
    place = make_place(tmp_path, server, foreign=bool(request.config.getoption("--run-foreign")))
    _reset(place)
    yield place
    _reset(place)


def _reset(place: Place) -> None:
    for sandbox in place.sandboxes.values():
        httpx.post(f"{sandbox}/__sandbox__/reset", trust_env=False).raise_for_status()
