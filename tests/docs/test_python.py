"""Every Python block of the pages runs against a real sandbox, prints what it says, and what it builds works."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastmcp import Client, FastMCP
from starlette.applications import Starlette

from tests.docs.commands import Place
from tests.docs.pages import Block, blocks
from tests.docs.products import CREDENTIALS, PRODUCTS
from tests.docs.runners import endpoints
from tests.docs.servers import tools_over_http
from tests.runtime.conftest import listening
from tests.runtime.test_logs import _restored as _restored


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_block(block: Block, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    for name, value in place.upstreams().items():
        monkeypatch.setenv(name, value)
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
    ours = PRODUCTS["zihin"].tools
    return bool(listed & ours and listed - ours and answer.data["success"])


def serves_at(app: Starlette, paths: list[str]) -> bool:
    with listening(app) as address:
        zihin = PRODUCTS["zihin"]
        return all(asyncio.run(tools_over_http(zihin, address + path)) == zihin.tools for path in paths)
