"""`toolpress` as real processes."""

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOLPRESS = (sys.executable, "-m", "toolpress")


@dataclass(frozen=True)
class Server:
    """A running `toolpress serve`: its own address and that of its sandbox; `log` is what it writes to stderr.

    `catalogs` has the addresses `mcp`, `upstream` and `sandbox` of each catalogue.
    """

    mcp_url: str
    sandbox_url: str
    process: subprocess.Popen[bytes]
    log: Path
    catalogs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return self.mcp_url.removesuffix("/mcp")

    @property
    def origin(self) -> str:
        return self.mcp_url[: self.mcp_url.index("/", len("http://"))]


def run(*words: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """One command to its end, with what it printed."""
    return subprocess.run(
        [*TOOLPRESS, *words],
        env={**os.environ, **(env or {})},
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serve(catalog: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """`toolpress serve CATALOG --sandbox` on free ports; ended by SIGTERM and checked for a clean exit.

    Further catalogues may stand among the arguments; the addresses are those of the first.
    """
    with serve_product(catalog, *arguments, "--sandbox", env=env) as server:
        yield server


@contextmanager
def serve_product(catalog: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """The same for a product that runs elsewhere; the arguments or `env` say where."""
    with tempfile.TemporaryDirectory() as folder:
        announce, log = Path(folder, "announce.json"), Path(folder, "stderr")
        command = [*TOOLPRESS, "serve", catalog, *arguments, "--port", "0", "--announce", str(announce)]
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                command, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=stderr
            )
        try:
            seen = announced(process, announce, log)
            yield Server(seen["mcp"], seen["sandbox"], process, log, seen["catalogs"])
        finally:
            killed = process.poll() == -signal.SIGKILL  # by the test itself
            process.send_signal(signal.SIGTERM)
            try:
                status = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
        assert killed or status == 0, log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def sandbox(*words: str, stop: signal.Signals = signal.SIGTERM) -> Iterator[tuple[str, list[str]]]:
    """A sandbox process on a free port; yields its address and the lines about its keys, ends it by the signal."""
    command = [*TOOLPRESS, "sandbox", *words, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            url = process.stderr.readline().split()[-1]
            lines = [process.stderr.readline() for _ in range(2)]
            yield url, lines
        finally:
            process.send_signal(stop)
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in err


def workers_of(process: subprocess.Popen[bytes]) -> set[int]:
    """The ids of its child processes."""
    return set(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()))


def announced(process: subprocess.Popen[bytes], file: Path, log: Path) -> dict[str, Any]:
    """What a server with `--announce FILE` writes once it is open."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {log.read_text(encoding='utf-8', errors='replace')}")
        if file.exists():  # it is moved into place whole
            return dict(json.loads(file.read_text(encoding="utf-8")))
        time.sleep(0.05)
    raise TimeoutError("the server did not announce itself within 60 s")
