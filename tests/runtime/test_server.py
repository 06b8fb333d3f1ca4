"""The server over real HTTP, in both eras of the protocol, and in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastmcp import Client as McpClient
from fastmcp import FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import EDITOR, MEMBER, OWNER, Product
from toolpress import fastmcp_seams
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.contract import Sessions
from toolpress.errors import ConfigurationError
from toolpress.executor import Executor
from toolpress.http_app import http_app
from toolpress.oauth import OpenStore, open_store
from toolpress.principal import CALLER, Credential
from toolpress.provider import CatalogProvider, add_to
from toolpress.server import Built, build_server
from toolpress.settings import Settings

ERAS = ("legacy", "2026-07-28")


def connect(url: str, key: str = OWNER, era: str = "legacy") -> McpClient[StreamableHttpTransport]:
    return McpClient(StreamableHttpTransport(url, headers={"X-Api-Key": key}), mode=era)


def payload(result: Any) -> dict[str, Any]:
    """The JSON text of a result, which must equal its structured content."""
    found = json.loads(result.content[0].text)
    assert result.structured_content == found
    return dict(found)


def raw_call(era: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One tools/call as it stands on the wire; the Python client lists tools on its own after a call."""
    params: dict[str, Any] = {"name": name, "arguments": arguments}
    version = "2025-11-25" if era == "legacy" else era
    headers = {"X-Api-Key": OWNER, "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version}
    if era != "legacy":
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": name}
        prefix = "io.modelcontextprotocol"
        params["_meta"] = {f"{prefix}/protocolVersion": version, f"{prefix}/clientCapabilities": {}}
    return {"headers": headers, "json": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}}


@pytest.mark.parametrize("era", ERAS)
async def test_the_list_is_the_generated_one(mcp_url: str, era: str) -> None:
    index = CatalogIndex(CATALOG)
    async with connect(mcp_url, era=era) as client:
        listed = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in await client.list_tools()]
    assert listed == [index.listing(tool.name) for tool in CATALOG.tools]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("key", "names"),
    [
        (EDITOR, ["list_notes", "get_note", "ask_note", "whoami"]),
        (MEMBER, ["ask_note", "whoami"]),
    ],
)
async def test_the_list_follows_the_role(mcp_url: str, era: str, key: str, names: list[str]) -> None:
    async with connect(mcp_url, key, era) as client:
        assert [tool.name for tool in await client.list_tools()] == names


@pytest.mark.parametrize("era", ERAS)
async def test_calls(mcp_url: str, era: str, product: Product) -> None:
    async with connect(mcp_url, era=era) as client:
        read = await client.call_tool_mcp("list_notes", {"limit": 5})
        write = await client.call_tool_mcp("create_note", {"title": "T", "meta": '{"author": {"name": "Ada"}}'})
        stream = await client.call_tool_mcp("ask_note", {"note_id": "n1", "question": "?"})
        missing = await client.call_tool_mcp("get_note", {"note_id": "n9"})
        wrong = await client.call_tool_mcp("create_note", {"titel": "T"})
    assert payload(read) == {"success": True, "notes": [{"id": "n1"}], "count": 1}
    assert payload(write)["note"] == {"id": "n2", "title": "T", "meta": {"author": {"name": "Ada"}}}
    assert payload(stream)["tokens"] == 7
    assert missing.is_error
    assert payload(missing) == {"success": False, "error": "No such note", "code": "NOT_FOUND"}
    assert wrong.is_error
    assert payload(wrong)["code"] == "VALIDATION_ERROR"
    assert {call.headers["x-api-key"] for call in product.seen} == {OWNER}
    assert product.identity_calls == 1


@pytest.mark.parametrize("era", ERAS)
async def test_a_hidden_write_is_blocked_and_a_hidden_read_is_unknown(mcp_url: str, era: str, product: Product) -> None:
    async with connect(mcp_url, MEMBER, era) as client:
        blocked = await client.call_tool_mcp("create_note", {"title": "T"})
        with pytest.raises(MCPError) as hidden:
            await client.call_tool_mcp("list_notes", {"limit": 1})
        with pytest.raises(MCPError) as unknown:
            await client.call_tool_mcp("nothing_such", {"limit": 1})
    assert blocked.is_error
    assert payload(blocked)["code"] == "WRITE_BLOCKED"
    assert hidden.value.error.code == unknown.value.error.code == -32602
    assert hidden.value.error.message.replace("list_notes", "nothing_such") == unknown.value.error.message
    assert product.tool_calls == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_never_lists(product: Product, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without the fast lane, where FastMCP would list all tools to look for headers in their schemas."""
    listed: list[str] = []
    real = CatalogProvider._list_tools

    async def counted(self: CatalogProvider) -> Any:
        listed.append("list")
        return await real(self)

    monkeypatch.setattr(CatalogProvider, "_list_tools", counted)
    plain = build_server(Settings(fast_lane=False), CATALOG, transport=product.transport())
    with listening(http_app(plain)) as address:
        await _calls_do_not_list(f"{address}/mcp", era, listed)


async def _calls_do_not_list(mcp_url: str, era: str, listed: list[str]) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, arguments in (
            ("list_notes", {"limit": 5}),
            ("create_note", {"title": "T"}),
            ("nothing_such", {"a": 1}),
        ):
            answer = await http.post(mcp_url, **raw_call(era, name, arguments))
            assert ("error" in answer.json()) is (name == "nothing_such"), answer.text
    assert listed == []
    async with connect(mcp_url, era=era) as client:
        await client.list_tools()
    assert listed == ["list"]


@pytest.mark.parametrize("era", ERAS)
async def test_two_callers_at_once_keep_their_keys(mcp_url: str, era: str, product: Product) -> None:
    async with connect(mcp_url, OWNER, era) as one, connect(mcp_url, "nb_test_b_owner", era) as two:
        answers = await asyncio.gather(*(client.call_tool_mcp("whoami", {}) for client in (one, two) for _ in range(8)))
    tenants = [payload(answer)["tenant_id"] for answer in answers]
    assert tenants == ["a"] * 8 + ["b"] * 8


async def test_a_refused_key_is_asked_again(mcp_url: str, product: Product) -> None:
    async with connect(mcp_url) as client:
        await client.call_tool_mcp("whoami", {})
        asked = product.identity_calls
        del product.keys[OWNER]
        refused = await client.call_tool_mcp("list_notes", {})
        assert payload(refused)["code"] == "INVALID_API_KEY"
        with pytest.raises(MCPError, match="unknown, revoked"):
            await client.call_tool_mcp("list_notes", {})
    assert product.identity_calls > asked


async def test_the_server_says_who_it_is(mcp_url: str) -> None:
    async with connect(mcp_url) as client:
        info = client.initialize_result
    assert info is not None
    assert info.server_info.name == "notebook"
    assert "Keep notes" in str(info.instructions)
    assert len(str(info.instructions)) < 700


def test_the_seams_exist(built: Built) -> None:
    assert built.mcp._mcp_server.get_tool_input_schema is not None
    assert built.mcp._mcp_server.get_tool_input_schema("list_notes") is None
    assert fastmcp_seams.request_headers() is None


# Without a gate: in memory, and inside somebody else's server.


async def test_in_memory_with_the_key_of_the_process(product: Product) -> None:
    built = build_server(Settings(), CATALOG, credential=Credential(MEMBER), transport=product.transport(), stdio=True)
    async with McpClient(built.mcp) as client:
        assert [tool.name for tool in await client.list_tools()] == ["ask_note", "whoami"]
        assert (await client.call_tool("whoami")).data["role"] == "member"
    assert CALLER.get() is None


async def test_without_any_key_listing_and_calling_say_so(product: Product) -> None:
    built = build_server(Settings(), CATALOG, transport=product.transport())
    async with McpClient(built.mcp) as client:
        with pytest.raises(MCPError, match="No API key") as caught:
            await client.list_tools()
        assert caught.value.error.data["code"] == "MISSING_API_KEY"
        answer = await client.call_tool_mcp("whoami", {})
    assert answer.is_error
    assert payload(answer)["code"] == "MISSING_API_KEY"


async def test_an_upstream_that_is_down_says_so(product: Product) -> None:
    product.down = True
    built = build_server(Settings(), CATALOG, credential=Credential(OWNER), transport=product.transport())
    built.executor.client.upstream._limits = CATALOG.limits.__class__(read_retries=0)
    async with McpClient(built.mcp) as client:
        with pytest.raises(MCPError) as caught:
            await client.list_tools()
    assert caught.value.error.data["code"] == "UPSTREAM_UNAVAILABLE"
    assert caught.value.error.data["retryable"] is True


def added(product: Product, **options: Any) -> FastMCP[Any]:
    mcp: FastMCP[Any] = FastMCP("mine")
    provider = add_to(mcp, CATALOG, **options)
    provider.executor.client.upstream._transport = product.transport()

    @mcp.tool
    def hello() -> str:
        return "hello"

    return mcp


async def test_added_to_another_server(product: Product) -> None:
    async with McpClient(added(product, modules=["notes"], key=EDITOR)) as client:
        assert "list_notes" in {tool.name for tool in await client.list_tools()} > {"hello"}
        assert (await client.call_tool("list_notes", {})).data["count"] == 1
        assert (await client.call_tool("hello")).data == "hello"
        blocked = await client.call_tool_mcp("create_note", {"title": "T"})
    assert payload(blocked)["code"] == "WRITE_BLOCKED"


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no module nots"):
        add_to(FastMCP("mine"), CATALOG, modules=["nots"])


@pytest.fixture
def others_url(product: Product) -> Iterator[str]:
    with listening(added(product).http_app(path="/mcp")) as address:
        yield f"{address}/mcp"


@pytest.mark.parametrize("era", ERAS)
async def test_added_over_http_each_request_brings_its_key(others_url: str, era: str) -> None:
    async with connect(others_url, MEMBER, era) as client:
        assert {tool.name for tool in await client.list_tools()} == {"hello", "ask_note", "whoami"}
        assert payload(await client.call_tool_mcp("whoami", {}))["role"] == "member"
    async with McpClient(StreamableHttpTransport(others_url), mode=era) as client:
        assert payload(await client.call_tool_mcp("whoami", {}))["code"] == "MISSING_API_KEY"


async def test_the_key_of_one_product_never_reaches_another(product: Product) -> None:
    executor = Executor(
        CatalogIndex(CATALOG), Client(CATALOG, transport=product.transport()), credential=Credential(MEMBER)
    )
    caller = await executor.caller_of(Credential(OWNER))
    token = CALLER.set(caller)
    try:
        assert (await executor.caller()).credential.key == OWNER
        CALLER.set(type(caller)("another", caller.principal, caller.credential))
        assert (await executor.caller()).credential.key == MEMBER
    finally:
        CALLER.reset(token)
    await executor.client.aclose()


async def test_health_and_draining(built: Built, product: Product) -> None:
    with listening(http_app(built)) as address:
        async with httpx.AsyncClient(base_url=address) as http:
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            assert (await http.get("/readyz")).status_code == 200
            built.draining = True
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(("oauth", "sessions"), [(True, False), (False, True), (True, True)])
def test_every_store_that_was_opened_is_closed_when_the_server_stops(
    product: Product, monkeypatch: pytest.MonkeyPatch, oauth: bool, sessions: bool
) -> None:
    opened: list[int] = []
    closed: list[int] = []

    def counted(url: str | None) -> OpenStore:
        number = len(opened)
        opened.append(number)

        async def aclose() -> None:
            closed.append(number)

        return OpenStore(open_store(url).keys, aclose)

    monkeypatch.setattr("toolpress.oauth.open_store", counted)
    catalog = replace(
        CATALOG,
        authentication=replace(CATALOG.authentication, oauth=oauth),
        sessions=Sessions((("free", 24.0),)) if sessions else None,
    )
    settings = Settings(public_url="https://tools.example.com")
    with listening(http_app(build_server(settings, catalog, transport=product.transport()))):
        assert (bool(opened), closed) == (True, [])
    assert sorted(closed) == opened
