"""An agent's schemas; every write is judged as the dry run judges."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Refusal, Reply
from toolpress_sandbox.zihin.documents import accept


def create_schema(call: Call) -> Reply:
    arguments = call.arguments
    agent = call.records.get("agents", arguments["agent_id"])
    kind, data = arguments["schema_type"], arguments["schema_data"]
    warnings = accept(call, kind, data, agent["id"], argument="schema_data")
    if arguments.get("is_active", True):
        _refuse_second_skill(call, agent["id"], kind, data)
    row = {**arguments, "name": arguments.get("name") or _name(kind, data)}
    return Reply({"schema": call.records.insert("schemas", row), "warnings": warnings})


def update_schema(call: Call) -> Reply:
    """`schema_data` replaces the document; `base_version` refuses a write over somebody else's."""
    agent_id = call.arguments["agent_id"]
    schema = call.records.get("schemas", call.arguments["schema_id"], agent_id=agent_id)
    base = call.arguments.get("base_version")
    if base is not None and base != schema["version"]:
        raise Refusal(
            409,
            "CONFLICT",
            f"The schema is at version {schema['version']}; read it again",
            {"base_version": base, "current_version": schema["version"]},
        )
    changes = call.changes()
    changelog = changes.pop("changelog", None)
    changes.pop("base_version", None)
    warnings: list[JsonObject] = []
    if "schema_data" in changes:
        warnings = accept(call, schema["schema_type"], changes["schema_data"], agent_id, argument="schema_data")
        if schema["is_active"]:
            _refuse_second_skill(call, agent_id, schema["schema_type"], changes["schema_data"], schema["id"])
    row = call.records.update("schemas", schema["id"], changes, changelog=changelog) if changes else schema
    return Reply({"schema": row, "warnings": warnings})


def _refuse_second_skill(call: Call, agent_id: str, kind: str, data: JsonObject, own_id: str | None = None) -> None:
    if kind != "skill_config":
        return
    for row in call.records.all("schemas", agent_id=agent_id, schema_type=kind, is_active=True):
        if row["id"] != own_id and row["schema_data"]["skill"]["name"] == data["skill"]["name"]:
            raise Refusal(
                409,
                "SKILL_NAME_DUPLICATE",
                "The agent already has an active skill of this name; choose another name or update that schema",
                {"field": "schema_data.skill.name", "schema_id": row["id"]},
            )


def _name(kind: str, data: JsonObject) -> str:
    for path in (("tool_definition", "name"), ("skill", "name"), ("workflow", "name"), ("tool_name",), ("name",)):
        value: object = data
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    return kind
