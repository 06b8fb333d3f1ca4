from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sandbox.ids import AGENT, CONNECTION, MCP_SERVER
from tests.sandbox.wire import UNKNOWN, Driver
from toolpress.contract import JsonObject

CONFIG = {"host": "db.example.com", "database": "d", "username": "u", "password": "hunter2"}


async def test_a_connection_lives_its_whole_life_without_its_password(sandbox: Driver) -> None:
    created = await sandbox("create_connection", name="New", provider="postgresql", connection_config=CONFIG)
    connection_id = created["connection"]["id"]
    shown = await sandbox("get_connection", connection_id=connection_id)
    assert "hunter2" not in str([created.body, shown.body])
    config = shown["connection"]["connection_config"]
    assert (config["password"], config["port"]) == ("********", 5432)
    listed = (await sandbox("list_connections"))["connections"]
    assert "connection_config" not in listed[-1]
    await sandbox("update_connection", connection_id=connection_id, is_active=False)
    active = {row["id"] for row in (await sandbox("list_connections", active_only=True))["connections"]}
    assert active == {CONNECTION(1), CONNECTION(2)}
    await sandbox("delete_connection", connection_id=connection_id)
    assert (await sandbox("get_connection", connection_id=connection_id)).code == "NOT_FOUND"
    deleted = (await sandbox("list_connections", include_deleted=True))["connections"]
    assert deleted[-1]["deleted_at"] == "2026-03-10T12:00:00.000Z"


async def test_one_connection_is_primary(sandbox: Driver) -> None:
    await sandbox("update_connection", connection_id=CONNECTION(2), is_primary=True)
    rows = (await sandbox("list_connections"))["connections"]
    assert [row["id"] for row in rows if row["is_primary"]] == [CONNECTION(2)]


async def test_an_unreachable_database_is_a_result(sandbox: Driver) -> None:
    assert (await sandbox("test_connection", connection_id=CONNECTION(1)))["connected"] is True
    answer = await sandbox("test_connection", connection_id=CONNECTION(10))
    assert (answer["connected"], answer["latency_ms"]) == (False, None)
    assert answer["error"]
    assert (await sandbox("refresh_connection_schema", connection_id=CONNECTION(10))).status == 502


async def test_a_new_database_is_known_after_a_refresh(sandbox: Driver) -> None:
    created = await sandbox(
        "create_connection",
        name="New",
        provider="postgresql",
        connection_config=CONFIG,
        settings={"allowed_tables": ["public.orders"]},
    )
    connection_id = created["connection"]["id"]
    empty = await sandbox("get_connection_schema", connection_id=connection_id)
    assert (empty["schema"]["tables"], empty["refreshed_at"]) == ([], None)
    fresh = await sandbox("refresh_connection_schema", connection_id=connection_id)
    assert [table["name"] for table in fresh["schema"]["tables"]] == ["orders"]
    semantic = await sandbox("get_connection_semantic", connection_id=connection_id)
    assert semantic["entities"] == [{"name": "order", "table": "public.orders", "key": "number"}]
    again = await sandbox("get_connection_schema", connection_id=connection_id)
    assert again["refreshed_at"] == "2026-03-10T12:00:00.000Z"


async def test_an_mcp_server_lives_its_whole_life(sandbox: Driver) -> None:
    created = await sandbox(
        "create_mcp_server", agent_id=AGENT(1), name="wiki", endpoint="https://wiki.example.com/mcp"
    )
    ids = {"agent_id": AGENT(1), "mcp_server_id": created["mcp_server"]["id"]}
    names = {tool["name"] for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}
    assert {"wiki_search", "wiki_fetch", "helpdesk_open_ticket"} <= names
    assert "helpdesk_find_ticket" not in names, "schemas choose among a server's tools"
    await sandbox("update_mcp_server", **ids, endpoint="https://wiki.invalid/mcp")
    tools = {tool["name"]: tool for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}
    assert tools["wiki_search"]["status"] == "error"
    tried = await sandbox("test_mcp_server", **ids)
    assert (tried["reachable"], tried["latency_ms"]) == (False, None)
    assert (await sandbox("get_mcp_server", **ids))["mcp_server"]["status"] == "unreachable", "a test tells it at once"
    listed = (await sandbox("list_mcp_servers", agent_id=AGENT(1)))["mcp_servers"]
    assert [(row["name"], row["tools_count"]) for row in listed] == [("helpdesk", 2), ("wiki", 2)]
    await sandbox("delete_mcp_server", **ids)
    assert (await sandbox("get_mcp_server", **ids)).code == "NOT_FOUND"


async def test_names_secrets_and_the_number_of_servers_are_checked(sandbox: Driver) -> None:
    async def create(name: str, **more: Any) -> Any:
        return await sandbox(
            "create_mcp_server", agent_id=AGENT(1), name=name, endpoint="https://e.example.com", **more
        )

    assert (await create("helpdesk")).body["details"]["field"] == "name"
    assert (await create("other", secret_ref="nope")).body["details"]["field"] == "secret_ref"
    for number in range(9):
        assert (await create(f"server{number}", secret_ref="helpdesk_key")).status == 201
    refused = await create("eleventh")
    assert (refused.code, refused.body["details"]["field"]) == ("VALIDATION_ERROR", "agent_id")


async def test_the_tool_cache_can_be_dropped(sandbox: Driver) -> None:
    first = await sandbox("invalidate_mcp_cache", agent_id=AGENT(1))
    again = await sandbox("invalidate_mcp_cache", agent_id=AGENT(1), mcp_server_id=MCP_SERVER(1))
    assert (first["invalidated"], first["servers"], again["servers"]) == (True, 1, 0)
    unknown = await sandbox("invalidate_mcp_cache", agent_id=AGENT(1), mcp_server_id=MCP_SERVER(2))
    assert unknown.code == "NOT_FOUND", "a server of another agent"
    versions = await sandbox("list_versions", resource_type="mcp_server", resource_id=MCP_SERVER(1))
    assert versions["total"] == 2, "bookkeeping makes no version"


async def test_a_tool_on_a_switched_off_connection_is_an_error(
    altered: Callable[[Callable[[JsonObject], object]], Driver],
) -> None:
    sandbox = altered(lambda raw: None)
    await sandbox("update_connection", connection_id=CONNECTION(1), is_active=False)
    tools = {tool["name"]: tool for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}
    assert tools["find_orders"]["error"] == "the connection is switched off"
    assert (await sandbox("get_connection_schema", connection_id=UNKNOWN)).code == "NOT_FOUND"


async def test_a_server_is_looked_at_once_a_minute(sandbox: Driver) -> None:
    ids = {"agent_id": AGENT(1), "mcp_server_id": MCP_SERVER(1)}

    async def states() -> set[str]:
        listed = (await sandbox("list_mcp_servers", agent_id=AGENT(1)))["mcp_servers"]
        return {(await sandbox("get_mcp_server", **ids))["mcp_server"]["status"], *(row["status"] for row in listed)}

    for host, before, after in (("gone.invalid", "connected", "unreachable"), ("e.com", "unreachable", "connected")):
        await sandbox("update_mcp_server", **ids, endpoint=f"https://{host}/mcp")
        await sandbox.control("clock", advance=59)
        assert await states() == {before}
        await sandbox("update_mcp_server", **ids, description="Not the address")
        assert await states() == {before}
        await sandbox.control("clock", advance=1)
        assert await states() == {after}
    tried = await sandbox("test_mcp_server", **ids)
    assert (tried["reachable"], tried["latency_ms"] > 0) == (True, True)


async def test_connections_are_of_the_two_providers(sandbox: Driver) -> None:
    for provider, status in (("postgresql", 201), ("supabase", 201), ("mysql", 400)):
        made = await sandbox("create_connection", name=provider, provider=provider, connection_config=CONFIG)
        assert made.status == status, made.body
