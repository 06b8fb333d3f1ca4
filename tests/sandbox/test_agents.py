from __future__ import annotations

from tests.sandbox.ids import AGENT, SECRET
from tests.sandbox.wire import GLOBEX, Driver

PERSONA = {"editor_schema": {"persona": {"role": "Helper", "objective": "Help people with forms."}}}


async def test_what_is_created_is_listed_fetched_updated_and_deleted(sandbox: Driver) -> None:
    created = await sandbox("create_agent", name="Billing desk", tags=["billing"])
    agent_id = created["agent"]["id"]
    assert created["agent"]["status"] == "draft"
    assert agent_id in {row["id"] for row in (await sandbox("list_agents"))["agents"]}
    await sandbox("update_agent", agent_id=agent_id, bio="Invoices", chat_enabled=True)
    agent = (await sandbox("get_agent", agent_id=agent_id))["agent"]
    assert (agent["bio"], agent["chat_enabled"], agent["tags"], agent["type"]) == (
        "Invoices",
        True,
        ["billing"],
        "assistant",
    )
    assert (await sandbox("delete_agent", agent_id=agent_id))["archived"] is True
    assert agent_id not in {row["id"] for row in (await sandbox("list_agents"))["agents"]}
    assert agent_id in {row["id"] for row in (await sandbox("list_agents", include_archived=True))["agents"]}
    assert (await sandbox("delete_agent", agent_id=agent_id, hard_delete=True))["deleted"] is True
    assert (await sandbox("get_agent", agent_id=agent_id)).code == "NOT_FOUND"


async def test_a_model_above_the_plan_only_warns_until_publishing(sandbox: Driver) -> None:
    created = await sandbox("create_agent", name="Big", llm_config={"model": "anthropic.claude-opus-4-1"})
    assert [warning["code"] for warning in created["warnings"]] == ["MODEL_TIER_RESTRICTED"]
    agent_id = created["agent"]["id"]
    await sandbox("create_schema", agent_id=agent_id, schema_type="persona_config", schema_data=PERSONA)
    refused = await sandbox("publish_agent", agent_id=agent_id)
    assert (refused.status, refused.code) == (403, "MODEL_TIER_RESTRICTED")
    details = refused.body["details"]
    assert (details["model_tier"], details["plan_code"], details["allowed_tiers"]) == (
        "flagship",
        "basic",
        ["economical", "premium"],
    )
    changed = await sandbox("update_agent", agent_id=agent_id, llm_config={"model": "auto"})
    assert changed["warnings"] == []
    assert (await sandbox("publish_agent", agent_id=agent_id))["agent"]["status"] == "published"


async def test_an_own_provider_key_opens_every_tier(sandbox: Driver) -> None:
    flagship = {"model": "openai.o3"}
    assert (await sandbox("create_agent", name="A", llm_config=flagship))["warnings"] == []
    await sandbox("delete_secret", secret_id=SECRET(2))
    assert (await sandbox("create_agent", name="B", llm_config=flagship))["warnings"] != []


async def test_publishing_needs_a_persona_and_valid_schemas(sandbox: Driver) -> None:
    refused = await sandbox("publish_agent", agent_id=AGENT(5))
    assert (refused.code, refused.body["details"]["field"]) == ("VALIDATION_ERROR", "persona_config")
    await sandbox("create_schema", agent_id=AGENT(5), schema_type="persona_config", schema_data=PERSONA)
    published = await sandbox("publish_agent", agent_id=AGENT(5), changelog="First")
    assert published["snapshot"]["version"] == 1
    assert published["agent"]["published_at"] == "2026-03-10T12:00:00.000Z"
    assert AGENT(5) in {row["id"] for row in (await sandbox("list_published_agents"))["agents"]}


async def test_a_broken_reference_blocks_publishing(sandbox: Driver) -> None:
    await sandbox("delete_secret", secret_id=SECRET(1))
    refused = await sandbox("publish_agent", agent_id=AGENT(1))
    assert refused.code == "VALIDATION_ERROR"
    assert refused.body["details"]["field"] == "editor_schema.api.auth.secret_ref"
    validation = await sandbox("validate_agent_schemas", agent_id=AGENT(1))
    assert validation["valid"] is False
    assert [row["schema_type"] for row in validation["schemas"] if not row["valid"]] == ["api_config"]
    tools = {tool["name"]: tool for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}
    assert tools["get_invoice"]["status"] == "error"


async def test_publishing_twice_takes_one_snapshot(sandbox: Driver) -> None:
    await sandbox("update_agent", agent_id=AGENT(1), bio="New")
    first = await sandbox("publish_agent", agent_id=AGENT(1))
    second = await sandbox("publish_agent", agent_id=AGENT(1))
    assert first["snapshot"] == second["snapshot"]
    assert (await sandbox("list_snapshots", agent_id=AGENT(1)))["total"] == 3


async def test_a_clone_is_a_draft_with_its_own_parts(sandbox: Driver) -> None:
    cloned = await sandbox("clone_agent", agent_id=AGENT(1), name="Second desk", include_triggers=True)
    agent_id = cloned["agent"]["id"]
    assert (cloned["agent"]["status"], cloned["cloned"]) == ("draft", {"schemas": 6, "triggers": 3, "mcp_servers": 1})
    full = await sandbox("get_agent_full", agent_id=agent_id)
    assert [trigger["enabled"] for trigger in full["triggers"]] == [False, False, False]
    assert (await sandbox("validate_agent_schemas", agent_id=agent_id))["valid"] is True
    tools = {tool["name"] for tool in (await sandbox("list_agent_tools", agent_id=agent_id))["tools"]}
    assert "helpdesk_open_ticket" in tools, "the MCP tool points to the copied server"
    bare = await sandbox("clone_agent", agent_id=AGENT(1))
    assert (bare["agent"]["name"], bare["cloned"]["triggers"]) == ("Support desk (copy)", 0)


async def test_the_plan_limits_the_number_of_agents(sandbox: Driver) -> None:
    refused = await sandbox("create_agent", GLOBEX, name="Third")
    assert (refused.status, refused.code) == (403, "PLAN_LIMIT_REACHED")
    agents = (await sandbox("list_agents", GLOBEX))["agents"]
    assert (await sandbox("clone_agent", GLOBEX, agent_id=agents[0]["id"])).code == "PLAN_LIMIT_REACHED"
    await sandbox("delete_agent", GLOBEX, agent_id=agents[1]["id"])
    assert (await sandbox("create_agent", GLOBEX, name="Third")).status == 201


async def test_an_archived_agent_cannot_be_published(sandbox: Driver) -> None:
    assert (await sandbox("publish_agent", agent_id=AGENT(4))).code == "AGENT_ARCHIVED"


async def test_agents_are_listed_by_type_and_status_together(sandbox: Driver) -> None:
    made = {
        kind: (await sandbox("create_agent", name=f"A {kind}", type=kind))["agent"]["id"]
        for kind in ("assistant", "chatbot", "workflow", "classifier", "orchestrator")
    }
    for kind, agent_id in made.items():
        listed = (await sandbox("list_agents", type=kind))["agents"]
        assert {row["type"] for row in listed} == {kind}
        assert agent_id in {row["id"] for row in listed}
        drafts = (await sandbox("list_agents", type=kind, status="draft"))["agents"]
        assert agent_id in {row["id"] for row in drafts}
        assert {row["status"] for row in drafts} == {"draft"}


async def test_an_agent_is_fetched_with_its_schemas(sandbox: Driver) -> None:
    agent = (await sandbox("get_agent", agent_id=AGENT(1)))["agent"]
    listed = (await sandbox("list_schemas", agent_id=AGENT(1), include_inactive=True))["schemas"]
    assert {row["id"] for row in agent["schemas"]} == {row["id"] for row in listed}
    assert all(row["schema_data"] for row in agent["schemas"])
