"""An authorization server over real HTTP, with a fake product behind it and a clock that tests turn."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastmcp.server.auth.cimd import CIMDDocument
from key_value.aio.stores.memory import MemoryStore
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.runtime.conftest import listening
from toolpress.errors import MISSING_API_KEY, Unauthenticated, UpstreamError
from toolpress.oauth import AuthorizationServer
from toolpress.oauth.cimd import DocumentRefused

TENANT, SECRET = "minders", "12|s3cret+of/minders%41"
CALLBACK = "http://127.0.0.1:7777/callback"
VERIFIER = "a-verifier.of_enough~length-0123456789-0123456789"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Product:
    """The upstream: it knows pairs, counts questions and can be out of reach."""

    pairs: set[tuple[str, str]] = field(default_factory=lambda: {(TENANT, SECRET), ("other", "key-of-other")})
    asked: list[tuple[str, str]] = field(default_factory=list)
    failure: UpstreamError | None = None

    async def verify(self, tenant: str, secret: str) -> bool:
        self.asked.append((tenant, secret))
        if self.failure is not None:
            raise self.failure
        return (tenant, secret) in self.pairs


class Documents:
    """Metadata documents by URL, in the place of the network."""

    def __init__(self) -> None:
        self.by_url: dict[str, CIMDDocument] = {}

    def publish(self, url: str, **fields: Any) -> str:
        document = {"client_id": url, "client_name": "Published", "redirect_uris": [CALLBACK], **fields}
        self.by_url[url] = CIMDDocument.model_validate(document)
        return url

    async def fetch(self, url: str) -> CIMDDocument:
        if url not in self.by_url:
            raise DocumentRefused("The client's metadata document cannot be fetched.")
        return self.by_url[url]


@dataclass
class Form:
    """The form of a consent page, as a browser would post it."""

    action: str
    fields: dict[str, str]
    text: str


class Site:
    """A listening server and a browser without cookies of its own will."""

    def __init__(self, base: str, server: AuthorizationServer, parts: Parts) -> None:
        self.base = base
        self.server = server
        self.product, self.clock, self.documents, self.store = parts.product, parts.clock, parts.documents, parts.store
        self.http = httpx.Client(base_url=base, trust_env=False)

    def token(self, **form: str) -> httpx.Response:
        return self.http.post("/oauth/token", data=form)

    def credentials(self, tenant: str = TENANT, secret: str = SECRET, **more: str) -> httpx.Response:
        return self.token(grant_type="client_credentials", client_id=tenant, client_secret=secret, **more)

    def register(self, **metadata: Any) -> str:
        body = {"redirect_uris": [CALLBACK], "client_name": "Old client", **metadata}
        answer = self.http.post("/oauth/register", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["client_id"])

    def authorize(self, client_id: str, **changes: str | None) -> httpx.Response:
        request = {
            "response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "state": "a state & more",
            "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256", "resource": f"{self.base}/mcp",
            "scope": "mcp", **changes,
        }  # fmt: skip
        return self.http.get("/oauth/authorize", params={name: v for name, v in request.items() if v is not None})

    def decide(self, page: httpx.Response, decision: str = "allow", **typed: str) -> httpx.Response:
        form = form_of(page)
        target = str(page.url.join(form.action))
        return self.http.post(target, data={**form.fields, **typed, "decision": decision})

    def code(self, client_id: str, **changes: str | None) -> str:
        page = self.authorize(client_id, **changes)
        assert page.status_code == 200, page.text
        answer = self.decide(page, tenant=TENANT, secret=SECRET)
        assert answer.status_code == 303, answer.text
        return response_in(answer)["code"]

    def redeem(self, client_id: str, code: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "client_id": client_id, "code": code,
                "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}  # fmt: skip
        return self.token(**form)

    def refresh(self, client_id: str, token: str, **more: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", client_id=client_id, refresh_token=token, **more)

    def call(self, bearer: str | None) -> httpx.Response:
        """A request to the MCP endpoint."""
        return self.http.post("/mcp", headers={"authorization": f"Bearer {bearer}"} if bearer else {})


@dataclass
class Parts:
    product: Product
    clock: Clock
    documents: Documents
    store: MemoryStore


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def form_of(page: httpx.Response) -> Form:
    """What stands in the page's form, read without any knowledge of our templates but HTML's."""
    action = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert action, page.text
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return Form(unescape(action[1]), {unescape(name): unescape(value) for name, value in hidden}, page.text)


def response_in(answer: httpx.Response) -> dict[str, str]:
    """The authorization response in a redirect."""
    query = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def error_in(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, after checking its form (RFC 6749 5.2)."""
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", body["error_description"])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, body["error"]


def application(server: AuthorizationServer, prefix: str = "") -> Starlette:
    """The server's routes and an MCP endpoint that asks it, put together as a host would."""

    async def mcp(request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            if not bearer:
                raise Unauthenticated("No token.", code=MISSING_API_KEY)
            pair = await server.resolve(bearer)
        except Unauthenticated as error:
            headers = {"www-authenticate": server.challenge(request.scope, error)}
            return JSONResponse(error.to_payload(), status_code=401, headers=headers)
        except UpstreamError as error:
            return JSONResponse(error.to_payload(), status_code=503)
        return JSONResponse({"tenant": pair.tenant, "secret": pair.secret} if pair else None)

    own = [*server.routes(), Route("/mcp", mcp, methods=["POST"])]
    return Starlette(routes=[*server.root_routes(), *([Mount(prefix, routes=own)] if prefix else own)])


@pytest.fixture
def parts() -> Parts:
    return Parts(Product(), Clock(), Documents(), MemoryStore())


@pytest.fixture
def server(parts: Parts) -> AuthorizationServer:
    return make_server(parts)


class Stage:
    """One listening port for all tests, and the application that plays there."""

    def __init__(self) -> None:
        self.base = ""
        self.app: ASGIApp = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.app if scope["type"] == "http" else Starlette())(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with listening(stage) as stage.base:
        yield stage


@pytest.fixture
def site(server: AuthorizationServer, parts: Parts, stage: Stage) -> Iterator[Site]:
    stage.app = application(server)
    site = Site(stage.base, server, parts)
    with site.http:
        yield site


def make_server(parts: Parts, **changes: Any) -> AuthorizationServer:
    settings = {
        "name": "product", "title": "Product <One>", "store": parts.store, "verify": parts.product.verify,
        "public_url": None, "clock": parts.clock, "fetch": parts.documents.fetch, **changes,
    }  # fmt: skip
    return AuthorizationServer(**settings)
