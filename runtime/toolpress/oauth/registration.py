"""Dynamic client registration (RFC 7591) that keeps nothing: what a client registers is its client id.

Registration is open to all, so a registered client is no more than its own word, and there is nothing to protect in
keeping that word ourselves. Written into the id it cannot be lost, so a restart strands no client, and nobody can fill
the store. For the same reason the id needs no signature: whoever makes one up could as well have registered it. Each
use reads it with the same rules. Registered clients are public; PKCE is what binds a code to the one that asked.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mcp.shared.auth import OAuthClientMetadata
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from toolpress.oauth.redirects import usable
from toolpress.oauth.wire import Refused, answer

PREFIX = "tpd_"
_MAX_ID = 2048
_MAX_NAME = 80
_REFRESH = "refresh_token"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client said of itself."""

    name: str
    redirect_uris: tuple[str, ...]
    refreshable: bool


class RegistrationEndpoint:
    def __init__(self, *, scope: str, clock: Callable[[], float]) -> None:
        self._scope = scope
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        try:
            metadata = OAuthClientMetadata.model_validate_json(body)
        except ValidationError as error:
            places = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
            code = "invalid_redirect_uri" if places == {"redirect_uris"} else "invalid_client_metadata"
            raise Refused(code, "The client metadata is not valid JSON metadata of RFC 7591.") from error
        # The URIs as they were written: the model folds case, and a URI must later match to the letter.
        registration = _checked(metadata, tuple(json.loads(body)["redirect_uris"]))
        client_id = encoded(registration)
        if len(client_id) > _MAX_ID:
            raise Refused("invalid_client_metadata", "The client metadata is too long.")
        assigned = {
            "client_id": client_id,
            "client_id_issued_at": int(self._clock()),
            "redirect_uris": list(registration.redirect_uris),
            "grant_types": ["authorization_code", *([_REFRESH] if registration.refreshable else [])],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": self._scope,
        }
        return answer({**metadata.model_dump(mode="json", exclude_none=True), **assigned}, status=201)


def encoded(registration: Registration) -> str:
    """The client id of a registration; another each time, as RFC 7591 3.2.1 asks."""
    fields = [registration.name, list(registration.redirect_uris), registration.refreshable, secrets.token_urlsafe(6)]
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return PREFIX + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(client_id: str) -> Registration | None:
    """The registration in a client id, or None if no registration ends up like that."""
    body = client_id.removeprefix(PREFIX)
    if len(client_id) > _MAX_ID or body == client_id:
        return None
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        name, uris, refreshable, _ = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    if not (isinstance(name, str) and isinstance(uris, list) and isinstance(refreshable, bool)):
        return None
    if not uris or not all(isinstance(uri, str) and usable(uri) for uri in uris):
        return None
    return Registration(shown_name(name), tuple(uris), refreshable)


def shown_name(name: str | None) -> str:
    """A client's name as a page may show it: one line of printable text, cut to length."""
    return " ".join("".join(char if char.isprintable() else " " for char in name or "").split())[:_MAX_NAME]


def _checked(metadata: OAuthClientMetadata, uris: tuple[str, ...]) -> Registration:
    if not all(usable(uri, metadata.application_type) for uri in uris):
        raise Refused(
            "invalid_redirect_uri",
            "A redirect URI must be https, http on a loopback host, or of a native application's own scheme; without "
            "user, fragment or parameters of a response.",
        )
    if "authorization_code" not in metadata.grant_types or "code" not in metadata.response_types:
        raise Refused("invalid_client_metadata", "Registered clients use authorization_code with response type code.")
    if metadata.token_endpoint_auth_method == "private_key_jwt":  # noqa: S105 - the name of a method
        raise Refused("invalid_client_metadata", "private_key_jwt is not supported; use none.")
    return Registration(shown_name(metadata.client_name), uris, _REFRESH in metadata.grant_types)
