"""/oauth/authorize: GET shows the consent page, POST takes the person's decision and sends them back with a code.

A client that is a tenant (the client id a person typed beside an API token into a connector's settings) is asked about
like any other, but its page has no field for the token, on purpose. It registered no redirect URI, so the code may go
to anyone's address. Such a code stands for nothing: it is bound to the tenant's name, and the token endpoint takes it
only together with an API token of that tenant, which gives all that the code could give. Were the token typed here, a
link with a stranger's redirect URI would carry off what was typed. Public clients are the other way round: their
redirect URI is their own, so the person brings the pair here, it is verified at once, and the code carries it, sealed.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from toolpress.errors import UpstreamError
from toolpress.oauth import transaction
from toolpress.oauth.addresses import Addresses
from toolpress.oauth.authorization import Asked, NotAsked, Reader, SentBack
from toolpress.oauth.consent import consent_page, error_page, way_back
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.ledger import Grant, Ledger
from toolpress.oauth.pair import Pair
from toolpress.oauth.rate import caller_address
from toolpress.oauth.redirects import with_response
from toolpress.oauth.transaction import Transaction
from toolpress.oauth.wire import Refused, form, unavailable

_STALE = "This page has expired or was answered already."
_WRONG_PAIR = "The tenant and the API token do not belong together. Check both and try again."


class AuthorizeEndpoint:
    def __init__(
        self,
        *,
        title: str,
        reader: Reader,
        door: Doorkeeper,
        ledger: Ledger,
        addresses: Callable[[Request], Addresses],
        admit: Callable[[Request], None],
        clock: Callable[[], float],
    ) -> None:
        self._title = title
        self._reader = reader
        self._door = door
        self._ledger = ledger
        self._addresses = addresses
        self._admit = admit
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        try:
            self._admit(request)
            addresses = self._addresses(request)
            if request.method == "POST":
                return await self._decide(request, addresses)
            return await self._ask(request, addresses)
        except NotAsked as error:
            return error_page(self._title, str(error))
        except SentBack as error:
            return self._back(request, error.redirect_uri, error.state, _as_response(error.refused))
        except Refused as refused:
            return self._refused(refused)
        except UpstreamError as error:
            return self._refused(unavailable(error))

    async def _ask(self, request: Request, addresses: Addresses) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        asked = await self._reader.read(query, request.scope)
        begun, secret = transaction.begin(query, self._clock())
        response = consent_page(self._title, asked, begun.fields)
        transaction.set_cookie(response, begun, secret, secure=_is_https(addresses))
        return response

    async def _decide(self, request: Request, addresses: Addresses) -> Response:
        sent = await form(request)
        # Origin says nothing here: under our referrer policy browsers send it as null.
        foreign = request.headers.get("sec-fetch-site") not in (None, "same-origin", "none")
        secure = _is_https(addresses)
        begun = transaction.resume(sent.values, request.cookies, self._clock(), secure=secure)
        if foreign or begun is None:
            raise NotAsked(_STALE)
        asked = await self._reader.read(begun.request, request.scope)
        if sent.get("decision") == "allow":
            response = await self._allow(request, asked, begun, sent.get("tenant") or "", sent.get("secret") or "")
        else:
            denied = _as_response(Refused("access_denied", "The person refused."))
            response = self._back(request, asked.redirect_uri, asked.state, denied)
        if response.status_code < 400:
            transaction.clear_cookie(response, begun, secure=secure)
        return response

    async def _allow(self, request: Request, asked: Asked, begun: Transaction, tenant: str, secret: str) -> Response:
        pair: Pair | None = None
        if asked.client.kind != "tenant":
            try:
                pair = await self._door.admits(tenant, secret, caller_address(request.client))
            except Refused as refused:
                return self._again(asked, begun, tenant, refused)
            except UpstreamError as error:
                return self._again(asked, begun, tenant, unavailable(error))
            if pair is None:
                return self._again(asked, begun, tenant, Refused("access_denied", _WRONG_PAIR))
        client = asked.client
        grant = Grant(client.id, asked.scope, pair, client.refreshable, asked.redirect_uri, asked.challenge)
        return self._back(request, asked.redirect_uri, asked.state, {"code": await self._ledger.issue_code(grant)})

    def _again(self, asked: Asked, begun: Transaction, tenant: str, refused: Refused) -> Response:
        return consent_page(
            self._title,
            asked,
            begun.fields,
            tenant=tenant,
            problem=refused.description,
            status=refused.status,
            headers=refused.headers,
        )

    def _back(self, request: Request, redirect_uri: str, state: str | None, response: dict[str, str]) -> Response:
        issuer = self._addresses(request).issuer
        url = with_response(redirect_uri, {**response, "state": state, "iss": issuer})
        return way_back(url, browser=request.headers.get("sec-fetch-dest") == "document")

    def _refused(self, refused: Refused) -> Response:
        return error_page(self._title, refused.description, status=refused.status, headers=refused.headers)


def _as_response(refused: Refused) -> dict[str, str]:
    return {"error": refused.error, "error_description": refused.description}


def _is_https(addresses: Addresses) -> bool:
    return addresses.origin.startswith("https:")
