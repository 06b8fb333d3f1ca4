"""A sandbox on a socket: in a thread beside a test or a server, or on its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from toolpress_sandbox.app import create_app
from toolpress_sandbox.clock import Clock

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 10.0
STOP_GRACE_S = 1


class _Server(uvicorn.Server):
    """Tells when it accepts connections, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@contextmanager
def run_in_thread(
    catalog: str,
    data: str | None = None,
    port: int = 0,
    *,
    definition: Path | Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> Iterator[str]:
    """Serve on loopback until the block ends; yields the base URL. Port 0 takes a free one."""
    app = create_app(catalog, data=data, definition=definition, clock=clock)
    listener = socket.create_server((LOOPBACK, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer on a kept connection waits
    config = uvicorn.Config(
        app, ws="none", log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_GRACE_S
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name=f"sandbox-{catalog}", daemon=True)
    thread.start()
    try:
        if not server.settled.wait(START_TIMEOUT_S) or not server.started:
            raise RuntimeError(f"the sandbox did not start on port {listener.getsockname()[1]}")
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
        listener.close()


def run(catalog: str, host: str = LOOPBACK, port: int = 8090, data: str | None = None) -> None:
    """Serve until interrupted."""
    uvicorn.run(create_app(catalog, data=data), host=host, port=port, log_level="info", lifespan="off")
