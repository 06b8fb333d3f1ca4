"""All that MCP has to pass on, from servers and to hosts of both eras of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ResourcesListChanged, ToolsListChanged

from tests.proxy.busy_server import KEY, NOTE, TEMPLATE, Busy
from tests.proxy.children import Child, eventually, proxied
from tests.proxy.servers import Server, busy, running

ERAS = ["handshake", "2026-07-28"]
ENVIRONMENT = {"BUSY_KEY": KEY}


@pytest.fixture(params=ERAS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with running(busy(tmp_path, request.param)) as started:
        yield started


@asynccontextmanager
async def behind(server: Server, folder: Path, *words: str, **options: Any) -> AsyncIterator[Child]:
    header = "X-Busy-Key: $BUSY_KEY"
    async with proxied(folder, "--url", server.url, "--header", header, *words, env=ENVIRONMENT, **options) as child:
        yield child


async def facts(child: Child) -> dict[str, Any]:
    """What the server remembers."""
    found = (await child.call("facts")).structured_content
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_lists_reads_and_calls(server: Server, tmp_path: Path, mode: str, version: str) -> None:
    there = Busy()
    async with behind(server, tmp_path, mode=mode) as child:
        client = child.client
        assert client.protocol_version == version
        assert (await client.list_tools()).tools == there.tools()
        assert [item.uri for item in (await client.list_resources()).resources] == [NOTE]
        assert [item.uri_template for item in (await client.list_resource_templates()).resource_templates] == [TEMPLATE]
        assert [item.name for item in (await client.list_prompts()).prompts] == ["greet"]

        [note] = (await client.read_resource(NOTE)).contents
        assert isinstance(note, types.TextResourceContents)
        assert (note.text, note.mime_type) == (f"# {NOTE}", "text/markdown")
        [message] = (await client.get_prompt("greet", {"name": "Ada"})).messages
        assert message.content == types.TextContent(type="text", text="Greet Ada.")
        reference = types.PromptReference(type="ref/prompt", name="greet")
        assert (await client.complete(reference, {"name": "name", "value": "A"})).completion.values == ["Ada"]

        called = await child.client.call_tool("facts", {"text": None}, meta={"trace": "abc"})
        assert isinstance(called.structured_content, dict)
        assert called.structured_content["arguments"] == {"text": None}
        assert called.structured_content["meta"]["trace"] == "abc"
        assert child.client.server_info is not None
        assert (child.client.server_info.name, child.client.server_info.title) == ("busy", "Busy server")
        assert child.client.instructions == "Keep busy. " * 500


async def test_what_cannot_be_had_says_why(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path) as child:
        [content] = (await child.client.read_resource("busy://nothing")).contents
        assert isinstance(content, types.TextResourceContents)
        assert content.text.startswith("The resource busy://nothing cannot be had: ")
        [message] = (await child.client.get_prompt("nothing", {"name": "x"})).messages
        assert isinstance(message.content, types.TextContent)
        assert message.content.text.startswith("The prompt nothing cannot be had: ")
        assert (await child.call("nothing")).is_error is True
        assert (await child.call("ask")).is_error is True


async def test_a_question_back_is_an_error_that_asks_for_all_arguments(tmp_path: Path) -> None:
    with running(busy(tmp_path, "2026-07-28")) as server:
        async with behind(server, tmp_path) as child:
            [content] = (await child.call("ask")).content
            assert isinstance(content, types.TextContent)
            assert "INPUT_REQUIRED" in content.text
            assert "all arguments" in content.text


async def test_progress_and_cancellation_are_passed_on(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path) as child:
        steps: list[tuple[float, float | None, str | None]] = []

        async def step(done: float, total: float | None, text: str | None) -> None:
            steps.append((done, total, text))

        await child.client.call_tool("count", {}, progress_callback=step)
        assert steps == [(number, 3, f"step {number}") for number in (1, 2, 3)]

        waiting = asyncio.create_task(child.call("wait", {"text": "cancelled by the host"}))
        while not (await facts(child))["calls"].get("wait"):
            pass
        waiting.cancel()
        while not (seen := await facts(child))["cancelled"]:
            pass
        assert seen["cancelled"] == ["cancelled by the host"]
        assert seen["calls"]["wait"] == 1


async def test_the_limit_of_a_call_cancels_it_at_the_server(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path, "--timeout", "1") as child:
        assert (await child.call("wait", {"text": "cancelled by the limit"})).is_error is True
        while not (seen := await facts(child))["cancelled"]:
            pass
        assert seen["cancelled"] == ["cancelled by the limit"]
        assert not any("connect" in line for line in child.lines())


async def test_changed_lists_reach_a_host_of_the_handshake(server: Server, tmp_path: Path) -> None:
    told: list[type] = []

    async def on_message(message: IncomingMessage) -> None:
        told.append(type(message))

    kinds = {
        "tools": types.ToolListChangedNotification,
        "resources": types.ResourceListChangedNotification,
        "prompts": types.PromptListChangedNotification,
    }
    async with behind(server, tmp_path, on_message=on_message) as child:
        for kind, notification in kinds.items():
            await child.call("grow", {"text": kind})
            await eventually(lambda notification=notification: notification in told)
            await child.said(f"{kind} changed: ")
        assert (await child.client.list_tools()).tools[-1].name == "tools0"
        assert (await child.client.list_resources()).resources[-1].uri == "busy://resources0"
        assert (await child.client.list_prompts()).prompts[-1].name == "prompts0"
        assert sorted(told, key=str) == sorted(kinds.values(), key=str)


async def test_changed_lists_reach_a_host_of_2026_07_28(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path, mode="auto") as child:
        async with child.client.listen(tools_list_changed=True, resources_list_changed=True) as events:
            await child.call("grow", {"text": "tools"})
            assert await anext(events) == ToolsListChanged()
            await child.call("grow", {"text": "resources"})
            assert await anext(events) == ResourcesListChanged()
        assert (await child.client.list_tools()).tools[-1].name == "tools0"


async def test_messages_for_the_log_and_their_level(server: Server, tmp_path: Path) -> None:
    told: list[Any] = []

    async def on_message(message: IncomingMessage) -> None:
        if isinstance(message, types.LoggingMessageNotification):
            told.append((message.params.level, message.params.data))

    async with behind(server, tmp_path, on_message=on_message) as child:
        request = types.SetLevelRequest(params=types.SetLevelRequestParams(level="warning"))
        await child.client.session.send_request(request, types.EmptyResult)
        await child.call("say", {"text": "careful"})
        await eventually(lambda: told)
        assert told == [("warning", "careful")]
        seen = await facts(child)
        assert seen["level"] == "warning" or seen["meta"][types.LOG_LEVEL_META_KEY] == "warning"


async def test_a_session_that_is_gone_is_renewed(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path) as child:
        await child.call("grow", {"text": "tools"})
        await child.said("tools changed: 7 before, 8 now")
        server.kill()
        await child.said("the connection is lost")
        server.start()
        await child.said("connected again")
        await child.said("tools changed: 8 before, 7 now")
        assert (await facts(child))["calls"] == {"facts": 1}
        [note] = (await child.client.read_resource(NOTE)).contents
        assert isinstance(note, types.TextResourceContents)


async def test_a_key_that_is_refused_ends_it(server: Server, tmp_path: Path) -> None:
    async with behind(server, tmp_path) as child:
        await child.call("revoke")
        refused = await child.call("facts")
        assert refused.is_error is True
        await child.said("The key is no longer accepted: update the header that carries the key and restart.")
        assert KEY not in child.log.read_text(encoding="utf-8")
