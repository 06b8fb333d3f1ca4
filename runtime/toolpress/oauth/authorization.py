"""Read an authorization request (RFC 6749 4.1.1) and say who is told when it is wrong.

Until the client and its redirect URI are known to belong together, the person is told, on a page. After that the client
is told, by a redirect. A client that is a tenant registered no redirect URI, so nothing shows that the URI is its own:
its errors stay on a page as well, or this endpoint would send browsers wherever a link says (RFC 9700 4.11.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.types import Scope

from toolpress.oauth.cimd import FetchDocument
from toolpress.oauth.clients import Client, UnusableClient, find_client
from toolpress.oauth.targets import Targets
from toolpress.oauth.wire import Parameters, Refused, parameters

MAX_QUERY = 8192
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that may be put to the person."""

    client: Client
    redirect_uri: str
    state: str | None
    scope: str
    challenge: str


class NotAsked(Exception):  # noqa: N818 - an exception is named for what happened
    """The request is wrong and the person is told."""


class SentBack(Exception):  # noqa: N818 - an exception is named for what happened
    """The request is wrong and the client is told, at `redirect_uri`."""

    def __init__(self, redirect_uri: str, state: str | None, refused: Refused) -> None:
        super().__init__(refused.description)
        self.redirect_uri = redirect_uri
        self.state = state
        self.refused = refused


class Reader:
    def __init__(self, fetch: FetchDocument, targets: Targets) -> None:
        self._fetch = fetch
        self._targets = targets

    async def read(self, query: str, request: Scope) -> Asked:
        """The request in a query.

        Raises:
            NotAsked, SentBack: It is wrong.
        """
        if len(query) > MAX_QUERY:
            raise NotAsked("The request of the application is too long.")
        try:
            sent = parameters(query)
        except Refused as error:
            raise NotAsked(error.description) from error
        client_id = sent.get("client_id")
        if client_id is None or sent.repeated & {"client_id", "redirect_uri"}:
            raise NotAsked("The request of the application does not say which application it is (client_id).")
        try:
            client = await find_client(client_id, self._fetch)
            redirect_uri = client.redirect_uri(sent.get("redirect_uri"))
        except UnusableClient as error:
            raise NotAsked(str(error)) from error
        state = sent.get("state")
        try:
            return self._checked(sent, request, client, redirect_uri, state)
        except Refused as refused:
            if client.kind == "tenant":
                raise NotAsked(f"{refused.description} ({refused.error})") from refused
            raise SentBack(redirect_uri, state, refused) from refused

    def _checked(self, sent: Parameters, request: Scope, client: Client, redirect_uri: str, state: str | None) -> Asked:
        if sent.repeated:
            raise Refused("invalid_request", "A parameter is sent more than once.")
        if sent.required("response_type") != "code":
            raise Refused("unsupported_response_type", "The only response type here is code.")
        if not client.uses_codes:
            raise Refused("unauthorized_client", "The client did not register for authorization codes.")
        if sent.get("response_mode") not in (None, "query"):
            raise Refused("invalid_request", "The only response mode here is query.")
        challenge = sent.required("code_challenge")
        if sent.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise Refused("invalid_request", "PKCE is required: a code_challenge with code_challenge_method S256.")
        scope = self._targets.scope(sent)
        self._targets.check_resource(sent, request)
        return Asked(client, redirect_uri, state, scope, challenge)
