"""A real `redis-server` for tests, on a socket in a folder of theirs."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_redis = pytest.mark.skipif(
    not find_spec("redis") or not shutil.which("redis-server"), reason="needs redis-server and the redis package"
)


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Path]:
    """The socket of a server that is ready; ended when the block ends."""
    path = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", *words]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    impatience = threading.Timer(20, process.kill)
    impatience.start()
    try:
        assert process.stdout
        assert any("ready to accept connections" in line.lower() for line in process.stdout)
        impatience.cancel()
        yield path
    finally:
        impatience.cancel()
        process.terminate()
        process.communicate(timeout=20)
