"""Evaluate settings: one default for the tenant, and overrides of single agents that begin as its copy."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

SETTINGS = "evaluate_settings"
_VALUES = ("is_active", "sessionization", "text", "voice")


def in_force(records: Records, agent_uuid: str | None) -> JsonObject:
    """The settings that count for an agent, and where they come from; without an agent, the default."""
    override = _override(records, agent_uuid)
    row = override or _default(records)
    return {
        "agent_uuid": agent_uuid,
        "is_default": override is None,
        "source": "default" if override is None else "agent",
        **{name: row[name] for name in _VALUES},
    }


def get_default_evaluate_settings(call: Call) -> Reply:
    return done("Default evaluate settings retrieved", in_force(call.records, None))


def update_default_evaluate_settings(call: Call) -> Reply:
    row = _default(call.records)
    call.records.update(SETTINGS, row["uuid"], _merged(_values(row), call.changes()))
    return done("Default evaluate settings updated", in_force(call.records, None))


def get_agent_evaluate_settings(call: Call) -> Reply:
    return done("Agent evaluate settings retrieved", in_force(call.records, _agent(call)))


def update_agent_evaluate_settings(call: Call) -> Reply:
    agent_uuid = _agent(call)
    row = _override(call.records, agent_uuid) or _default(call.records)
    _keep(call.records, agent_uuid, _merged(_values(row), call.changes()))
    return done("Agent evaluate settings updated", in_force(call.records, agent_uuid))


def reassign_default_evaluate_settings(call: Call) -> Reply:
    agent_uuid = _agent(call)
    _keep(call.records, agent_uuid, _values(_default(call.records)))
    return done("Agent evaluate settings reassigned", in_force(call.records, agent_uuid))


def _agent(call: Call) -> str:
    return str(call.records.get("agents", call.arguments["uuid"])["agent_uuid"])


def _default(records: Records) -> JsonObject:
    return records.all(SETTINGS, agent_uuid=None)[0]


def _override(records: Records, agent_uuid: str | None) -> JsonObject | None:
    rows = records.all(SETTINGS, agent_uuid=agent_uuid) if agent_uuid else []
    return rows[0] if rows else None


def _values(row: JsonObject) -> JsonObject:
    return {name: row[name] for name in _VALUES}


def _keep(records: Records, agent_uuid: str, values: JsonObject) -> None:
    override = _override(records, agent_uuid)
    if override:
        records.update(SETTINGS, override["uuid"], values)
    else:
        records.insert(SETTINGS, {"agent_uuid": agent_uuid, **values})


def _merged(old: Any, new: Any) -> Any:
    """What is sent, over what is there, at every depth."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
