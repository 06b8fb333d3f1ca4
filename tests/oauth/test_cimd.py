"""Client ID metadata documents: fetched with care, and what comes of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from fastmcp.server.auth import ssrf

from tests.oauth.conftest import CALLBACK, SECRET, TENANT, Site, error_in, response_in
from toolpress.oauth.cimd import DocumentRefused, FetchDocument, document_fetcher, is_document_url

URL = "https://app.example/oauth/client.json"
DOCUMENT = {"client_id": URL, "client_name": "App", "redirect_uris": [CALLBACK]}
PUBLIC = "93.184.216.34"


class Net:
    """Name servers and web servers that say what a test wants, and a record of where was dialled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses = [PUBLIC]
        self.answer: Callable[[], Any] = lambda: httpx2.Response(200, json=DOCUMENT)
        self.dialled: list[httpx2.Request] = []
        client = partial(httpx2.AsyncClient, transport=httpx2.MockTransport(self._serve))
        monkeypatch.setattr(ssrf.httpx2, "AsyncClient", client)
        monkeypatch.setattr(ssrf, "resolve_hostname", self._resolve)

    async def _resolve(self, hostname: str, port: int = 443) -> list[str]:
        return self.addresses

    async def _serve(self, request: httpx2.Request) -> httpx2.Response:
        self.dialled.append(request)
        answer = self.answer()
        return await answer if asyncio.iscoroutine(answer) else answer


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    return Net(monkeypatch)


@pytest.fixture
def fetch() -> FetchDocument:
    return document_fetcher()


async def test_a_document_is_fetched_from_the_address_that_was_looked_up(net: Net, fetch: FetchDocument) -> None:
    document = await fetch(URL)
    assert document.redirect_uris == [CALLBACK]
    (request,) = net.dialled
    assert request.url.host == PUBLIC
    assert request.headers["host"] == "app.example"
    assert request.extensions["sni_hostname"] == "app.example"


async def test_a_document_is_kept_for_a_while(net: Net, fetch: FetchDocument) -> None:
    await fetch(URL)
    await fetch(URL)
    assert len(net.dialled) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "not an address",
    ],
)
@pytest.mark.parametrize("beside", [[], [PUBLIC]], ids=["alone", "beside a public one"])
async def test_addresses_that_are_not_public(net: Net, fetch: FetchDocument, address: str, beside: list[str]) -> None:
    net.addresses = [*beside, address]
    with pytest.raises(DocumentRefused):
        await fetch(URL)
    assert net.dialled == []


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500, 204])
async def test_only_200_is_an_answer(net: Net, fetch: FetchDocument, status: int) -> None:
    location = {"location": "http://169.254.169.254/latest/meta-data"}
    net.answer = lambda: httpx2.Response(status, json=DOCUMENT, headers=location)
    with pytest.raises(DocumentRefused):
        await fetch(URL)
    assert [request.url.host for request in net.dialled] == [PUBLIC]


@pytest.mark.parametrize("declared", [True, False])
async def test_documents_that_are_too_big(net: Net, fetch: FetchDocument, declared: bool) -> None:
    body = json.dumps({**DOCUMENT, "client_name": "x" * 6000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    net.answer = lambda: httpx2.Response(200, content=body if declared else chunks())
    with pytest.raises(DocumentRefused):
        await fetch(URL)


async def test_a_server_that_is_too_slow(net: Net) -> None:
    net.answer = asyncio.Event().wait
    with pytest.raises(DocumentRefused, match="in time"):
        await document_fetcher(deadline_s=0.01)(URL)
    assert net.dialled


async def test_a_name_server_that_is_too_slow(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(hostname: str, port: int = 443) -> list[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(ssrf, "resolve_hostname", never)
    with pytest.raises(DocumentRefused, match="in time"):
        await document_fetcher(deadline_s=0.01)(URL)


async def test_a_broken_connection(net: Net, fetch: FetchDocument) -> None:
    def broken() -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    net.answer = broken
    with pytest.raises(DocumentRefused):
        await fetch(URL)


async def test_a_failure_is_not_kept(net: Net, fetch: FetchDocument) -> None:
    good = net.answer
    net.answer = lambda: httpx2.Response(500)
    with pytest.raises(DocumentRefused):
        await fetch(URL)
    net.answer = good
    assert await fetch(URL)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        json.dumps({**DOCUMENT, "client_id": "https://app.example/oauth/other.json"}).encode(),
        json.dumps({**DOCUMENT, "client_id": f"{URL}/"}).encode(),
        json.dumps({**DOCUMENT, "redirect_uris": []}).encode(),
        json.dumps({**DOCUMENT, "redirect_uris": None}).encode(),
        json.dumps({**DOCUMENT, "token_endpoint_auth_method": "client_secret_post"}).encode(),
        json.dumps({"client_id": URL}).encode(),
    ],
)
async def test_what_is_no_document(net: Net, fetch: FetchDocument, body: bytes) -> None:
    net.answer = lambda: httpx2.Response(200, content=body)
    with pytest.raises(DocumentRefused):
        await fetch(URL)


@pytest.mark.parametrize(
    "url", [URL, "https://app.example:8443/c", "https://app.example/c?v=1", "https://a.example/%41"]
)
def test_urls_of_documents(url: str) -> None:
    assert is_document_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "minders",
        "http://app.example/c",
        "https://app.example",
        "https://app.example/",
        "https://app.example/a/../c",
        "https://app.example/a/%2e%2E/c",
        "https://app.example/./c",
        "https://user@app.example/c",
        "https://app.example/c#part",
        "https://App.example/c",
        "HTTPS://app.example/c",
        "https://[::1]/c",
        "https://app.example\\c",
        "https://app.example/c d",
        "https://app.example/" + "c" * 600,
    ],
)
def test_urls_of_no_document(url: str) -> None:
    assert not is_document_url(url)


def test_a_published_client_from_consent_to_a_call(site: Site) -> None:
    client_id = site.documents.publish(URL, grant_types=["authorization_code", "refresh_token"])
    body = site.redeem(client_id, site.code(client_id)).json()
    assert site.call(body["access_token"]).json() == {"tenant": TENANT, "secret": SECRET}
    assert site.refresh(client_id, body["refresh_token"]).status_code == 200
    with_secret = {"grant_type": "refresh_token", "client_id": client_id, "client_secret": "x", "refresh_token": "x"}
    assert error_in(site.token(**with_secret)) == (401, "invalid_client")


def test_a_published_client_gets_refresh_tokens_only_if_it_says_so(site: Site) -> None:
    client_id = site.documents.publish(URL)
    assert "refresh_token" not in site.redeem(client_id, site.code(client_id)).json()


@pytest.mark.parametrize("fields", [{"grant_types": ["refresh_token"]}, {"response_types": ["token"]}])
def test_a_published_client_that_does_not_use_codes(site: Site, fields: dict[str, Any]) -> None:
    client_id = site.documents.publish(URL, **fields)
    assert response_in(site.authorize(client_id))["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "fields",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": ["http://localhost:*/callback"]},
        {"redirect_uris": ["https://*.app.example/callback"]},
        {"redirect_uris": ["http://127.0.0.1:7777/other"]},
    ],
)
def test_a_published_client_that_cannot_be_served(site: Site, fields: dict[str, Any]) -> None:
    client_id = site.documents.publish(URL, **fields)
    for uri in (CALLBACK, *fields.get("redirect_uris", ())):
        answer = site.authorize(client_id, redirect_uri=uri)
        if uri == "http://127.0.0.1:7777/other":
            assert answer.status_code == 200
        else:
            assert answer.status_code == 400
            assert "location" not in answer.headers


def test_a_document_that_cannot_be_fetched_is_told_to_the_person(site: Site) -> None:
    answer = site.authorize(URL)
    assert answer.status_code == 400
    assert "metadata document" in answer.text
