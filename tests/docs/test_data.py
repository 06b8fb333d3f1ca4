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
from tests.docs.pages import ROOT, Block, blocks, placed, table
from tests.docs.servers import TOOLS, serving, tools_over_http, tools_over_stdio

CLIENT_WORDS = ("mcpServers", "servers", "mcp_servers")


def data(block: Block) -> dict[str, Any]:
    return dict((tomllib if block.language == "toml" else json).loads(block.text))


def entries(block: Block) -> dict[str, Any]:
    """The servers that a client's configuration names."""
    return {name: entry for word in CLIENT_WORDS for name, entry in data(block).get(word, {}).items()}


@pytest.mark.parametrize("block", [block for block in blocks("json", "toml") if entries(block)], ids=str)
def test_client_configuration(block: Block, place: Place) -> None:
    for entry in entries(block).values():
        assert set(entry) <= {"type", "url", "headers", "command", "args", "env"}
        if "url" in entry:
            assert entry["url"].startswith(SERVER)
            listed = tools_over_http(place.real(entry["url"]), entry["headers"])
        else:
            words = without_uv([entry["command"], *entry["args"]])
            bare = {name: value for name, value in place.environment(Command(())).items() if name != "ZIHIN_API_KEY"}
            listed = tools_over_stdio(words, {**bare, **entry.get("env", {})})
        assert asyncio.run(listed) == TOOLS


@pytest.mark.parametrize(
    ("place", "block"),
    placed([block for block in blocks("json", "toml") if not entries(block)]),
    indirect=["place"],
    ids=str,
)
def test_other_data(block: Block, place: Place) -> None:
    shown = data(block)
    if "source" in shown:
        assert shown == json.loads((ROOT / "fastmcp.json").read_text(encoding="utf-8"))
    elif shown.get("event") == "call":
        assert shown.keys() <= {name for row in table("docs/deploy.md", "Logs") for name in row[0].split("`")[1::2]}
    elif "mcp" in shown:
        assert shown.keys() == announced(place).keys()
    elif "resource" in shown:
        path = "/.well-known/oauth-protected-resource/mcp"
        assert json.loads(place.real(block.text)) == httpx.get(place.server + path, trust_env=False).json()
    elif "access_token" in shown:
        tenant, secret = place.product.credential.tenant, place.product.credential.key
        form = {"grant_type": "client_credentials", "client_id": tenant, "client_secret": secret}
        minted = httpx.post(f"{place.server}/oauth/token", data=form, trust_env=False).json()
        assert shown == {**minted, "access_token": shown["access_token"]}
        assert all(re.fullmatch(r"tpa_[\w-]{43}", each["access_token"]) for each in (shown, minted))
    else:
        pytest.fail(f"{block}: nobody knows what this block shows")


def announced(place: Place) -> dict[str, Any]:
    command = Command(("toolpress", "serve", "zihin", "--sandbox"), {"TOOLPRESS_ANNOUNCE": "1"})
    with serving(command, place, "/readyz") as served:
        line = next(line for line in served.log().splitlines() if line.startswith('{"mcp"'))
        found: dict[str, Any] = json.loads(line)
        assert found["mcp"] == f"{served.url}/mcp"
        return found
