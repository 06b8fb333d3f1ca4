"""When the lane answers, when it leaves a request to FastMCP, and that a call ends with its client."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.transforms import Namespace
from starlette.types import ASGIApp

from tests import modern
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import KEYS, MEMBER, OWNER, Product
from toolpress import waiting
from toolpress.authorize import audience
from toolpress.http_app import http_app
from toolpress.server import Built, build_server
from toolpress.settings import Settings

LISTS = pytest.mark.parametrize("method", ["tools/list", "resources/list", "prompts/list", "server/discover"])


class Counting:
    """FastMCP's endpoint with the requests that reach it, put below the lane."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached: list[str] = []
        from fastmcp.server.http import StreamableHTTPASGIApp as Endpoint

        original = Endpoint.__call__

        async def counted(endpoint: Any, scope: Any, receive: Any, send: Any) -> None:
            self.reached.append(dict(scope["headers"]).get(b"mcp-method", b"?").decode())
            await original(endpoint, scope, receive, send)

        monkeypatch.setattr(Endpoint, "__call__", counted)


@pytest.fixture
def below(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


async def ask(app: ASGIApp, request: dict[str, Any]) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.post("/mcp", **request)


async def with_app(built: Built, work: Callable[[ASGIApp], Any]) -> Any:
    app = http_app(built)
    async with app.lifespan(app):
        return await work(app)


@LISTS
async def test_a_list_reaches_fastmcp_once_for_each_role(built: Built, below: Counting, method: str) -> None:
    async def work(app: ASGIApp) -> None:
        first = {key: (await ask(app, modern.request(method, key))).json()["result"] for key in (OWNER, MEMBER)}
        assert below.reached == [method] * 2
        for key, result in first.items():
            request = modern.request(method, key)
            request["json"]["id"] = "another"
            assert (await ask(app, request)).json() == {"jsonrpc": "2.0", "id": "another", "result": result}
        assert below.reached == [method] * 2

    await with_app(built, work)


async def test_each_role_has_its_own_list_from_the_first_time_on(built: Built) -> None:
    async def work(app: ASGIApp) -> None:
        for key, (role, _) in KEYS.items():
            wanted = [tool.name for tool in CATALOG.tools if role in audience(tool, CATALOG)]
            for _ in range(2):
                listed = (await ask(app, modern.request("tools/list", key))).json()["result"]["tools"]
                assert [tool["name"] for tool in listed] == wanted

    await with_app(built, work)


async def test_many_that_ask_at_once_are_answered_by_one_list(built: Built, below: Counting) -> None:
    async def work(app: ASGIApp) -> None:
        answers = await asyncio.gather(*(ask(app, modern.request("tools/list", OWNER)) for _ in range(8)))
        assert len({answer.text for answer in answers}) == 1
        assert below.reached == ["tools/list"]

    await with_app(built, work)


async def test_what_is_not_a_plain_answer_is_not_kept(built: Built, below: Counting) -> None:
    async def work(app: ASGIApp) -> None:
        for _ in range(2):
            answer = await ask(app, modern.request("tools/list", OWNER, cursor="never given"))
            assert "error" in answer.json() or answer.json()["result"]["tools"]
        wrong = modern.request("tools/list", OWNER)
        wrong["headers"]["Mcp-Method"] = "tools/call"
        assert (await ask(app, wrong)).status_code == 400

    await with_app(built, work)


async def test_calls_pass_fastmcp_by_and_unknown_tools_do_not(built: Built, below: Counting) -> None:
    async def work(app: ASGIApp) -> None:
        assert (await ask(app, modern.call(OWNER, "list_notes", {}))).json()["result"]["isError"] is False
        assert (await ask(app, modern.call(OWNER, "list_notes", {"status": 7}))).json()["result"]["isError"] is True
        assert below.reached == []
        assert (await ask(app, modern.call(OWNER, "no_such_tool", {}))).json()["error"]["code"] == -32602
        assert below.reached == ["tools/call"]

    await with_app(built, work)


async def test_it_can_be_turned_off(product: Product, below: Counting) -> None:
    async def work(app: ASGIApp) -> None:
        await ask(app, modern.call(OWNER, "list_notes", {}))
        assert below.reached == ["tools/call"]

    await with_app(build_server(Settings(fast_lane=False), CATALOG, transport=product.transport()), work)


class Shouting(Middleware):
    """Somebody else's middleware, which must see every call."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        self.seen.append(context.message.name)
        return await call_next(context)


async def test_middleware_of_others_still_runs_and_the_log_says_so(
    built: Built, below: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(app: ASGIApp) -> None:
        await ask(app, modern.call(OWNER, "list_notes", {}))
        assert below.reached == []
        shouting = Shouting()
        built.mcp.add_middleware(shouting)
        with caplog.at_level(logging.WARNING, "toolpress"):
            for _ in range(2):
                await ask(app, modern.call(OWNER, "list_notes", {}))
        assert shouting.seen == ["list_notes"] * 2
        assert [record.getMessage() for record in caplog.records if "fast lane" in record.getMessage()] == [
            "fast lane off: the server has middleware or transforms of others"
        ]

    await with_app(built, work)


async def test_transforms_of_others_change_names(built: Built) -> None:
    async def work(app: ASGIApp) -> None:
        built.mcp.add_transform(Namespace("mine"))
        listed = (await ask(app, modern.request("tools/list", OWNER))).json()["result"]["tools"]
        assert all(tool["name"].startswith("mine_") for tool in listed)
        answer = await ask(app, modern.call(OWNER, "list_notes", {}))
        assert answer.json()["error"]["code"] == -32602, "it has that name no more"

    await with_app(built, work)


async def test_tools_of_others_stand_in_the_lists_and_ours_stay_on_the_lane(built: Built, below: Counting) -> None:
    async def work(app: ASGIApp) -> None:
        await ask(app, modern.request("tools/list", OWNER))
        built.mcp.tool(lambda: "pong", name="pinged")
        names = {
            tool["name"] for tool in (await ask(app, modern.request("tools/list", OWNER))).json()["result"]["tools"]
        }
        assert {"pinged", "list_notes"} <= names
        below.reached.clear()
        await ask(app, modern.call(OWNER, "list_notes", {}))
        assert below.reached == []
        assert (await ask(app, modern.call(OWNER, "pinged", {}))).json()["result"]["content"][0]["text"] == "pong"

    await with_app(built, work)


async def test_a_call_ends_with_its_client() -> None:
    """Over ASGI itself: the client goes while the upstream is still thinking."""
    started, ended = asyncio.Event(), asyncio.Event()

    class Thinking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/api/me":
                return httpx.Response(200, json={"success": True, "role": "owner", "tenant_id": "a"})
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

    async def work(app: ASGIApp) -> None:
        request = modern.call(OWNER, "list_notes", {})
        body = json.dumps(request["json"]).encode()
        headers = {**request["headers"], "Host": "127.0.0.1", "Content-Type": "application/json"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/mcp",
            "root_path": "",
            "query_string": b"",
            "scheme": "http",
            "http_version": "1.1",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        gone, given, sent = asyncio.Event(), False, []

        async def receive() -> dict[str, Any]:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        serving = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.wait_for(started.wait(), 10)
        gone.set()
        await asyncio.wait_for(serving, 10)
        assert ended.is_set()
        assert sent == []

    await with_app(build_server(Settings(), CATALOG, transport=Thinking()), work)


async def test_a_client_that_asks_for_progress_hears_of_a_long_call_and_gets_its_result(
    product: Product, monkeypatch: pytest.MonkeyPatch, below: Counting
) -> None:
    monkeypatch.setattr(waiting, "EVERY_S", 0.01)
    released = asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        inner = product.transport()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path != "/api/me":
                await released.wait()
            return await self.inner.handle_async_request(request)

    async def work(app: ASGIApp) -> None:
        request = modern.call(OWNER, "list_notes", {})
        request["json"]["params"]["_meta"]["progressToken"] = "t"
        asyncio.get_running_loop().call_later(0.1, released.set)
        slow = await ask(app, request)
        *heard, last = [json.loads(line[6:]) for line in slow.text.splitlines() if line.startswith("data: ")]
        assert heard
        for message in heard:
            assert message["method"] == "notifications/progress"
            assert message["params"]["progressToken"] == "t"
        passed = [message["params"]["progress"] for message in heard]
        assert passed == sorted(set(passed))
        assert last["result"]["isError"] is False
        quick = await ask(app, request)
        assert quick.headers["content-type"] == "application/json"
        assert quick.json()["result"] == last["result"]
        assert below.reached == []

    await with_app(build_server(Settings(), CATALOG, transport=Slow()), work)


@pytest.mark.parametrize("fast_lane", [True, False])
async def test_lists_come_in_pages_if_the_operator_wants(product: Product, fast_lane: bool) -> None:
    async def work(app: ASGIApp) -> None:
        for _ in range(2):  # kept pages are the same
            pages, cursor = [], {}
            while True:
                result = (await ask(app, modern.request("tools/list", OWNER, **cursor))).json()["result"]
                pages.append([tool["name"] for tool in result["tools"]])
                if "nextCursor" not in result:
                    break
                cursor = {"cursor": result["nextCursor"]}
            assert [len(page) for page in pages] == [4, 2]
            assert [name for page in pages for name in page] == [tool.name for tool in CATALOG.tools]
        astray = await ask(app, modern.request("tools/list", OWNER, cursor="nowhere"))
        assert astray.json()["error"]["code"] == -32602

    settings = Settings(fast_lane=fast_lane, page_size=4)
    await with_app(build_server(settings, CATALOG, transport=product.transport()), work)


async def test_a_client_that_does_not_take_its_list_holds_up_nobody(built: Built) -> None:
    """Nor the first of a role, which is the one that FastMCP answers."""
    stuck, reading = asyncio.Event(), asyncio.Event()

    async def work(app: ASGIApp) -> None:
        async def slow(scope: Any, receive: Any, send: Any) -> None:
            async def held(message: Any) -> None:
                if message["type"] == "http.response.body":
                    stuck.set()
                    await reading.wait()
                await send(message)

            await app(scope, receive, held)

        first = asyncio.ensure_future(ask(slow, modern.request("tools/list", OWNER)))
        await asyncio.wait_for(stuck.wait(), 10)
        others = [ask(app, modern.request("tools/list", key)) for key in (OWNER, MEMBER)]
        async with asyncio.timeout(10):
            answers = [(await other).json() for other in others]
        reading.set()
        assert (await first).json() == answers[0]

    await with_app(built, work)


@pytest.mark.parametrize("method", [["tools/list"], {}, None, 7])
async def test_a_method_that_is_no_text_is_left_to_the_protocol_library(built: Built, method: Any) -> None:
    async def work(app: ASGIApp) -> None:
        request = modern.request("tools/list", OWNER)
        request["json"]["method"] = method
        assert (await ask(app, request)).status_code == 400

    await with_app(built, work)
