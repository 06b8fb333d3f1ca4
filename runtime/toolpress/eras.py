"""Which era of the protocol an HTTP request is of: that of handshakes and sessions, or the one since 2026-07-28."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

SESSION = "mcp-session-id"
VERSION = "mcp-protocol-version"

_HANDSHAKE = frozenset(HANDSHAKE_PROTOCOL_VERSIONS)


def is_later(headers: Mapping[str, str]) -> bool:
    """Whether a POST is of a protocol version without sessions, or of none that is known."""
    version = headers.get(VERSION)
    return version is not None and version not in _HANDSHAKE
