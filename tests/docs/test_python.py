"""Every Python block of the pages runs against a real sandbox, prints what it says, and what it builds works."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastmcp import Client, FastMCP
from starlette.applications import Starlette

from tests.docs.commands import OWNER, Place
from tests.docs.pages import Block, blocks, placed
from tests.docs.runners import endpoints
from tests.docs.servers import TOOLS, tools_over_http
from tests.runtime.conftest import listening
from tests.runtime.test_logs import _restored as _restored


@pytest.mark.parametrize(("place", "block"), placed(blocks("python")), indirect=["place"], ids=str)
def test_block(block: Block, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ZIHIN_API_KEY", raising=False)
    monkeypatch.setenv("TOOLPRESS_ZIHIN_BASE_URL", place.sandbox)
    names: dict[str, Any] = {"__name__": block.page}
    exec(compile(place.real(block.text), str(block), "exec"), names)
    assert capsys.readouterr().out.splitlines() == printed(block.text)

    if "mcp" in names:
        assert asyncio.run(own_and_ours(names["mcp"]))
    if "app" in names:
        assert endpoints(block.text), "say in a comment where the endpoint is"
        assert serves_at(names["app"], endpoints(block.text))


def printed(text: str) -> list[str]:
    """What the block prints, by the comments behind its prints."""
    return re.findall(r"print\(.*\)  # (.*)$", text, re.MULTILINE)


async def own_and_ours(server: FastMCP[Any]) -> bool:
    """Whether a server has tools of the catalogue beside its own, and one of ours answers."""
    async with Client(server) as client:
        listed = {tool.name for tool in await client.list_tools()}
        answer = await client.call_tool("list_agents", {})
    return bool(listed & TOOLS and listed - TOOLS and answer.data["success"])


def serves_at(app: Starlette, paths: list[str]) -> bool:
    with listening(app) as address:
        return all(asyncio.run(tools_over_http(address + path, {"X-Api-Key": OWNER})) == TOOLS for path in paths)
