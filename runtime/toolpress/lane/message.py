"""What a POST asks, read just far enough to know that the protocol library would accept it.

The checks are the library's own, so that nothing is taken here which it would refuse. Whatever fails one is left to
it, with the error that it has for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp.shared.inbound import InboundModernRoute, classify_inbound_request, find_duplicated_routing_header
from mcp_types import JSONRPCRequest
from mcp_types.methods import validate_client_request
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from toolpress import eras
from toolpress.contract import JsonObject


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that may be answered. `id` is JSON already; `modern`: of a protocol version without handshake."""

    id: bytes
    method: str
    params: JsonObject
    version: str
    modern: bool


def read(headers: Iterable[tuple[bytes, bytes]], message: Any, methods: frozenset[str]) -> Ask | None:
    """The request, if it is one of `methods` and whole; None leaves it to the protocol library."""
    method = message.get("method") if isinstance(message, dict) else None
    if not isinstance(method, str) or method not in methods:
        return None
    try:
        request = JSONRPCRequest.model_validate(message)
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        folded = dict(lines)
        version = folded.get(eras.VERSION, "")
        modern = version in MODERN_PROTOCOL_VERSIONS
        if modern:
            if find_duplicated_routing_header(lines) is not None:
                return None
            if not isinstance(classify_inbound_request(message, headers=folded), InboundModernRoute):
                return None
        elif version not in HANDSHAKE_PROTOCOL_VERSIONS:
            return None
        validate_client_request(request.method, version, request.params)
    except (ValueError, KeyError, RecursionError, ValidationError):
        return None
    return Ask(json.dumps(request.id).encode("ascii"), request.method, request.params or {}, version, modern)
