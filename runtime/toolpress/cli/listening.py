"""Take the port that `serve` answers on, or say why it cannot be had."""

from __future__ import annotations

import socket

from toolpress.errors import ConfigurationError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigurationError: The port is taken, or the host is none of this machine's addresses.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        host.encode("idna")  # what fails here would leave an open socket behind below
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {_reason(error)}.",
            fix="Stop what uses the port, or choose another address with --host and --port (port 0 takes a free one).",
        ) from error
    # asyncio does this for sockets that it opens itself; without it each answer on a kept connection waits for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not a host name"
    return str(error.strerror).partition(" (while")[0]  # Python adds the address
