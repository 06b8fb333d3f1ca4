"""What an agent is made of, the tools it would have, and whether its schemas hold."""

from __future__ import annotations

from tests.sandbox.ids import AGENT, CONNECTION, SCHEMA, SECRET
from tests.sandbox.wire import Driver


async def test_an_agent_is_shown_whole(sandbox: Driver) -> None:
    full = await sandbox("get_agent_full", agent_id=AGENT(1))
    schemas = (await sandbox("list_schemas", agent_id=AGENT(1), include_inactive=True))["schemas"]
    triggers = (await sandbox("list_triggers", agent_id=AGENT(1)))["triggers"]
    policies = (await sandbox("get_effective_csps", agent_id=AGENT(1)))["data"]
    for part, listed in (("schemas", schemas), ("triggers", triggers), ("csps", policies)):
        assert [row["id"] for row in full[part]] == [row["id"] for row in listed] != [], part


async def test_tools_of_every_source_are_listed_with_their_state(sandbox: Driver) -> None:
    async def states() -> dict[str, set[tuple[str, bool]]]:
        found: dict[str, set[tuple[str, bool]]] = {}
        for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]:
            found.setdefault(tool["source"], set()).add((tool["status"], tool["error"] is None))
        return found

    assert await states() == {source: {("resolved", True)} for source in ("core", "api", "db", "mcp")}
    await sandbox("delete_secret", secret_id=SECRET(1))
    await sandbox("update_connection", connection_id=CONNECTION(1), is_active=False)
    broken = await states()
    assert broken["api"] == broken["db"] == {("error", False)}
    assert broken["core"] == broken["mcp"] == {("resolved", True)}


async def test_all_schemas_of_an_agent_are_judged_at_once(sandbox: Driver) -> None:
    async def verdicts() -> dict[str, bool]:
        judged = await sandbox("validate_agent_schemas", agent_id=AGENT(1))
        found = {row["id"]: row["valid"] for row in judged["schemas"]}
        assert judged["valid"] is all(found.values())
        return found

    before = await verdicts()
    listed = {row["id"] for row in (await sandbox("list_schemas", agent_id=AGENT(1)))["schemas"]}
    assert before == dict.fromkeys(listed, True)
    await sandbox("delete_secret", secret_id=SECRET(1))
    assert await verdicts() == {**before, SCHEMA(2): False}


async def test_a_schema_that_is_off_gives_no_tool(sandbox: Driver) -> None:
    async def names() -> set[str]:
        return {tool["name"] for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}

    before = await names()
    for on in (False, True):
        await sandbox("toggle_schema", agent_id=AGENT(1), schema_id=SCHEMA(2), is_active=on)
        assert await names() == (before if on else before - {"get_invoice"})
