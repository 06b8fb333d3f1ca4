"""The ten contracts, their examples, the rules beyond them, and that the dry run and the writes judge alike."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.ids import AGENT
from tests.sandbox.wire import UNKNOWN, Driver
from toolpress_sandbox.definition import load

CONTRACTS = load("zihin").contracts
TYPES = [
    "api_config",
    "persona_config",
    "db_config",
    "skill_config",
    "workflow_config",
    "mcp_tool_config",
    "mcp_resource_config",
    "trigger_config",
    "csp_config",
    "approval_policy",
]


def example(kind: str, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(CONTRACTS[kind]["examples"][number])
    return found


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The document with the member at a dotted path set, or removed with `...`."""
    *parents, last = path.split(".")
    target: Any = document
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    key: Any = int(last) if isinstance(target, list) else last
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return document


def test_there_are_ten() -> None:
    assert set(CONTRACTS) == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
async def test_each_is_valid_and_says_how_to_use_it(sandbox: Driver, kind: str) -> None:
    contract = CONTRACTS[kind]
    assert contract["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert contract["$id"] == f"zihin://schemas/{kind}"
    Draft202012Validator.check_schema(contract)
    assert contract["mcp_usage"]
    assert contract["examples"]
    for document in contract["examples"]:
        answer = await sandbox("validate_schema_data", schema_type=kind, schema_data=document)
        assert (answer["valid"], answer["errors"]) == (True, []), kind


BROKEN = [
    ("persona_config", "editor_schema", ..., "editor_schema", None),
    ("persona_config", "instructions", "Be nice", "instructions", None),
    ("persona_config", "editor_schema.persona.role", "x", "editor_schema.persona.role", None),
    ("api_config", "tool_definition.description", "short", "tool_definition.description", None),
    ("api_config", "editor_schema.api.endpoints", [], "editor_schema.api.endpoints", None),
    ("api_config", "editor_schema.api.base_url", "billing", "editor_schema.api.base_url", None),
    ("api_config", "editor_schema.api.endpoints.0.name", "other", "editor_schema.api.endpoints.0.name",
     "endpoint-name"),
    ("api_config", "editor_schema.api.endpoints.0.path", "/i/${no}", "editor_schema.api.endpoints.0.path",
     "path-params"),
    ("api_config", "editor_schema.api.endpoints.0.path", "/i/{invoice_id}", "editor_schema.api.endpoints.0.path",
     "path-params"),
    ("api_config", "editor_schema.api.auth.secret_ref", "nope", "editor_schema.api.auth.secret_ref", "secret-first"),
    ("db_config", "parameter_mapping", [], "parameter_mapping", "placeholder-count"),
    ("db_config", "query_template", "SELECT $2", "parameter_mapping", "placeholder-count"),
    ("db_config", "parameter_mapping", ["nobody"], "parameter_mapping.0", "mapped-declared"),
    ("db_config", "connection_id", UNKNOWN, "connection_id", "connection-exists"),
    ("skill_config", "skill.instructions", "short", "skill.instructions", None),
    ("workflow_config", "workflow.steps.1.id", "collect", "workflow.steps.1.id", "step-ids"),
    ("workflow_config", "workflow.steps.0.next", "nowhere", "workflow.steps.0.next", "step-ids"),
    ("mcp_tool_config", "mcp_server_id", UNKNOWN, "mcp_server_id", "server-exists"),
    ("mcp_resource_config", "mcp_server_id", UNKNOWN, "mcp_server_id", "server-exists"),
    ("trigger_config", "trigger_type", "pigeon", "trigger_type", None),
    ("trigger_config", "trigger_config.auth.type", "magic", "trigger_config.auth.type", None),
    ("trigger_config", "trigger_config.session_strategy.fields", ["ghost"],
     "trigger_config.session_strategy.fields.0", "derive-resolves"),
    ("trigger_config", "trigger_config.session_strategy.fields", ..., "trigger_config.session_strategy.fields",
     "derive-fields"),
    ("trigger_config", "trigger_config.execution", {"mode": "async"}, "trigger_config.execution.callback",
     "async-callback"),
    ("trigger_config", "trigger_config.sender_access", {"mode": "public"}, "trigger_config.sender_access.mode", None),
    ("csp_config", "rules.allowed_hours.start", "8h", "rules.allowed_hours.start", None),
    ("csp_config", "scope", "agent", "scope_target_id", "scope-target"),
    ("csp_config", "rules.timezone", "Mars/Olympus", "rules.timezone", "timezone"),
    ("approval_policy", "stages", [], "stages", None),
    ("approval_policy", "stages.0.approvers", [{"type": "user"}], "stages.0.approvers.0.id", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "field", "rule"), BROKEN)
async def test_a_violation_is_reported_with_its_path(
    sandbox: Driver, kind: str, path: str, value: Any, field: str, rule: str | None
) -> None:
    document = put(example(kind), path, value)
    answer = await sandbox("validate_schema_data", schema_type=kind, schema_data=document)
    assert answer["valid"] is False
    assert field in [error["path"] for error in answer["errors"]], answer.body
    assert rule is None or rule in [error.get("rule") for error in answer["errors"]]


@pytest.mark.parametrize(
    ("kind", "path", "value", "field", "rule"), [row for row in BROKEN if row[0].endswith("_config")][:19]
)
async def test_a_write_refuses_what_the_dry_run_reports(
    sandbox: Driver, kind: str, path: str, value: Any, field: str, rule: str | None
) -> None:
    document = put(example(kind), path, value)
    judged = await sandbox("validate_schema_data", schema_type=kind, schema_data=document)
    refused = await sandbox("create_schema", agent_id=AGENT(1), schema_type=kind, schema_data=document)
    assert refused.code == "VALIDATION_ERROR"
    said = [(error["path"].removeprefix("schema_data").lstrip("."), error["message"]) for error in
            refused.body["details"]["errors"]]  # fmt: skip
    assert said == [(error["path"], error["message"]) for error in judged["errors"]]
    assert rule in (None, refused.body["details"]["errors"][0].get("rule"))


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"cron": "0 9 * *", "query_template": "Hi"}, "trigger_config.cron"),
        ({"cron": "0 25 * * *", "query_template": "Hi"}, "trigger_config.cron"),
        ({"cron": "0 9 * * *", "timezone": "Nowhere", "query_template": "Hi"}, "trigger_config.timezone"),
        ({"cron": "0 9 * * *"}, "trigger_config.query_template"),
        (
            {
                "cron": "0 9 * * *",
                "query_template": "Hi",
                "output": {"channel": "user", "target": {"field": "user_id", "value": "{{id}}"}},
            },
            "trigger_config.output.target.value",
        ),
        ({"cron": "0 9 * * *", "query_template": "Hi", "output": {"channel": "webhook"}},
         "trigger_config.output.webhook_url"),
    ],
)  # fmt: skip
async def test_schedules_are_judged_when_they_are_made(sandbox: Driver, config: dict[str, Any], field: str) -> None:
    refused = await sandbox(
        "create_trigger", agent_id=AGENT(1), name="T", trigger_type="schedule", trigger_config=config
    )
    assert (refused.code, refused.body["details"]["field"]) == ("VALIDATION_ERROR", field)


async def test_warnings_travel_with_success(sandbox: Driver) -> None:
    document = put(example("api_config"), "editor_schema.api.auth.type", "bearer")
    put(document, "tool_definition.name", "again")
    put(document, "editor_schema.api.endpoints.0.name", "again")
    created = await sandbox("create_schema", agent_id=AGENT(1), schema_type="api_config", schema_data=document)
    assert [warning["rule"] for warning in created["warnings"]] == ["auth-canonical"]
    sql = put(example("db_config"), "query_template", "DELETE FROM public.orders WHERE customer_id = $1")
    judged = await sandbox("validate_schema_data", schema_type="db_config", schema_data=sql)
    assert (judged["valid"], judged["warnings"][0]["rule"]) == (True, "read-only-sql")


async def test_a_schema_lives_its_whole_life(sandbox: Driver) -> None:
    created = await sandbox(
        "create_schema", agent_id=AGENT(1), schema_type="skill_config", schema_data=example("skill_config")
    )
    assert created.code == "SKILL_NAME_DUPLICATE"
    skill = put(example("skill_config"), "skill.name", "Returns")
    created = await sandbox("create_schema", agent_id=AGENT(1), schema_type="skill_config", schema_data=skill)
    ids = {"agent_id": AGENT(1), "schema_id": created["schema"]["id"]}
    assert (created["schema"]["name"], created["schema"]["version"]) == ("Returns", 1)
    new = put(example("skill_config"), "skill.name", "Refunds")
    stale = await sandbox("update_schema", **ids, schema_data=new, base_version=7)
    assert (stale.code, stale.body["details"]["current_version"]) == ("CONFLICT", 1)
    updated = await sandbox("update_schema", **ids, schema_data=new, base_version=1, changelog="Wider")
    assert updated["schema"]["version"] == 2
    clash = put(example("skill_config"), "skill.name", "Late deliveries")
    assert (await sandbox("update_schema", **ids, schema_data=clash)).code == "SKILL_NAME_DUPLICATE"
    assert (await sandbox("toggle_schema", **ids, is_active=False))["schema"]["is_active"] is False
    assert (await sandbox("get_schema", **ids))["schema"]["schema_data"] == new
    await sandbox("delete_schema", **ids)
    assert (await sandbox("get_schema", **ids)).code == "NOT_FOUND"


async def test_seeded_documents_are_valid(sandbox: Driver) -> None:
    for agent in (await sandbox("list_agents", include_archived=True))["agents"]:
        assert (await sandbox("validate_agent_schemas", agent_id=agent["id"]))["valid"] is True, agent["name"]
    for trigger in (await sandbox("list_triggers"))["triggers"]:
        answer = await sandbox("validate_schema_data", schema_type="trigger_config", schema_data=trigger)
        assert answer["errors"] == [], trigger["name"]
    for kind, tool, part in (
        ("csp_config", "list_csps", "data"),
        ("approval_policy", "list_approval_policies", "policies"),
    ):
        for row in (await sandbox(tool))[part]:
            assert (await sandbox("validate_schema_data", schema_type=kind, schema_data=row))["errors"] == [], row


async def test_schemas_are_listed_by_type(sandbox: Driver) -> None:
    every = (await sandbox("list_schemas", agent_id=AGENT(1)))["schemas"]
    kinds = {row["schema_type"] for row in every}
    assert len(kinds) > 1
    for kind in kinds:
        listed = (await sandbox("list_schemas", agent_id=AGENT(1), schema_type=kind))["schemas"]
        assert listed == [row for row in every if row["schema_type"] == kind]


@pytest.mark.parametrize("tool", ["list_schemas", "create_schema"])
def test_an_agent_has_schemas_of_the_types_that_are_no_entities(tool: str) -> None:
    allowed = load("zihin").operations[tool].input["properties"]["schema_type"]["enum"]
    entities = {"trigger_config", "csp_config", "approval_policy"}
    assert set(allowed) == set(TYPES) - entities
