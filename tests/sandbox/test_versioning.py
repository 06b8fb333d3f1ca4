from __future__ import annotations

import pytest

from tests.sandbox.ids import AGENT, MCP_SERVER, SCHEMA, SNAPSHOT, TRIGGER
from tests.sandbox.wire import OWNER, UNKNOWN, Driver

TRACKED = [
    ("agent", AGENT(1), "bio"),
    ("schema", SCHEMA(2), "schema_data.editor_schema.api.endpoints"),
    ("trigger", TRIGGER(1), "trigger_config.query_extraction.field"),
    ("mcp_server", MCP_SERVER(1), "endpoint"),
]


@pytest.mark.parametrize(("kind", "resource_id", "path"), TRACKED)
async def test_history_compare_and_rollback(sandbox: Driver, kind: str, resource_id: str, path: str) -> None:
    ids = {"resource_type": kind, "resource_id": resource_id}
    versions = (await sandbox("list_versions", **ids))["versions"]
    assert [(row["version"], row["change_type"]) for row in versions] == [(2, "update"), (1, "create")]
    diff = (await sandbox("compare_versions", **ids, from_version=1, to_version=2))["diff"]
    changed = next(row for row in diff if row["path"] == path)
    backwards = (await sandbox("compare_versions", **ids, from_version=2, to_version=1))["diff"]
    assert {"path": path, "from": changed["to"], "to": changed["from"]} in backwards
    rolled = await sandbox("rollback_version", **ids, version=1)
    assert rolled["new_version"] == 3
    assert (await sandbox("compare_versions", **ids, from_version=1, to_version=3))["diff"] == []
    data = (await sandbox("get_version", **ids, version=3))["version"]
    assert (data["change_type"], data["data"]["version"]) == ("rollback", 3)
    assert (await sandbox("get_version", **ids, version=4)).code == "NOT_FOUND"


async def test_every_write_makes_a_version_with_its_author(sandbox: Driver) -> None:
    await sandbox("update_agent", agent_id=AGENT(3), bio="One")
    await sandbox("publish_agent", agent_id=AGENT(3), changelog="Go")
    await sandbox("delete_agent", agent_id=AGENT(3))
    versions = (await sandbox("list_versions", resource_type="agent", resource_id=AGENT(3)))["versions"]
    assert [row["change_type"] for row in versions] == ["archive", "publish", "update", "create"]
    owner = (await sandbox("list_api_keys"))["keys"][0]
    assert (versions[0]["changed_by"], versions[1]["changelog"]) == (owner["id"], "Go")
    assert OWNER not in str(versions)


async def test_a_deleted_resource_can_come_back(sandbox: Driver) -> None:
    await sandbox("delete_trigger", trigger_id=TRIGGER(1))
    await sandbox("rollback_version", resource_type="trigger", resource_id=TRIGGER(1), version=2)
    assert (await sandbox("get_trigger", trigger_id=TRIGGER(1)))["trigger"]["enabled"] is True
    await sandbox("delete_schema", agent_id=AGENT(1), schema_id=SCHEMA(2))
    await sandbox("rollback_version", resource_type="schema", resource_id=SCHEMA(2), version=2)
    assert (await sandbox("get_schema", agent_id=AGENT(1), schema_id=SCHEMA(2)))["schema"]["version"] == 4


async def test_history_runs_over_the_agent_and_its_parts(sandbox: Driver) -> None:
    await sandbox("update_mcp_server", agent_id=AGENT(1), mcp_server_id=MCP_SERVER(1), description="New")
    await sandbox("toggle_schema", agent_id=AGENT(1), schema_id=SCHEMA(4), is_active=False)
    events = (await sandbox("list_agent_history", agent_id=AGENT(1), limit=3))["events"]
    assert [(row["resource_type"], row["resource_id"]) for row in events[:2]] == [
        ("schema", SCHEMA(4)),
        ("mcp_server", MCP_SERVER(1)),
    ]
    times = [row["created_at"] for row in (await sandbox("list_agent_history", agent_id=AGENT(1), limit=100))["events"]]
    assert times == sorted(times, reverse=True)


async def test_a_snapshot_brings_the_whole_agent_back(sandbox: Driver) -> None:
    before = await sandbox("get_agent_full", agent_id=AGENT(1))
    ids = {"agent_id": AGENT(1), "snapshot_id": SNAPSHOT(2)}
    await sandbox("update_agent", agent_id=AGENT(1), bio="Changed", tags=[])
    await sandbox("delete_schema", agent_id=AGENT(1), schema_id=SCHEMA(4))
    await sandbox("delete_trigger", trigger_id=TRIGGER(1))
    await sandbox("update_mcp_server", agent_id=AGENT(1), mcp_server_id=MCP_SERVER(1), name="desk")
    extra = {"skill": {"name": "Extra", "instructions": "y" * 60}}
    await sandbox("create_schema", agent_id=AGENT(1), schema_type="skill_config", schema_data=extra)
    restored = await sandbox("rollback_snapshot", **ids)
    assert restored["restored"]["removed"] == {"schemas": 1, "triggers": 0, "mcp_servers": 0}
    after = await sandbox("get_agent_full", agent_id=AGENT(1))
    assert after["agent"]["bio"] == before["agent"]["bio"]
    for part in ("schemas", "triggers"):
        assert {row["id"] for row in after[part]} == {row["id"] for row in before[part]}
    server = await sandbox("get_mcp_server", agent_id=AGENT(1), mcp_server_id=MCP_SERVER(1))
    assert server["mcp_server"]["name"] == "helpdesk"
    assert (await sandbox("validate_agent_schemas", agent_id=AGENT(1)))["valid"] is True


async def test_an_older_snapshot_takes_parts_away(sandbox: Driver) -> None:
    await sandbox("rollback_snapshot", agent_id=AGENT(1), snapshot_id=SNAPSHOT(1))
    full = await sandbox("get_agent_full", agent_id=AGENT(1))
    assert ([row["id"] for row in full["schemas"]], full["triggers"]) == ([SCHEMA(1)], [])
    other = await sandbox("rollback_snapshot", agent_id=AGENT(2), snapshot_id=SNAPSHOT(1))
    assert other.code == "NOT_FOUND", "a snapshot of another agent"
    assert (await sandbox("list_versions", resource_type="agent", resource_id=UNKNOWN)).code == "NOT_FOUND"
    wrong_kind = await sandbox("list_versions", resource_type="schema", resource_id=AGENT(1))
    assert wrong_kind.code == "NOT_FOUND"
