"""The client of the MCP SDK finds its way through this server by itself."""

from __future__ import annotations

import asyncio

import httpx
import httpx2
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.oauth.conftest import (
    CALLBACK,
    SECRET,
    TENANT,
    Parts,
    Site,
    Stage,
    application,
    form_of,
    make_server,
    response_in,
)

DOCUMENT = "https://app.example/client.json"


class Storage:
    """What the client remembers."""

    def __init__(self, client: OAuthClientInformationFull | None = None) -> None:
        self.tokens: OAuthToken | None = None
        self.client = client

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Opens the page, types what is asked for and says yes."""

    def __init__(self) -> None:
        self.answer: dict[str, str] = {}
        self.asked_for_token = False

    def _say_yes(self, url: str) -> dict[str, str]:
        with httpx.Client(trust_env=False) as browser:
            page = browser.get(url)
            form = form_of(page)
            self.asked_for_token = 'name="secret"' in page.text
            typed = {"tenant": TENANT, "secret": SECRET} if self.asked_for_token else {}
            target = str(page.url.join(form.action))
            return response_in(browser.post(target, data={**form.fields, **typed, "decision": "allow"}))

    async def open(self, url: str) -> None:
        self.answer = await asyncio.to_thread(self._say_yes, url)

    async def arrive(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(self.answer)


@pytest.fixture(params=["", "/product"], ids=["root", "below a prefix"])
def mcp_url(request: pytest.FixtureRequest, parts: Parts, stage: Stage) -> str:
    prefix = request.param
    stage.app = application(make_server(parts, prefix=prefix), prefix)
    return f"{stage.base}{prefix}/mcp"


async def call(mcp_url: str, provider: httpx2.Auth) -> httpx2.Response:
    async with httpx2.AsyncClient(auth=provider, trust_env=False) as http:
        return await http.post(mcp_url)


def provider(mcp_url: str, storage: Storage, person: Person, document: str | None = None) -> OAuthClientProvider:
    metadata = OAuthClientMetadata.model_validate({"redirect_uris": [CALLBACK], "client_name": "SDK"})
    return OAuthClientProvider(mcp_url, metadata, storage, person.open, person.arrive, client_metadata_url=document)


async def test_by_registration(mcp_url: str) -> None:
    storage, person = Storage(), Person()
    answer = await call(mcp_url, provider(mcp_url, storage, person))
    assert answer.json() == {"tenant": TENANT, "secret": SECRET}
    assert storage.client
    assert storage.client.client_id.startswith("tpd_")


async def test_by_a_metadata_document(mcp_url: str, parts: Parts) -> None:
    parts.documents.publish(DOCUMENT, grant_types=["authorization_code", "refresh_token"])
    storage = Storage()
    answer = await call(mcp_url, provider(mcp_url, storage, Person(), DOCUMENT))
    assert answer.json() == {"tenant": TENANT, "secret": SECRET}
    assert storage.client
    assert storage.client.client_id == DOCUMENT


async def test_as_a_tenant_with_its_secret(mcp_url: str) -> None:
    client = {"client_id": TENANT, "client_secret": SECRET, "redirect_uris": [CALLBACK],
              "token_endpoint_auth_method": "client_secret_basic"}  # fmt: skip
    storage, person = Storage(OAuthClientInformationFull.model_validate(client)), Person()
    answer = await call(mcp_url, provider(mcp_url, storage, person))
    assert answer.json() == {"tenant": TENANT, "secret": SECRET}
    assert not person.asked_for_token


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_by_client_credentials(mcp_url: str, method: str) -> None:
    issuer = mcp_url.removesuffix("/mcp")
    auth = ClientCredentialsOAuthProvider(mcp_url, Storage(), TENANT, SECRET, method, issuer=issuer)
    assert (await call(mcp_url, auth)).json() == {"tenant": TENANT, "secret": SECRET}


async def test_an_expired_token_is_renewed(site: Site) -> None:
    storage, person = Storage(), Person()
    auth = provider(f"{site.base}/mcp", storage, person)
    await call(f"{site.base}/mcp", auth)
    first = storage.tokens
    assert first
    site.clock.now += 3601
    auth.context.token_expiry_time = 1.0
    person.answer = {}
    answer = await call(f"{site.base}/mcp", auth)
    assert answer.json() == {"tenant": TENANT, "secret": SECRET}
    assert storage.tokens
    assert storage.tokens.access_token != first.access_token
    assert not person.answer, "the person was not asked again"
