"""Deleting, trying out and going back: what is kept, what goes, and what comes back whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.ids import AGENT, MCP_SERVER, MEMORY, SCHEMA, SNAPSHOT, TRIGGER
from tests.sandbox.wire import OWNER, Driver
from toolpress.contract import JsonObject

MOVING = {"version", "updated_at", "published_at"}
"""Members that a way back moves on; everything else has to be as it was."""
LISTS = {
    "list_agents": {"include_archived": True},
    "list_agent_sessions": {"agent_id": AGENT(1), "include_expired": True, "limit": 100},
    "list_agent_history": {"agent_id": AGENT(1), "limit": 100},
    "list_trigger_executions": {"trigger_id": TRIGGER(1)},
    "list_consumers": {"limit": 100},
    "list_approvals": {"limit": 100},
    "list_agent_memory": {"agent_id": AGENT(1)},
    "get_agent_metrics": {"agent_id": AGENT(1), "period": "30d"},
    "get_agent_lineage": {},
    "get_tenant_health": {},
    "get_scheduler_status": {},
}


async def everything(sandbox: Driver) -> JsonObject:
    return {tool: (await sandbox(tool, **arguments)).body for tool, arguments in LISTS.items()}


def still(value: Any) -> Any:
    if isinstance(value, list):
        return [still(item) for item in value]
    if isinstance(value, dict):
        return {name: still(item) for name, item in value.items() if name not in MOVING}
    return value


async def parts(sandbox: Driver, agent_id: str) -> JsonObject:
    """The agent with all that a snapshot holds of it, documents and configurations included."""
    full = await sandbox("get_agent_full", agent_id=agent_id)
    servers = (await sandbox("list_mcp_servers", agent_id=agent_id))["mcp_servers"]
    ids = {"agent_id": agent_id}
    whole = {
        "schemas": full["schemas"],
        "triggers": full["triggers"],
        "servers": [(await sandbox("get_mcp_server", **ids, mcp_server_id=row["id"]))["mcp_server"] for row in servers],
    }
    by_id = {kind: {row["id"]: still(row) for row in rows} for kind, rows in whole.items()}
    return {"agent": still(full["agent"]), **by_id}


async def webhook(sandbox: Driver) -> int:
    key = {"X-Api-Key": OWNER}
    payload = {"chatInput": "Hello", "userId": "user-9"}
    return (await sandbox.client.post(f"/api/triggers/webhook/{TRIGGER(1)}", json=payload, headers=key)).status_code


async def test_a_publication_brings_back_every_schema_trigger_and_server_as_it_was(sandbox: Driver) -> None:
    ids = {"agent_id": AGENT(1)}
    await sandbox("update_agent", **ids, bio="As published")
    published = await sandbox("publish_agent", **ids)
    before = await parts(sandbox, AGENT(1))
    assert await webhook(sandbox) == 200

    await sandbox("update_agent", **ids, bio="Spoilt", llm_config={"model": "auto"}, tags=[], chat_enabled=False)
    skill = {"skill": {"name": "Spoilt", "instructions": "z" * 60}}
    await sandbox("update_schema", **ids, schema_id=SCHEMA(4), schema_data=skill)
    await sandbox("toggle_schema", **ids, schema_id=SCHEMA(8), is_active=True)
    await sandbox("delete_schema", **ids, schema_id=SCHEMA(2))
    await sandbox(
        "create_schema", **ids, schema_type="skill_config", schema_data={"skill": {**skill["skill"], "name": "x"}}
    )
    await sandbox("update_trigger", trigger_id=TRIGGER(2), trigger_config={"cron": "0 1 * * *", "query_template": "?"})
    await sandbox("toggle_trigger", trigger_id=TRIGGER(4), enabled=True)
    await sandbox("delete_trigger", trigger_id=TRIGGER(1))
    await sandbox("create_trigger", **ids, name="New", trigger_type="webhook", trigger_config={})
    await sandbox("update_mcp_server", **ids, mcp_server_id=MCP_SERVER(1), endpoint="https://spoilt.invalid", config={})
    assert await webhook(sandbox) == 404
    changed = await parts(sandbox, AGENT(1))
    assert [changed[kind] == before[kind] for kind in before] == [False] * 4

    restored = await sandbox("rollback_snapshot", **ids, snapshot_id=published["snapshot"]["id"])
    assert restored["restored"]["removed"] == {"schemas": 1, "triggers": 1, "mcp_servers": 0}
    assert await parts(sandbox, AGENT(1)) == before
    assert await webhook(sandbox) == 200, "the trigger that was deleted is called again"
    assert (await sandbox("get_scheduler_status"))["jobs"][0]["cron"] == "0 9 * * 1-5"
    kinds = {row["change_type"] for row in (await sandbox("list_agent_history", **ids, limit=5))["events"]}
    assert kinds == {"rollback", "delete"}, "going back is a change like any other"


@pytest.mark.parametrize("archived", [True, False])
async def test_archiving_keeps_an_agent_and_hard_deleting_does_not(sandbox: Driver, archived: bool) -> None:
    ids = {"agent_id": AGENT(1)}
    before = await parts(sandbox, AGENT(1))
    answer = await sandbox("delete_agent", **ids, hard_delete=not archived)
    assert answer["archived" if archived else "deleted"] is True
    listed = {row["id"] for row in (await sandbox("list_agents", include_archived=True))["agents"]}
    assert (AGENT(1) in listed) is archived
    assert AGENT(1) not in {row["id"] for row in (await sandbox("list_published_agents"))["agents"]}
    talk = await sandbox("chat_with_agent", **ids, message="Hi")
    assert talk.code == ("AGENT_ARCHIVED" if archived else "NOT_FOUND")
    reads = {
        "get_agent": ids,
        "get_schema": {**ids, "schema_id": SCHEMA(1)},
        "get_trigger": {"trigger_id": TRIGGER(1)},
        "get_mcp_server": {**ids, "mcp_server_id": MCP_SERVER(1)},
        "get_snapshot": {**ids, "snapshot_id": SNAPSHOT(1)},
        "list_agent_memory": ids,
        "list_versions": {"resource_type": "agent", "resource_id": AGENT(1)},
        "rollback_version": {"resource_type": "agent", "resource_id": AGENT(1), "version": 2},
    }
    codes = {tool: (await sandbox(tool, **arguments)).code for tool, arguments in reads.items()}
    assert codes == dict.fromkeys(reads, None if archived else "NOT_FOUND")
    below = {"resource_type": "schema", "resource_id": SCHEMA(2), "version": 1}
    assert (await sandbox("rollback_version", **below)).code == codes["get_agent"], "no part without its agent"
    if archived:
        await sandbox("rollback_version", resource_type="schema", resource_id=SCHEMA(2), version=2)
        assert await parts(sandbox, AGENT(1)) == before, "the rollback above has taken the archiving back"


async def test_deleting_a_memory_takes_that_one_alone(sandbox: Driver) -> None:
    before = [row["id"] for row in (await sandbox("list_agent_memory", agent_id=AGENT(1)))["memories"]]
    await sandbox("delete_agent_memory", agent_id=AGENT(1), memory_id=MEMORY(2))
    after = [row["id"] for row in (await sandbox("list_agent_memory", agent_id=AGENT(1)))["memories"]]
    assert after == [row for row in before if row != MEMORY(2)] != before


async def test_a_diff_names_every_change_and_nothing_else(sandbox: Driver) -> None:
    ids = {"resource_type": "agent", "resource_id": AGENT(1)}
    start = (await sandbox("list_versions", **ids))["versions"][0]["version"]
    old = (await sandbox("get_agent", agent_id=AGENT(1)))["agent"]
    changes = {"bio": "New", "tags": ["a", "b"], "llm_config": {**old["llm_config"], "temperature": 0.9}}
    await sandbox("update_agent", agent_id=AGENT(1), **changes)
    diff = (await sandbox("compare_versions", **ids, from_version=start, to_version=start + 1))["diff"]
    assert {row["path"]: (row["from"], row["to"]) for row in diff} == {
        "bio": (old["bio"], "New"),
        "tags": (old["tags"], ["a", "b"]),
        "llm_config.temperature": (old["llm_config"]["temperature"], 0.9),
    }
    same = await sandbox("compare_versions", **ids, from_version=start, to_version=start)
    assert same["diff"] == []
    missing = await sandbox("compare_versions", **ids, from_version=start, to_version=start + 2)
    assert missing.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("trigger", "payload"),
    [
        (TRIGGER(1), {"chatInput": "get_invoice INV-1 and find_orders 2", "userId": "nobody-yet"}),
        (TRIGGER(2), None),
        (TRIGGER(3), {"message": "Ask the support desk: get_invoice INV-1", "case": {"id": "C-1"}}),
    ],
)
async def test_a_trial_leaves_the_bill_and_nothing_else(sandbox: Driver, trigger: str, payload: Any) -> None:
    """Also where the agent asks another one, and where a tool would have waited for approval."""
    for agent in (AGENT(1), AGENT(2)):
        rules = {"require_approval_for": [{"source": "api"}], "allowed_invoke_agents": [AGENT(1)]}
        row = {"name": "P", "policy_type": "behavior", "scope": "agent", "scope_target_id": agent, "priority": 9}
        await sandbox("create_csp", rules=rules, **row)
    before, budgets = await everything(sandbox), (await sandbox("list_agent_budgets"))["budgets"]
    sent = {} if payload is None else {"payload": payload}
    trial = await sandbox("test_trigger", trigger_id=trigger, **sent)
    assert trial["response"]
    assert (trial["duration_ms"] > 0, trial["execution_id"]) != (False, None)
    assert await everything(sandbox) == before
    for tool, ids in (
        ("get_session_history", {"session_id": trial["session_id"]}),
        ("get_trigger_execution", {"trigger_id": trigger, "execution_id": trial["execution_id"]}),
    ):
        assert (await sandbox(tool, **ids)).code == "NOT_FOUND"
    assert (await sandbox("list_agent_budgets"))["budgets"] != budgets
