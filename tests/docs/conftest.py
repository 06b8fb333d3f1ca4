"""A place for the commands of the pages, with a fresh sandbox behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.commands import Place, make_place
from tests.processes import Server


@pytest.fixture
def place(tmp_path: Path, zihin_server: Server, request: pytest.FixtureRequest) -> Iterator[Place]:
    reset = f"{zihin_server.sandbox_url}/__sandbox__/reset"
    httpx.post(reset, trust_env=False).raise_for_status()
    foreign = bool(request.config.getoption("--run-foreign"))
    yield make_place(tmp_path, zihin_server.base_url, zihin_server.sandbox_url, foreign=foreign)
    httpx.post(reset, trust_env=False).raise_for_status()
