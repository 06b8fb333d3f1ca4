"""Who is measured: our server and its peers, all with the same tools over the same upstream."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.catalogue import Pressed, pressed
from benchmarks.processes import CLIENT_CORE, SERVER_CORE, Running, first_answer, free_port, started
from benchmarks.wire import Endpoint, Wire

SIZE = 373
"""As many tools as the two catalogues of the project have together."""

NODE = Path(__file__).parent / "peers" / "node_modules" / "node" / "bin" / "node"
HEADERS = ("X-Api-Key: bench",)
OURS = "Toolpress"
UPSTREAM = "the bare upstream"
TYPESCRIPT = "TypeScript SDK v2"
STOCK = "from_openapi, stock"
TUNED = "from_openapi, tuned"
FUNCTIONS = "FastMCP functions, tuned"
LOW_LEVEL = "mcp low-level"
NO_TELEMETRY = {"FASTMCP_TELEMETRY_MODE": "off"}

Command = Callable[[Pressed, int, str], list[str]]


@dataclass(frozen=True)
class Kind:
    """How a contender is started: its command for a catalogue, a port and an upstream."""

    command: Command
    env: dict[str, str] = field(default_factory=dict)


def ours(catalogue: Pressed, port: int, upstream: str) -> list[str]:
    """The command that anybody types."""
    return [
        *(sys.executable, "-m", "toolpress", "serve", catalogue.reference),
        *("--base-url", upstream, "--port", str(port)),
    ]


def python_peer(kind: str) -> Command:
    def command(catalogue: Pressed, port: int, upstream: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.servers", kind, str(catalogue.output), str(port), upstream]

    return command


def typescript(catalogue: Pressed, port: int, upstream: str) -> list[str]:
    return [str(NODE), "benchmarks/peers/server.mjs", str(catalogue.output), str(port), upstream]


KINDS = {
    OURS: Kind(ours),
    STOCK: Kind(python_peer("openapi-stock")),
    TUNED: Kind(python_peer("openapi-tuned"), NO_TELEMETRY),
    FUNCTIONS: Kind(python_peer("functions"), NO_TELEMETRY),
    LOW_LEVEL: Kind(python_peer("low-level"), NO_TELEMETRY),
    TYPESCRIPT: Kind(typescript),
}


@dataclass(frozen=True)
class Contender:
    """A running server as the load client sees it."""

    label: str
    endpoint: Endpoint
    running: Running
    catalogue: Pressed


class Field:
    """All that runs: one upstream, and each contender once, started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        """`folder` keeps the pressed catalogues."""
        self._stack = ExitStack()
        self._folder = folder
        self._servers: dict[tuple[str, int], tuple[Running, int]] = {}

    async def __aenter__(self) -> Self:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.upstream", str(port)]
        self.upstream = Contender(
            UPSTREAM,
            Endpoint(f"http://127.0.0.1:{port}/", "plain"),
            self._stack.enter_context(started(command, CLIENT_CORE)),
            self.catalogue(SIZE),
        )
        await first_answer(self.upstream.running, self.upstream.endpoint)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def upstream_url(self) -> str:
        return self.upstream.endpoint.url.rstrip("/")

    def catalogue(self, size: int) -> Pressed:
        return pressed(size, self._folder)

    async def contender(self, label: str, wire: Wire = "modern", size: int = SIZE) -> Contender:
        """The contender of that label, started unless it runs already."""
        catalogue = self.catalogue(size)
        known = self._servers.get((label, size))
        running, port = known or self._start(KINDS[label], catalogue)
        self._servers[label, size] = running, port
        contender = Contender(label, Endpoint(f"http://127.0.0.1:{port}/mcp", wire, HEADERS), running, catalogue)
        await first_answer(running, contender.endpoint)
        return contender

    def _start(self, kind: Kind, catalogue: Pressed) -> tuple[Running, int]:
        port = free_port()
        command = kind.command(catalogue, port, self.upstream_url)
        env = {**kind.env, "PYTHONPATH": str(catalogue.package_path)}
        return self._stack.enter_context(started(command, SERVER_CORE, env)), port
