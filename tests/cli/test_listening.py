"""The port of `serve`: answers leave at once, and what cannot be listened on is said in one line."""

from __future__ import annotations

import socket

import pytest

from toolpress.cli.listening import listen
from toolpress.errors import ConfigurationError


def test_accepted_connections_do_not_gather_small_answers() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert client.recv(1) == b""


@pytest.mark.parametrize("host", ["192.0.2.1", "no host", "x" * 64 + ".example"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(ConfigurationError, match="Cannot listen on"):
        listen(host, 0)
