"""Servers behind the proxy as real processes that can be killed and started again on the same port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import TOOLPRESS, announced

ROOT = Path(__file__).parents[2]


def until(true: Callable[[], object]) -> None:
    """Ask again and again; what never comes true fails the test."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Server:
    """One address, and at most one process behind it."""

    def __init__(self, words: list[str], port: int, folder: Path, path: str = "/mcp") -> None:
        self.url = f"http://127.0.0.1:{port}{path}"
        self.log = folder / "server-log"
        self._words = words
        self._announce = folder / "announce.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._announce.unlink(missing_ok=True)
        with self.log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*self._words, "--announce", str(self._announce)], stdout=subprocess.DEVNULL, stderr=stderr, cwd=ROOT
            )
        announced(self._process, self._announce, self.log)

    def kill(self) -> None:
        """As a crash does: nothing is finished, nobody is told."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def sandbox(catalog: str, folder: Path) -> Iterator[str]:
    """`toolpress sandbox CATALOG` on a free port, which outlives the servers before it."""
    log = folder / "sandbox-log"
    with log.open("wb") as stderr:
        process = subprocess.Popen([*TOOLPRESS, "sandbox", catalog, "--port", "0"], stderr=stderr, env={**os.environ})
    try:
        until(lambda: re.search(r"sandbox at \S+\n", log.read_text(encoding="utf-8")))
        found = re.search(r"sandbox at (\S+)\n", log.read_text(encoding="utf-8"))
        assert found
        yield found[1]
    finally:
        process.terminate()
        process.wait(30)


def before(sandbox_url: str, catalog: str, folder: Path) -> Server:
    """`toolpress serve CATALOG` before a sandbox."""
    port = free_port()
    words = [*TOOLPRESS, "serve", catalog, "--base-url", sandbox_url, "--port", str(port)]
    return Server(words, port, folder)


def busy(folder: Path, era: str) -> Server:
    """The server of `busy_server.py`, of the handshake or of 2026-07-28."""
    port = free_port()
    return Server([sys.executable, "-m", "tests.proxy.busy_server", str(port), era], port, folder)
