"""Agents: create, change, clone, publish and retire them."""

from __future__ import annotations

import copy

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.replies import Refusal, Reply
from toolpress_sandbox.verbs import select
from toolpress_sandbox.zihin import snapshots
from toolpress_sandbox.zihin.documents import judge_agent, refusal
from toolpress_sandbox.zihin.plans import model_warnings, refuse_over_agent_limit, tier_problem
from toolpress_sandbox.zihin.triggers import give_secret

_LIST = {"filter": ["status", "type"], "hide_unless": {"include_archived": {"status": "archived"}}}


def list_agents(call: Call) -> Reply:
    """Each row also names the kinds of schema that the agent has."""
    kinds: dict[str, set[str]] = {}
    for schema in call.records.all("schemas", is_active=True):
        kinds.setdefault(schema["agent_id"], set()).add(schema["schema_type"])
    rows = [
        {**row, "schema_types": sorted(kinds.get(row["id"], ()))}
        for row in select(call, call.definition.collections["agents"], _LIST)
    ]
    return Reply({"agents": rows, "count": len(rows)})


def get_agent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    return Reply({"agent": {**agent, "schemas": call.records.all("schemas", agent_id=agent["id"])}})


def create_agent(call: Call) -> Reply:
    refuse_over_agent_limit(call)
    agent = call.records.insert("agents", dict(call.arguments))
    return Reply({"agent": agent, "warnings": model_warnings(call, agent["llm_config"])})


def update_agent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    agent = call.records.update("agents", agent["id"], call.changes())
    return Reply({"agent": agent, "warnings": model_warnings(call, agent["llm_config"])})


def delete_agent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    if not call.arguments.get("hard_delete"):
        call.records.update("agents", agent["id"], {"status": "archived"}, change="archive")
        return Reply({"agent_id": agent["id"], "archived": True})
    for collection in ("schemas", "triggers", "mcp_servers", "snapshots", "memories"):
        for row in call.records.all(collection, agent_id=agent["id"]):
            call.records.remove(collection, row["id"], hard=True)
    call.records.remove("agents", agent["id"], hard=True)
    return Reply({"agent_id": agent["id"], "deleted": True})


def clone_agent(call: Call) -> Reply:
    """The copy is a draft; copied triggers are switched off and get secrets of their own."""
    source = call.records.get("agents", call.arguments["agent_id"])
    refuse_over_agent_limit(call)
    name = call.arguments.get("name") or f"{source['name']} (copy)"
    agent = call.records.insert("agents", _copied(source, name=name, status="draft", published_at=None))
    servers: dict[str, str] = {}
    for row in call.records.all("mcp_servers", agent_id=source["id"]):
        servers[row["id"]] = call.records.insert("mcp_servers", _copied(row, agent_id=agent["id"]))["id"]
    schemas = call.records.all("schemas", agent_id=source["id"])
    for row in schemas:
        data = copy.deepcopy(row["schema_data"])
        if data.get("mcp_server_id") in servers:
            data["mcp_server_id"] = servers[data["mcp_server_id"]]
        call.records.insert("schemas", _copied(row, agent_id=agent["id"], schema_data=data))
    triggers = call.records.all("triggers", agent_id=source["id"]) if call.arguments.get("include_triggers") else []
    for row in triggers:
        give_secret(call, call.records.insert("triggers", _copied(row, agent_id=agent["id"], enabled=False)))
    cloned = {"schemas": len(schemas), "triggers": len(triggers), "mcp_servers": len(servers)}
    return Reply({"agent": agent, "cloned": cloned})


def publish_agent(call: Call) -> Reply:
    """Publishing an unchanged published agent again changes nothing and names the same snapshot."""
    agent = call.records.get("agents", call.arguments["agent_id"])
    if agent["status"] == "archived":
        raise Refusal(409, "AGENT_ARCHIVED", f"{agent['name']} is archived and cannot be published")
    verdicts = judge_agent(call, agent["id"])
    errors = [{**error, "schema_id": row["id"]} for row in verdicts for error in row["errors"]]
    if not any(row["schema_type"] == "persona_config" for row in verdicts):
        errors.insert(0, {"path": "persona_config", "message": "an active persona_config schema is required"})
    if errors:
        raise refusal(errors, "Not published: ")
    problem = tier_problem(call, agent["llm_config"])
    if problem is not None:
        raise Refusal(
            403,
            "MODEL_TIER_RESTRICTED",
            f"Plan {problem['plan_code']} does not include tier {problem['model_tier']}; choose another model",
            problem,
        )
    snapshot = snapshots.latest_if_unchanged(call, agent)
    if agent["status"] != "published" or snapshot is None:
        changes = {"status": "published", "published_at": call.records.now()}
        changelog = call.arguments.get("changelog")
        agent = call.records.update("agents", agent["id"], changes, change="publish", changelog=changelog)
        snapshot = snapshots.take(call, agent, changelog)
    warnings = [{**warning, "schema_id": row["id"]} for row in verdicts for warning in row["warnings"]]
    spec = call.definition.collections["snapshots"]
    return Reply(
        {
            "agent": agent,
            "snapshot": shown(spec, snapshot, listed=True),
            "validation": {"errors": [], "warnings": warnings},
        }
    )


def _copied(row: JsonObject, **changes: object) -> JsonObject:
    """A row without what belongs to the original alone."""
    own = ("id", "version", "created_at", "updated_at")
    return {**{name: copy.deepcopy(value) for name, value in row.items() if name not in own}, **changes}
