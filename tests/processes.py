"""Real servers in child processes, for tests that talk to what users run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Server:
    """A running `toolpress serve`: its own address and that of its sandbox."""

    mcp_url: str
    sandbox_url: str
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        return self.mcp_url.removesuffix("/mcp")


@contextmanager
def serve(catalog: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """`toolpress serve CATALOG --sandbox` on free ports; ended by SIGTERM and checked for a clean exit."""
    with tempfile.TemporaryDirectory() as folder:
        announce = Path(folder, "announce.json")
        command = [sys.executable, "-m", "toolpress", "serve", catalog, "--sandbox", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--announce", str(announce), *arguments],
            env={**os.environ, **(env or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            seen = _announced(process, announce)
            yield Server(seen["mcp"], seen["sandbox"], process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise


def _announced(process: subprocess.Popen[bytes], file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {process.communicate()[1].decode(errors='replace')}")
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
        else:
            return dict(found)
    raise TimeoutError("the server did not announce itself within 60 s")
