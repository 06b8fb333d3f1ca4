"""The troubleshooting page is true: each symptom is produced on a real server, and the page has what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from html import unescape
from typing import Any

import httpx
import pytest

from tests import processes
from tests.docs.pages import table
from tests.docs.products import PRODUCTS
from tests.processes import Server
from tests.runtime.conftest import listening
from toolpress.http_app import http_app
from toolpress.oauth import AuthorizationServer
from toolpress.oauth.tokens import ACCESS_LIFE_S
from toolpress.server import build_server
from toolpress.settings import Settings

PAGE, HEADING = "docs/mihu/troubleshooting.md", "Troubleshooting mihu"
MIHU = PRODUCTS["mihu"]
FULL, READONLY, REVOKED = "mihu_test_acme_full", "mihu_test_acme_readonly", "mihu_test_acme_revoked"
CONTACT_OF_GLOBEX = MIHU.index.sandbox["data"]["seed"]["globex"]["contacts"][0]["uuid"]

Call = tuple[str, dict[str, Any]]


def minted(url: str) -> str:
    """An access token of the server at `url`."""
    form = {"grant_type": "client_credentials", "client_id": "acme", "client_secret": FULL}
    answer = httpx.post(f"{url}/oauth/token", data=form, trust_env=False).raise_for_status()
    return str(answer.json()["access_token"])


def withdrawn(url: str) -> str:
    """One that was revoked."""
    token = minted(url)
    form = {"token": token, "client_id": "acme", "client_secret": FULL}
    httpx.post(f"{url}/oauth/revoke", data=form, trust_env=False).raise_for_status()
    return token


@dataclass(frozen=True)
class Case:
    """How a symptom comes about: the token (or how to get it), the tenant of the header, and the call."""

    token: str | Callable[[str], str]
    tenant: str | None
    call: Call = ("list_agents", {})
    doctor_tenant: str | None = None
    """Instead of the header's."""

    def token_at(self, url: str) -> str:
        return self.token if isinstance(self.token, str) else self.token(url)


CASES = {
    "401 from upstream": Case(REVOKED, "acme"),
    "404 from upstream": Case(FULL, "acmee"),
    "The tenant is no subdomain": Case(FULL, "acme.mihu.ai"),
    "Missing tenant context": Case(FULL, None),
    "OAuth token expired": Case(withdrawn, None, doctor_tenant="acme"),
    "Action blocked by permissions": Case(READONLY, "acme", ("create_contact", {"phone_number": "+905550000000"})),
    "Cannot access another tenant: API token": Case(FULL, "globex"),
    "Cannot access another tenant: access token": Case(minted, "globex"),
    "Cannot access another tenant: id": Case(FULL, "acme", ("get_contact", {"uuid": CONTACT_OF_GLOBEX})),
}


@dataclass(frozen=True)
class Row:
    """What the page says of a symptom: the answer, its fix, and the line of `toolpress doctor`."""

    answer: str
    fix: str
    doctor: str


ROWS = {row[0]: Row(*map(unescape, (row[1], row[3], row[4]))) for row in table(PAGE, HEADING)}


@pytest.fixture(scope="module")
def mihu() -> Iterator[Server]:
    with processes.serve("mihu") as server:
        yield server


def answered(url: str, token: str, tenant: str | None, call: Call) -> tuple[str, str]:
    """A call of a tool over HTTP: its answer and fix as the page writes them."""
    headers = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {token}"}
    headers |= {"x-mihu-tenant": tenant} if tenant is not None else {}
    params = {"name": call[0], "arguments": call[1]}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = httpx.post(f"{url}/mcp", headers=headers, json=body, trust_env=False)
    if answer.status_code == 200:
        result = answer.json()["result"]
        assert result["isError"] is True
        said = json.loads(result["content"][0]["text"])
        return f"tool error `{said['code']}`: {said['error']}", said["fix"]
    error = answer.json()["error"]
    assert answer.headers["www-authenticate"].startswith('Bearer realm="mihu", resource_metadata="')
    return f"HTTP {answer.status_code} `{error['data']['code']}`: {error['message']}", error["data"]["fix"]


def examined(server: Server, token: str, tenant: str | None) -> str:
    """The line of `toolpress doctor` that fails, else the one about the token."""
    chosen = ("--tenant", tenant) if tenant is not None else ()
    address = server.catalogs["mihu"]["upstream"]
    done = processes.run(
        "doctor", "mihu", "--port", "0", "--base-url", address, *chosen,
        env={"MIHU_API_TOKEN": token, "MIHU_TENANT": ""},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith("FAIL")]
    assert done.returncode == (1 if failed else 0), done.stderr
    (line,) = failed or [line for line in lines if "mihu key:" in line]
    return line


def test_every_symptom_has_a_row_and_every_row_a_case() -> None:
    assert list(ROWS) == list(CASES)


@pytest.mark.parametrize("symptom", CASES)
def test_the_row_says_what_a_client_gets(symptom: str, mihu: Server) -> None:
    case, row = CASES[symptom], ROWS[symptom]
    token = case.token_at(mihu.base_url)
    assert answered(mihu.base_url, token, case.tenant, case.call) == (row.answer, row.fix)


@pytest.mark.parametrize("symptom", CASES)
def test_the_row_says_what_doctor_prints(symptom: str, mihu: Server) -> None:
    case, row = CASES[symptom], ROWS[symptom]
    line = examined(mihu, case.token_at(mihu.base_url), case.doctor_tenant or case.tenant)
    assert f"`{line}`" == row.doctor


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_access_token_that_lived_its_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, row, other = Clock(), ROWS["OAuth token expired"], ROWS["Cannot access another tenant: id"]
    call = CASES["Cannot access another tenant: id"].call
    monkeypatch.setattr("toolpress.oauth.AuthorizationServer", partial(AuthorizationServer, clock=clock))
    with listening(http_app(build_server(Settings(sandbox=True), MIHU.catalog))) as url:
        token = minted(url)
        clock.now += ACCESS_LIFE_S - 1
        assert answered(url, token, None, call) == (other.answer, other.fix), "it still opens the door"
        clock.now += 1
        assert answered(url, token, None, call) == (row.answer, row.fix)


def test_what_is_blocked_by_permissions_names_the_permission() -> None:
    row = ROWS["Action blocked by permissions"]
    assert "contacts.write" in row.answer
    assert "blocked by permissions" in row.fix.lower()
