"""A sandbox and a server before it, for the tests that leave both running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.proxy.presets import KEY
from tests.proxy.servers import Server, before, running, sandbox


@dataclass(frozen=True)
class Setup:
    """A server and the sandbox behind it, which remembers what was asked of it."""

    server: Server
    sandbox_url: str

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def env(self) -> dict[str, str]:
        return {"ZIHIN_API_KEY": KEY, "ZIHIN_MCP_URL": self.server.url}

    def asked(self, tool: str) -> list[dict[str, Any]]:
        """The requests for a tool that reached the product."""
        answer = httpx.get(f"{self.sandbox_url}/__sandbox__/requests", params={"tool": tool})
        return list(answer.json()["requests"])

    def fault(self, fault: str, tool: str) -> None:
        """For the next request of the tool."""
        rule = {"fault": fault, "count": 1, "operation": tool}
        httpx.post(f"{self.sandbox_url}/__sandbox__/faults", json=rule).raise_for_status()

    def faulty(self) -> bool:
        """Whether a fault still waits for its request."""
        return bool(httpx.get(f"{self.sandbox_url}/__sandbox__/faults").json()["faults"])


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """Never killed."""
    folder = tmp_path_factory.mktemp("shared")
    with sandbox("zihin", folder) as url, running(before(url, "zihin", folder)) as server:
        yield Setup(server, url)


@pytest.fixture
def setup(shared: Setup) -> Setup:
    """The shared one with a fresh sandbox."""
    httpx.post(f"{shared.sandbox_url}/__sandbox__/reset").raise_for_status()
    return shared


@pytest.fixture
def own(shared: Setup, tmp_path: Path) -> Iterator[Setup]:
    """A server of the test's own before the shared sandbox, to be killed."""
    httpx.post(f"{shared.sandbox_url}/__sandbox__/reset").raise_for_status()
    with running(before(shared.sandbox_url, "zihin", tmp_path)) as server:
        yield Setup(server, shared.sandbox_url)
