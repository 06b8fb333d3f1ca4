"""Clients that subscribed hear of a change that a call made: of their own tenant, in both eras, while they may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import mcp_types
import pytest
from fastmcp import Client as McpClient
from fastmcp.client.messages import MessageHandler
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

from tests import modern
from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import EDITOR, MEMBER, OWNER, Product
from toolpress import fastmcp_seams
from toolpress.gate import SESSION
from toolpress.http_app import http_app
from toolpress.oauth import StoreUnavailable
from toolpress.principal import Credential
from toolpress.server import Built, build_server
from toolpress.settings import Settings

TOOLS = {"toolsListChanged": True}
LIVE, FIXED, OTHER = "notebook://notes", "notebook://forms/note", "nb_test_b_owner"


@asynccontextmanager
async def stream(http: httpx.AsyncClient, url: str, key: str, *uris: str) -> AsyncIterator[AsyncIterator[Any]]:
    """An open stream, past its acknowledgement of exactly these URIs."""
    async with http.stream("POST", url, **modern.listen(key, *uris)) as response:
        assert response.headers["content-type"] == "text/event-stream"
        found = modern.messages(response)
        acknowledged = await anext(found)
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert acknowledged["params"]["notifications"].get("resourceSubscriptions", []) == list(uris)
        yield found


async def change(http: httpx.AsyncClient, url: str, key: str) -> None:
    answer = await http.post(url, **modern.call(key, "create_note", {"title": "T"}))
    assert answer.json()["result"]["isError"] is False


async def test_a_stream_hears_of_changes_in_its_tenant(mcp_url: str) -> None:
    async with (
        httpx.AsyncClient(timeout=20) as http,
        stream(http, mcp_url, EDITOR, LIVE, FIXED) as own,
        stream(http, mcp_url, OTHER, LIVE) as other,
    ):
        await change(http, mcp_url, OWNER)
        told = await anext(own)
        await change(http, mcp_url, OTHER)
        theirs = await anext(other)
        await change(http, mcp_url, OWNER)
        again = await anext(own)
    assert (told["method"], told["params"]["uri"]) == ("notifications/resources/updated", LIVE)
    assert told == theirs == again  # had a change crossed, one of the streams would still hold it


class Breaking(httpx.AsyncBaseTransport):
    """The product behind a connection that breaks on writes, once `breaks` is set."""

    def __init__(self, product: Product) -> None:
        self._inner = product.transport()
        self.breaks = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.breaks and request.method == "POST":
            raise httpx.ReadError("broken", request=request)
        return await self._inner.handle_async_request(request)


async def test_only_a_change_or_a_write_in_doubt_counts(product: Product) -> None:
    transport = Breaking(product)
    built = build_server(Settings(), CATALOG, transport=transport)
    changes: list[str] = []
    built.executor.on_change = lambda _caller, tool: changes.append(tool.name)
    with listening(http_app(built)) as address:
        async with httpx.AsyncClient(timeout=20) as http:

            async def call(key: str, tool: str, **arguments: Any) -> None:
                await http.post(f"{address}/mcp", **modern.call(key, tool, arguments))

            await call(OWNER, "list_notes")
            await call(OWNER, "create_note", titel="T")
            await call(EDITOR, "create_note", title="T")
            product.down = True
            await call(OWNER, "create_note", title="T")
            product.down = False
            assert changes == []
            await call(OWNER, "create_note", title="T")
            assert changes == ["create_note"]
            transport.breaks = True
            await call(OWNER, "move_note", note_id="n1", archived=True)
            assert changes == ["create_note", "move_note"]


@pytest.mark.parametrize("uris", [(LIVE,), ("notebook://nothing",), (LIVE, "notebook://nothing")])
async def test_what_may_not_be_seen_is_acknowledged_as_what_does_not_exist(mcp_url: str, uris: tuple[str]) -> None:
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("POST", mcp_url, **modern.listen(MEMBER, *uris)) as response,
    ):
        acknowledged = await anext(modern.messages(response))
    assert acknowledged["params"]["notifications"] == {}


async def test_a_key_that_lost_its_role_hears_nothing_more(mcp_url: str, built: Built, product: Product) -> None:
    async with (
        httpx.AsyncClient(timeout=20) as http,
        stream(http, mcp_url, EDITOR, LIVE) as lost,
        stream(http, mcp_url, OWNER, LIVE) as kept,
    ):
        product.keys[EDITOR] = ("member", "a")
        built.executor.identities.drop(Credential(EDITOR))
        await change(http, mcp_url, OWNER)
        await anext(kept)
        product.keys[EDITOR] = ("editor", "a")
        built.executor.identities.drop(Credential(EDITOR))
        await change(http, mcp_url, OWNER)
        await anext(kept)
        assert (await anext(lost))["params"]["uri"] == LIVE
        built.subscriptions.close()
        assert "result" in await anext(lost)  # nothing was left between the one change that it heard of and the end


async def test_a_stream_that_wants_to_hear_of_tools_is_told_when_its_key_has_another_role(
    mcp_url: str, built: Built, product: Product
) -> None:
    def open_stream(http: httpx.AsyncClient, key: str) -> Any:
        return http.stream("POST", mcp_url, **modern.request("subscriptions/listen", key, notifications=TOOLS))

    async def seen_as(http: httpx.AsyncClient, role: str) -> None:
        product.keys[EDITOR] = (role, "a")
        built.executor.identities.drop(Credential(EDITOR))
        await http.post(mcp_url, **modern.request("tools/list", EDITOR))

    async with (
        httpx.AsyncClient(timeout=20) as http,
        open_stream(http, EDITOR) as own,
        open_stream(http, OWNER) as other,
    ):
        mine, theirs = modern.messages(own), modern.messages(other)
        for opened in (mine, theirs):
            assert (await anext(opened))["params"]["notifications"] == TOOLS
        for role in ("editor", "member", "member", "owner"):
            await seen_as(http, role)
        for _ in ("member", "owner"):
            assert (await anext(mine))["method"] == "notifications/tools/list_changed"
        built.subscriptions.close()
        assert ["result" in message for message in [*[m async for m in mine], *[m async for m in theirs]]] == [
            True,
            True,
        ]


async def test_a_server_that_stops_ends_its_streams(mcp_url: str, built: Built) -> None:
    async with httpx.AsyncClient(timeout=20) as http, stream(http, mcp_url, OWNER, LIVE) as found:
        built.subscriptions.close()
        rest = [message async for message in found]
    assert [set(message) for message in rest] == [{"jsonrpc", "id", "result"}]


class Inbox(MessageHandler):
    """The resources that a client was told of."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def on_resource_updated(self, message: mcp_types.ResourceUpdatedNotification) -> None:
        self.told.put_nowait(str(message.params.uri))


@pytest.fixture
def sessions_url(built: Built) -> Iterator[str]:
    """The same server with sessions, without a gate before it."""
    with listening(built.mcp.http_app(path="/mcp")) as address:
        yield f"{address}/mcp"


def connect(url: str, key: str, inbox: Inbox) -> McpClient[StreamableHttpTransport]:
    transport = StreamableHttpTransport(url, headers={"X-Api-Key": key})
    return McpClient(transport, mode="legacy", message_handler=inbox)


async def subscribe(client: McpClient[Any], uri: str) -> None:
    params = mcp_types.SubscribeRequestParams(uri=uri)
    await client.session.send_request(mcp_types.SubscribeRequest(params=params), mcp_types.EmptyResult)


async def unsubscribe(client: McpClient[Any], uri: str) -> None:
    params = mcp_types.UnsubscribeRequestParams(uri=uri)
    await client.session.send_request(mcp_types.UnsubscribeRequest(params=params), mcp_types.EmptyResult)


async def test_a_session_subscribes_hears_and_unsubscribes(sessions_url: str, built: Built) -> None:
    own, other = Inbox(), Inbox()
    async with connect(sessions_url, EDITOR, own) as reader, connect(sessions_url, OTHER, other) as stranger:
        assert reader.initialize_result.capabilities.resources.subscribe is True
        for client in (reader, stranger):
            for _ in range(2):  # the second changes nothing
                await subscribe(client, LIVE)
        async with connect(sessions_url, OWNER, Inbox()) as writer:
            await writer.call_tool("create_note", {"title": "T"})
            assert await asyncio.wait_for(own.told.get(), 20) == LIVE
            await unsubscribe(reader, LIVE)
            await writer.call_tool("create_note", {"title": "T"})
            await stranger.call_tool("create_note", {"title": "T"})
            assert await asyncio.wait_for(other.told.get(), 20) == LIVE
        assert own.told.empty()
        assert other.told.empty()
    async with asyncio.timeout(20):  # the server ends its connections after the clients do
        while built.subscriptions._of_connection or built.subscriptions.audience._listeners:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_subscribing_to_the_hidden_is_subscribing_to_nothing(sessions_url: str) -> None:
    told = []
    async with connect(sessions_url, MEMBER, Inbox()) as client:
        for uri in (LIVE, "notebook://nothing"):
            with pytest.raises(MCPError) as caught:
                await subscribe(client, uri)
            told.append((caught.value.error.code, str(caught.value.error).replace(uri, "URI")))
        await unsubscribe(client, LIVE)
    assert told[0] == told[1]
    assert told[0][0] == -32602


async def test_a_connection_without_a_session_is_told_that_it_cannot_be_notified(built: Built) -> None:
    with listening(built.mcp.http_app(path="/mcp", stateless_http=True)) as address:
        async with connect(f"{address}/mcp", OWNER, Inbox()) as client:
            with pytest.raises(MCPError, match="keeps no session"):
                await subscribe(client, LIVE)


class Forgetful:
    """A session whose store is away."""

    async def subscribe(self, uri: str) -> None:
        raise StoreUnavailable(f"Not kept: {uri}.", retryable=True)

    unsubscribe = subscribe


async def test_a_store_that_is_away_is_a_reason_to_come_back(product: Product) -> None:
    built = build_server(Settings(), CATALOG, credential=Credential(OWNER), transport=product.transport())
    context: Any = SimpleNamespace(request=SimpleNamespace(scope={SESSION: Forgetful()}))
    for answer, params in (
        (built.subscriptions.on_subscribe, mcp_types.SubscribeRequestParams(uri=LIVE)),
        (built.subscriptions.on_unsubscribe, mcp_types.UnsubscribeRequestParams(uri=LIVE)),
    ):
        with pytest.raises(MCPError) as caught:
            await answer(context, params)
        assert caught.value.error.data == {"code": "STORE_UNAVAILABLE", "retryable": True}


def test_the_seams_exist(built: Built) -> None:
    low = built.mcp._mcp_server
    assert low.get_request_handler("resources/subscribe") is not None, (
        "FastMCP's low-level server keeps handlers elsewhere"
    )
    assert fastmcp_seams.handles(built.mcp, "tools/call")
    assert not fastmcp_seams.handles(built.mcp, "nothing/such")
