"""The 13 resources of the product page: who sees them, what they hold, who is told when they change."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import httpx
import mcp_types
import pytest
from fastmcp import Client as McpClient
from fastmcp.client.messages import MessageHandler
from fastmcp.client.transports import StdioTransport
from mcp.shared.exceptions import MCPError

from tests import modern, processes
from tests.processes import TOOLPRESS, Server
from tests.sandbox.ids import AGENT, SCHEMA
from tests.sandbox.wire import Driver, NoRouteError
from tests.zihin.conftest import ROLES, connect, every_era, key_of
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.resources import shown
from toolpress_sandbox.app import wrap
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import load
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.store import Store

INDEX = CatalogIndex(find_catalog("zihin"))
ROOT = Path(__file__).parents[2]
TYPES = (
    "api_config", "persona_config", "db_config", "skill_config", "workflow_config", "mcp_tool_config",
    "mcp_resource_config", "trigger_config", "csp_config", "approval_policy",
)  # fmt: skip
AGENTS = "zihin://agents"
PAGE = {AGENTS, "zihin://schema-templates", "zihin://models", *(f"zihin://schemas/{name}" for name in TYPES)}


async def content(client: McpClient[Any], uri: str) -> Any:
    [found] = await client.read_resource(uri)
    assert (str(found.uri), found.mime_type) == (uri, "application/json")
    return json.loads(found.text)


@every_era
@pytest.mark.parametrize("role", ROLES)
async def test_who_sees_what(zihin_server: Server, era: str, role: str) -> None:
    async with connect(zihin_server, role, era) as client:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
    if role == "member":
        assert (listed, templates) == ([], [])
        return
    assert len(listed) == 13
    assert {str(item.uri) for item in listed} == PAGE
    assert [item.uri_template for item in templates] == ["zihin://schemas/{type}"]
    assert all(item.name and item.title and item.description and item.mime_type for item in (*listed, *templates))
    assert all(item.meta is None for item in (*listed, *templates))


@every_era
async def test_to_a_member_they_do_not_exist(zihin_server: Server, era: str) -> None:
    told = set()
    async with connect(zihin_server, "member", era) as client:
        for uri in (*sorted(PAGE), "zihin://schemas/nothing", "zihin://nothing"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            told.add((caught.value.error.code, str(caught.value.error).replace(uri, "URI")))
    assert len(told) == 1


@every_era
async def test_every_contract_is_shown_as_it_stands(zihin_server: Server, era: str) -> None:
    async with connect(zihin_server, "editor", era) as client:
        for name in TYPES:
            stored = (ROOT / "specs" / "zihin" / "contracts" / f"{name}.json").read_text(encoding="utf-8")
            assert await content(client, f"zihin://schemas/{name}") == json.loads(stored)


@every_era
async def test_types_are_completed(zihin_server: Server, era: str) -> None:
    template = mcp_types.ResourceTemplateReference(type="ref/resource", uri="zihin://schemas/{type}")
    async with connect(zihin_server, "editor", era) as client:
        for typed in ("", "mcp_", "p", "x"):
            found = await client.complete(template, {"name": "type", "value": typed})
            assert found.values == sorted(name for name in TYPES if name.startswith(typed))
    async with connect(zihin_server, "member", era) as client:
        assert (await client.complete(template, {"name": "type", "value": ""})).values == []


@every_era
async def test_agents_are_those_of_the_key_as_they_are_now(fresh: Server, era: str) -> None:
    async with connect(fresh, "editor", era) as reader, connect(fresh, "owner", era) as writer:
        before = (await content(reader, AGENTS))["agents"]
        assert {"draft", "published", "archived"} == {agent["status"] for agent in before}
        assert all({"id", "name", "status", "type", "tags", "schema_types"} <= agent.keys() for agent in before)
        assert any("persona_config" in agent["schema_types"] for agent in before)
        await writer.call_tool("create_agent", {"name": "Brand new"})
        after = (await content(reader, AGENTS))["agents"]
    assert len(after) == len(before) + 1
    assert "Brand new" in {agent["name"] for agent in after}
    async with connect(fresh, "editor", era, tenant="globex") as other:
        theirs = (await content(other, AGENTS))["agents"]
    assert not {agent["id"] for agent in theirs} & {agent["id"] for agent in after}


@every_era
async def test_models_have_what_a_choice_needs(fresh: Server, era: str) -> None:
    async with connect(fresh, "editor", era) as client:
        found = await content(client, "zihin://models")
    assert found["count"] == len(found["models"]) > 0
    for model in found["models"]:
        assert {"model", "display_name", "provider", "pricing", "capabilities", "context_window"} <= model.keys()
        assert model["model"].split(".")[0] == model["provider"]


async def test_live_reads_use_the_callers_key_and_are_tried_again(fresh: Server) -> None:
    fault = {"fault": "status=503", "operation": "list_agents"}
    control = httpx.AsyncClient(base_url=f"{fresh.sandbox_url}/__sandbox__")
    async with control, connect(fresh, "admin") as client:
        await client.list_resources()
        await control.delete("/requests")
        await control.post("/faults", json={**fault, "count": 1})
        await content(client, AGENTS)
        seen = (await control.get("/requests", params={"tool": "list_agents"})).json()["requests"]
        assert [row["status"] for row in seen] == [503, 200]
        assert seen[1]["role"] == "admin"
        assert seen[1]["query"] == {"includeArchived": "true", "includeSchemasSummary": "true"}
        await control.post("/faults", json={**fault, "count": 9})
        with pytest.raises(MCPError) as caught:
            await client.read_resource(AGENTS)
    assert caught.value.error.data["retryable"] is True
    assert "Traceback" not in fresh.log.read_text(encoding="utf-8")


async def written(engine: Engine, driver: Driver, tool: str, arguments: dict[str, Any]) -> bool:
    """Whether the call, on a fresh sandbox, changes what `zihin://agents` shows."""
    live = next(item.read for item in INDEX.surface.resources if item.uri == AGENTS)
    assert live is not None

    async def read() -> Any:
        response = await driver.client.get(live.path, params=dict(live.query), headers={"X-Api-Key": key_of("owner")})
        answer = response.json()
        return shown({live.data_as: answer["data"]}, live)

    engine.reset()
    before = await read()
    try:
        await driver.raw(tool, key_of("owner"), arguments)
    except NoRouteError:
        return False
    return bool(await read() != before)


async def test_every_call_that_changes_the_agents_is_declared_and_every_declared_one_does() -> None:
    definition = load("zihin")
    engine = Engine(definition, Store(None), Clock())
    declared = next(item.changed_by for item in INDEX.surface.resources if item.uri == AGENTS)
    more = {
        "update_agent": {"agent_id": AGENT(1), "name": "Renamed"},
        "toggle_schema": {"agent_id": AGENT(1), "schema_id": SCHEMA(1), "is_active": False},
        "publish_agent": {"agent_id": AGENT(3)},
        "delete_schema": {"agent_id": AGENT(1), "schema_id": SCHEMA(1)},
        "create_schema": {
            "agent_id": AGENT(3),
            "schema_type": "workflow_config",
            "schema_data": definition.contracts["workflow_config"]["examples"][0],
        },
    }
    changing = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wrap(engine)), base_url="http://sandbox") as client:
        driver = Driver(client, definition)
        for tool in INDEX.tools:
            if tool.effect == "read":
                continue
            operation = next(row for row in INDEX.sandbox["operations"] if row["name"] == tool.name)
            calls = [example["input"] for example in operation["examples"]]
            calls += [more[tool.name]] if tool.name in more else []
            if any([await written(engine, driver, tool.name, arguments) for arguments in calls]):
                changing.add(tool.name)
    assert changing <= set(declared)
    assert set(declared) - changing <= {"rollback_version", "rollback_snapshot"}  # they need a past to go back to


async def called(http: httpx.AsyncClient, server: Server, tenant: str, tool: str, **arguments: Any) -> Any:
    answer = await http.post(server.mcp_url, **modern.call(key_of("owner", tenant), tool, arguments))
    result = answer.json()["result"]
    assert result["isError"] is False, result
    return result["structuredContent"]


async def test_a_stream_hears_of_a_change_in_its_tenant_alone(fresh: Server) -> None:
    async with (
        httpx.AsyncClient(timeout=30) as http,
        http.stream("POST", fresh.mcp_url, **modern.listen(key_of("editor"), AGENTS)) as own,
        http.stream("POST", fresh.mcp_url, **modern.listen(key_of("editor", "globex"), AGENTS)) as theirs,
    ):
        told, other = modern.messages(own), modern.messages(theirs)
        for opened in (told, other):
            assert (await anext(opened))["method"] == "notifications/subscriptions/acknowledged"
        for number, (tenant, stream) in enumerate((("acme", told), ("globex", other), ("acme", told))):
            listed = (await called(http, fresh, tenant, "list_agents"))["agents"]
            await called(http, fresh, tenant, "update_agent", agent_id=listed[0]["id"], name=f"New {number}")
            heard = await anext(stream)
            assert (heard["method"], heard["params"]["uri"]) == ("notifications/resources/updated", AGENTS)


async def test_a_server_that_is_told_to_stop_does_not_wait_for_its_streams() -> None:
    with processes.serve("zihin", env={"TOOLPRESS_GRACE_S": "600"}) as server:
        async with (
            httpx.AsyncClient(timeout=60) as http,
            http.stream("POST", server.mcp_url, **modern.listen(key_of("owner"), AGENTS)) as stream,
        ):
            found = modern.messages(stream)
            await anext(found)
            server.process.send_signal(signal.SIGTERM)
            assert [set(message) for message in [message async for message in found]] == [{"jsonrpc", "id", "result"}]
        assert await asyncio.to_thread(server.process.wait, 30) == 0


class Inbox(MessageHandler):
    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def on_resource_updated(self, message: mcp_types.ResourceUpdatedNotification) -> None:
        self.told.put_nowait(str(message.params.uri))


@pytest.fixture
def stdio() -> StdioTransport:
    command, *words = TOOLPRESS
    return StdioTransport(command, [*words, "serve", "zihin", "--sandbox", "--transport", "stdio"])


async def test_over_stdio_a_client_subscribes_and_is_told(stdio: StdioTransport) -> None:
    inbox = Inbox()
    async with McpClient(stdio, mode="legacy", message_handler=inbox) as client:
        assert client.initialize_result is not None
        assert client.initialize_result.capabilities.resources.subscribe is True
        subscribe = mcp_types.SubscribeRequest(params=mcp_types.SubscribeRequestParams(uri=AGENTS))
        await client.session.send_request(subscribe, mcp_types.EmptyResult)
        await client.call_tool("create_agent", {"name": "Heard of"})
        assert await asyncio.wait_for(inbox.told.get(), 30) == AGENTS
