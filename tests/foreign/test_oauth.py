"""The TypeScript SDK's own provider mints a token for a tenant and its API token, lists with it and calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.javascript import run
from tests.processes import Server
from toolpress_catalogs.mihu.catalog import CATALOG

CALLS = [["list_agents", {}], ["create_contact", {"phone_number": "+905551112233"}]]

pytestmark = pytest.mark.usefixtures("foreign")


def mint_and_call(server: Server, tenant: str, secret: str) -> dict[str, Any]:
    job = {"url": server.mcp_url, "issuer": server.base_url, "tenant": tenant, "secret": secret, "calls": CALLS}
    return run(Path(__file__).with_name("credentials.mjs"), **job)


@pytest.mark.parametrize(("tenant", "agent"), [("acme", "Sales line"), ("globex", "Reception")])
def test_mints_lists_and_calls(tenant: str, agent: str, mihu_server: Server) -> None:
    seen = mint_and_call(mihu_server, tenant, f"mihu_test_{tenant}_full")
    assert seen["tokens"]["access_token"].startswith("tpa_")
    assert "refresh_token" not in seen["tokens"]
    assert set(seen["tools"]) == {tool.name for tool in CATALOG.tools}
    read, write = (result["structuredContent"]["data"] for result in seen["results"])
    assert agent in {item["name"] for item in read["items"]}
    assert write["phone_number"] == "+905551112233"


def test_a_token_may_no_more_than_the_key_behind_it(mihu_server: Server) -> None:
    read, write = mint_and_call(mihu_server, "acme", "mihu_test_acme_readonly")["results"]
    assert not read["isError"]
    assert write["isError"]
    assert write["structuredContent"]["code"] == "INSUFFICIENT_PERMISSIONS"


@pytest.mark.parametrize("secret", ["mihu_test_acme_revoked", "mihu_test_globex_full"])
def test_a_wrong_pair_mints_nothing(secret: str, mihu_server: Server) -> None:
    seen = mint_and_call(mihu_server, "acme", secret)
    assert seen == {"refused": "The client is unknown or its secret is wrong.", "tokens": None}
