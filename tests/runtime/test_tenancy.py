"""A host for each tenant: nothing a caller sends can lead a credential anywhere else."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.fixture_catalog.tools import notes
from tests.runtime.product import OWNER
from toolpress.client import Client
from toolpress.contract import Catalog, CredentialHeader, Identity, Tenancy
from toolpress.credentials import calling, from_environment, from_headers
from toolpress.errors import (
    ConfigurationError,
    ToolpressError,
    Unauthenticated,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamUnavailable,
)
from toolpress.http_app import http_app
from toolpress.principal import Credential
from toolpress.server import build_server
from toolpress.settings import Settings
from toolpress.tenancy import checked_tenant, host_of
from toolpress.upstream import checked_base_url
from toolpress.whoami import whoami

HOSTED: Catalog = replace(
    CATALOG,
    base_url="https://{tenant}.notes.example",
    tenancy=Tenancy("X-Notes-Tenant", "NOTEBOOK_TENANT"),
    authentication=replace(
        CATALOG.authentication,
        accept=(CredentialHeader("Authorization", "Bearer"),),
        identity=Identity("list_notes", ttl_s=30),
    ),
)
BEARER = (b"authorization", f"Bearer {OWNER}".encode())
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Hosts(httpx.AsyncBaseTransport):
    """Answers every request alike and remembers where it went."""

    def __init__(self, status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.answer = (status, body if body is not None else {"success": True, "data": []}, headers or {})
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        status, body, headers = self.answer
        return httpx.Response(status, json=body, headers=headers)


@given(st.text(max_size=70))
@example("acme")
@example("a" * 63)
@example("a" * 64)
@example("")
@example("Acme")
@example("acme.evil.example")
@example("acme/..")
@example("acme@evil.example")
@example("acme%2eevil")
@example("-acme")
@example("acme-")
@example("аcme")
@example("acme\n")
@example("acme:80")
@example("acme?x")
@example("acme#x")
@example("１２３")
def test_a_tenant_is_one_lower_case_label(text: str) -> None:
    if LABEL.fullmatch(text):
        assert checked_tenant(text) == text
        url = httpx.URL(host_of("https://{tenant}.notes.example", text) + "/api")
        assert (url.host, url.port, url.userinfo, url.path) == (f"{text}.notes.example", None, b"", "/api")
    else:
        with pytest.raises(Unauthenticated) as caught:
            checked_tenant(text)
        assert caught.value.code == "INVALID_TENANT"
        assert len(text) < 3 or text not in caught.value.message


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([BEARER], "MISSING_TENANT"),
        ([BEARER, (b"x-notes-tenant", b"Acme")], "INVALID_TENANT"),
        ([BEARER, (b"x-notes-tenant", b"acme.evil.example")], "INVALID_TENANT"),
        ([BEARER, (b"x-notes-tenant", b"")], "INVALID_TENANT"),
        ([BEARER, (b"x-notes-tenant", b"acme"), (b"x-notes-tenant", b"globex")], "INVALID_TENANT"),
        ([(b"x-notes-tenant", b"acme")], "MISSING_API_KEY"),
    ],
)
def test_requests_without_a_usable_tenant(headers: list[tuple[bytes, bytes]], code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        from_headers(headers, HOSTED)
    assert caught.value.code == code


def test_a_missing_tenant_says_what_to_send() -> None:
    with pytest.raises(Unauthenticated, match="Missing tenant context") as caught:
        from_headers([BEARER], HOSTED)
    assert "X-Notes-Tenant" in str(caught.value.fix)
    with pytest.raises(Unauthenticated, match="Missing tenant context") as caught:
        from_environment({"NOTEBOOK_API_KEY": OWNER}, HOSTED)
    assert "NOTEBOOK_TENANT" in str(caught.value.fix)


def test_header_and_environment_name_the_tenant() -> None:
    acme = Credential(OWNER, "acme")
    assert from_headers([BEARER, (b"X-Notes-Tenant", b" acme ")], HOSTED) == acme
    assert from_environment({"NOTEBOOK_API_KEY": OWNER, "NOTEBOOK_TENANT": "acme"}, HOSTED) == acme
    assert calling(acme, HOSTED)["X-Notes-Tenant"] == "acme"


async def test_each_call_goes_to_its_own_tenants_host() -> None:
    hosts = Hosts()
    async with Client(HOSTED, key=OWNER, tenant="acme", transport=hosts) as client:
        await notes.list_notes(client)
        await notes.list_notes(client.for_caller(Credential(OWNER, "globex")))
    assert [request.url.host for request in hosts.seen] == ["acme.notes.example", "globex.notes.example"]


@pytest.mark.parametrize("tenant", ["", "Acme", "acme.evil.example", "acme/", "x" * 64, "a@b", "a%2e"])
async def test_a_bad_tenant_opens_no_connection(tenant: str) -> None:
    hosts = Hosts()
    async with Client(HOSTED, transport=hosts) as client:
        with pytest.raises(Unauthenticated):
            await notes.list_notes(client.for_caller(Credential(OWNER, tenant)))
    assert hosts.seen == []


@given(st.text(min_size=1, max_size=30))
@example("..//evil.example")
@example("@evil.example")
@example("//evil.example/")
@example("\\\\evil.example")
async def test_no_argument_changes_the_host(text: str) -> None:
    hosts = Hosts()
    async with Client(HOSTED, key=OWNER, tenant="acme", transport=hosts) as client:
        try:
            await notes.get_note(client, note_id=text)
        except ToolpressError:
            assert hosts.seen == []
    assert {request.url.host for request in hosts.seen} <= {"acme.notes.example"}


async def test_a_redirect_is_not_followed() -> None:
    hosts = Hosts(307, headers={"location": "https://evil.example/"})
    async with Client(HOSTED, key=OWNER, tenant="acme", transport=hosts) as client:
        with pytest.raises(UpstreamGarbled, match="redirect"):
            await notes.list_notes(client)
    assert [request.url.host for request in hosts.seen] == ["acme.notes.example"]


async def test_names_below_localhost_are_loopback() -> None:
    hosts = Hosts()
    async with Client(HOSTED, key=OWNER, tenant="acme", base_url="http://{tenant}.localhost:81", transport=hosts) as c:
        await notes.list_notes(c)
    (request,) = hosts.seen
    assert (request.url.host, request.url.port, request.headers["host"]) == ("127.0.0.1", 81, "acme.localhost:81")


@pytest.mark.parametrize(
    "url", ["https://{tenant}.x.example/api", "http://{tenant}.localhost:9", "https://one.example"]
)
def test_base_urls_with_a_tenant(url: str) -> None:
    assert checked_base_url(url) == url


@pytest.mark.parametrize(
    "url", ["ftp://{tenant}.x.example", "https://{tenant}@x.example", "https://{other}.x.example/ {"]
)
def test_base_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_base_url(url)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "INVALID_API_KEY", "wrong tenant, or wrong or expired"),
        (404, "UNKNOWN_TENANT", "no such tenant"),
    ],
)
async def test_what_the_upstream_says_of_a_pair(status: int, code: str, says: str) -> None:
    async with Client(HOSTED, transport=Hosts(status, {"success": False})) as client:
        with pytest.raises(Unauthenticated, match=says) as caught:
            await whoami(client, Credential(OWNER, "acme"))
    assert (caught.value.code, caught.value.status) == (code, status)


async def test_a_host_that_does_not_resolve_is_an_unknown_tenant_and_one_that_is_down_is_not() -> None:
    class Lost(httpx.AsyncBaseTransport):
        def __init__(self, errno: int) -> None:
            self.errno = errno

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                raise socket.gaierror(self.errno, "no address")
            except socket.gaierror as error:
                raise httpx.ConnectError("no address", request=request) from error

    async with Client(HOSTED, transport=Lost(socket.EAI_NONAME)) as client:
        with pytest.raises(Unauthenticated, match="does not resolve") as caught:
            await whoami(client, Credential(OWNER, "acme"))
    assert caught.value.code == "UNKNOWN_TENANT"
    async with Client(HOSTED, transport=Lost(socket.EAI_AGAIN)) as client:
        with pytest.raises(UpstreamUnavailable):
            await whoami(client, Credential(OWNER, "acme"))
    async with Client(
        replace(HOSTED, tenancy=None, base_url="https://a.example"), transport=Lost(socket.EAI_NONAME)
    ) as c:
        with pytest.raises(UpstreamUnavailable):
            await whoami(c, Credential(OWNER))


async def test_without_roles_every_key_counts_as_the_highest_and_may_lack_the_probed_permission() -> None:
    for status in (200, 403):
        async with Client(HOSTED, transport=Hosts(status, {"success": status == 200})) as client:
            principal = await whoami(client, Credential(OWNER, "acme"))
        assert (principal.role, principal.tenant) == (HOSTED.roles[0], "acme")
    async with Client(HOSTED, transport=Hosts(409, {"success": False})) as client:
        with pytest.raises(UpstreamRefused):
            await whoami(client, Credential(OWNER, "acme"))


async def test_the_endpoint_refuses_before_it_asks_anybody() -> None:
    hosts = Hosts()
    built = build_server(Settings(), HOSTED, transport=hosts)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {OWNER}"}
    with listening(http_app(built)) as address:
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"{address}/mcp", json=body, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["message"] == "Missing tenant context."
            assert hosts.seen == []
            known = {**headers, "X-Notes-Tenant": "acme", "MCP-Protocol-Version": "2025-11-25"}
            answer = await http.post(f"{address}/mcp", json=body, headers=known)
    assert answer.status_code == 200, answer.text
    assert len(json.loads(answer.text)["result"]["tools"]) == len(HOSTED.tools)
    assert {request.url.host for request in hosts.seen} == {"acme.notes.example"}
