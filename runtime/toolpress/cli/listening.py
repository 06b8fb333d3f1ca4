"""Take the port that `serve` or its workers answer on, or say why it cannot be had."""

from __future__ import annotations

import socket

from toolpress.errors import ConfigurationError


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; among those that are `shared` the kernel divides new connections.

    Raises:
        ConfigurationError: The port is taken, or the host is none of this machine's addresses.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        host.encode("idna")  # what fails here would leave an open socket behind below
        listener = socket.create_server((host, port), family=family, backlog=2048, reuse_port=shared)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {_reason(error)}.",
            fix="Stop what uses the port, or choose another address with --host and --port (port 0 takes a free one).",
        ) from error
    # asyncio does this for sockets that it opens itself; without it each answer on a kept connection waits for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def reserve(host: str, port: int) -> socket.socket:
    """Hold the port for sockets that are shared, without listening; raises like `listen`."""
    with listen(host, port) as alone:  # shared at once, the port would be had beside a stranger who shares it too
        address = alone.getsockname()
    reserved = socket.socket(alone.family)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        reserved.setsockopt(socket.SOL_SOCKET, option, 1)
    reserved.bind(address)
    return reserved


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not a host name"
    return str(error.strerror).partition(" (while")[0]  # Python adds the address
