"""Who may be a client, told by the form of its id alone.

* A tenant label: the client is the tenant itself, its secret an API token. It registered nothing. It is confidential:
  every token request proves the secret upstream, so what it may do it could do without us.
* An https URL: a client ID metadata document (`cimd.py`).
* `tpd_...`: a dynamic registration (`registration.py`).

The latter two are public clients. Their secret is PKCE, and the person at the consent page brings tenant and API token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from toolpress.errors import Unauthenticated
from toolpress.oauth import registration
from toolpress.oauth.cimd import DocumentRefused, FetchDocument, is_document_url
from toolpress.oauth.redirects import matches, usable, usable_unregistered
from toolpress.tenancy import checked_tenant

Kind = Literal["tenant", "document", "registered"]


class UnusableClient(Exception):  # noqa: N818 - an exception is named for what happened
    """The client or its redirect URI cannot be trusted with a redirect; the text is for the person."""


@dataclass(frozen=True, slots=True)
class Client:
    """`redirect_uris` is empty for a tenant, which registered none. `host` vouches for a document's client."""

    id: str
    kind: Kind
    name: str = ""
    host: str = ""
    redirect_uris: tuple[str, ...] = ()
    refreshable: bool = True
    uses_codes: bool = True

    def redirect_uri(self, asked: str | None) -> str:
        """Where the answer goes.

        Raises:
            UnusableClient: Nowhere that this client may name.
        """
        if asked is None and len(self.redirect_uris) == 1:
            asked = self.redirect_uris[0]
        if asked is None:
            raise UnusableClient("The application did not say where to return to (redirect_uri).")
        if self.kind == "tenant":
            good = usable_unregistered(asked)
        else:
            good = usable(asked) and any(matches(asked, registered) for registered in self.redirect_uris)
        if not good:
            raise UnusableClient("The application wants to return to an address that is not its own (redirect_uri).")
        return asked


def kind_of(client_id: str) -> Kind | None:
    """What the client is, or None if no client is called that."""
    if client_id.startswith(registration.PREFIX):
        return "registered"
    if is_document_url(client_id):
        return "document"
    try:
        checked_tenant(client_id)
    except Unauthenticated:
        return None
    return "tenant"


async def find_client(client_id: str, fetch: FetchDocument) -> Client:
    """The client as it describes itself.

    Raises:
        UnusableClient: There is none, or its description cannot be used.
    """
    kind = kind_of(client_id)
    if kind == "tenant":
        return Client(client_id, kind)
    if kind == "document":
        return await _described(client_id, fetch)
    found = registration.decoded(client_id) if kind == "registered" else None
    if found is None:
        raise UnusableClient("The application is not known here (client_id).")
    return Client(client_id, "registered", found.name, "", found.redirect_uris, found.refreshable)


async def _described(client_id: str, fetch: FetchDocument) -> Client:
    try:
        document = await fetch(client_id)
    except DocumentRefused as error:
        raise UnusableClient(str(error)) from error
    if document.token_endpoint_auth_method != "none":  # noqa: S105 - the name of a method
        raise UnusableClient("The application wants to authenticate by private_key_jwt, which is not supported.")
    return Client(
        client_id,
        "document",
        registration.shown_name(document.client_name),
        urlsplit(client_id).netloc,
        tuple(document.redirect_uris),
        "refresh_token" in document.grant_types,
        "authorization_code" in document.grant_types and "code" in document.response_types,
    )
