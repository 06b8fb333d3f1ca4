"""Every JSON and TOML block of the pages: client configurations connect, the rest is what the programs really write."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from typing import Any

import httpx
import pytest

from tests.docs.commands import SERVER, Command, Place, without_uv
from tests.docs.pages import ROOT, Block, blocks, table
from tests.docs.products import CREDENTIALS, PRODUCTS, Product
from tests.docs.servers import serving, tools_over_http, tools_over_stdio

CLIENT_WORDS = ("mcpServers", "servers", "mcp_servers")


def data(block: Block) -> dict[str, Any]:
    return dict((tomllib if block.language == "toml" else json).loads(block.text))


def entries(block: Block) -> dict[str, Any]:
    """The servers that a client's configuration names."""
    return {name: entry for word in CLIENT_WORDS for name, entry in data(block).get(word, {}).items()}


@pytest.mark.parametrize("block", [block for block in blocks("json", "toml") if entries(block)], ids=str)
def test_client_configuration(block: Block, place: Place) -> None:
    for name, entry in entries(block).items():
        product = PRODUCTS[name]
        if "url" in entry:
            assert set(entry) <= {"type", "url", "headers"}
            assert entry["url"] == f"{SERVER}/{name}/mcp"
            connects(product, place.real(entry["url"]), entry.get("headers"))
        else:
            assert set(entry) <= {"command", "args", "env"}
            words = without_uv([entry["command"], *entry["args"]])
            kept = {key: value for key, value in place.environment(Command(())).items() if key not in CREDENTIALS}
            assert asyncio.run(tools_over_stdio(product, words, {**kept, **entry.get("env", {})})) == product.tools


def connects(product: Product, url: str, headers: dict[str, str] | None) -> None:
    """With headers its tools are there; without any the client is told where its person can sign in."""
    if headers is not None:
        assert asyncio.run(tools_over_http(product, url, headers)) == product.tools
        return
    refused = httpx.post(url, trust_env=False)
    assert refused.status_code == 401
    told = re.search(r'resource_metadata="([^"]+)"', refused.headers["www-authenticate"])
    assert told, "no way to sign in"
    resource = httpx.get(told[1], trust_env=False).json()
    assert resource["resource"] == url
    (issuer,) = resource["authorization_servers"]
    document = httpx.get(f"{issuer}/.well-known/oauth-authorization-server", trust_env=False).json()
    assert {"authorization_endpoint", "token_endpoint", "registration_endpoint"} <= document.keys()


@pytest.mark.parametrize("block", [block for block in blocks("json", "toml") if not entries(block)], ids=str)
def test_other_data(block: Block, place: Place) -> None:
    shown = data(block)
    if "source" in shown:
        assert shown == json.loads((ROOT / "fastmcp.json").read_text(encoding="utf-8"))
    elif shown.get("event") == "call":
        assert shown.keys() <= {name for row in table("docs/deploy.md", "Logs") for name in row[0].split("`")[1::2]}
    elif shown.get("event") == "refused":
        assert form(shown) == form(refused(place))
    elif "mcp" in shown:
        assert form(shown) == form(announced(place, list(shown["catalogs"])))
    elif "resource" in shown:
        assert json.loads(place.real(block.text)) == resource_of_mihu(place)
    elif "access_token" in shown:
        minted = minted_by_mihu(place)
        assert shown == {**minted, "access_token": shown["access_token"]}
        assert all(re.fullmatch(r"tpa_[\w-]{43}", each["access_token"]) for each in (shown, minted))
    else:
        pytest.fail(f"{block}: nobody knows what this block shows")


def resource_of_mihu(place: Place) -> dict[str, Any]:
    path = "/.well-known/oauth-protected-resource/mihu/mcp"
    return dict(httpx.get(place.server + path, trust_env=False).json())


def minted_by_mihu(place: Place) -> dict[str, Any]:
    pair = PRODUCTS["mihu"].credential
    form = {"grant_type": "client_credentials", "client_id": pair.tenant, "client_secret": pair.key}
    return dict(httpx.post(f"{place.server}/mihu/oauth/token", data=form, trust_env=False).json())


def refused(place: Place) -> dict[str, Any]:
    """What the log of a server says of a request with a wrong key."""
    with serving(Command(("toolpress", "serve", "zihin")), place, "/readyz") as served:
        assert httpx.post(f"{served.url}/mcp", headers={"x-api-key": "wrong"}, trust_env=False).status_code == 401
        (line,) = (line for line in served.log().splitlines() if line.startswith('{"event": "refused"'))
        return dict(json.loads(line))


def form(value: Any) -> Any:
    """The names of its members, in its objects' objects too."""
    return {name: form(item) for name, item in value.items()} if isinstance(value, dict) else type(value)


def announced(place: Place, catalogs: list[str]) -> dict[str, Any]:
    command = Command(("toolpress", "serve", *catalogs, "--sandbox"), {"TOOLPRESS_ANNOUNCE": "1"})
    with serving(command, place, "/readyz") as served:
        line = next(line for line in served.log().splitlines() if line.startswith('{"mcp"'))
        found: dict[str, Any] = json.loads(line)
        assert found["mcp"] == f"{served.url}/{catalogs[0]}/mcp"
        return found
