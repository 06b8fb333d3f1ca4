"""What a request may ask for: our one scope (RFC 6749 3.3) and our one resource (RFC 8707)."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Scope

from toolpress.oauth.addresses import Addresses, same_url
from toolpress.oauth.wire import Parameters, Refused

SCOPE = "mcp"


class Targets:
    def __init__(self, addresses: Callable[[Scope], Addresses | None]) -> None:
        self._addresses = addresses

    def scope(self, sent: Parameters) -> str:
        """The scope that is granted; one that is not asked for is granted all the same."""
        asked = sent.get("scope")
        if asked is not None and set(asked.split(" ")) != {SCOPE}:
            raise Refused("invalid_scope", f"The only scope here is {SCOPE}.")
        return SCOPE

    def check_resource(self, sent: Parameters, request: Scope) -> None:
        """Refuse to grant for a resource other than ours; without one, ours is meant."""
        if not sent.resources:
            return
        addresses = self._addresses(request)
        if addresses is None or not all(same_url(each, addresses.resource) for each in sent.resources):
            raise Refused("invalid_target", "The resource is not the MCP endpoint of this server.")
