"""History of agents, schemas, triggers and MCP servers, and the ways back."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.paging import page
from toolpress_sandbox.records import VERSIONS
from toolpress_sandbox.replies import Reply, not_found
from toolpress_sandbox.zihin import snapshots

_ENTRY = ("version", "changed_by", "change_type", "changelog", "created_at")
_COUNTERS = ("version", "updated_at")


def list_versions(call: Call) -> Reply:
    part, numbers = page(call, _versions(call))
    return Reply({"versions": [{name: row[name] for name in _ENTRY} for row in part], **numbers})


def get_version(call: Call) -> Reply:
    row = _version(call, call.arguments["version"])
    return Reply({"version": {**{name: row[name] for name in _ENTRY}, "data": row["data"]}})


def compare_versions(call: Call) -> Reply:
    older = _version(call, call.arguments["from_version"])
    newer = _version(call, call.arguments["to_version"])
    diff = list(_differences("", _content(older["data"]), _content(newer["data"])))
    return Reply({"diff": diff, "from_version": older["version"], "to_version": newer["version"]})


def rollback_version(call: Call) -> Reply:
    """The restored state is a new version; nothing of the history goes."""
    row = _version(call, call.arguments["version"])
    restored = call.records.restore(
        _collection(call), row["data"], change="rollback", changelog=f"Version {row['version']}"
    )
    return Reply({"resource": restored, "new_version": restored["version"]})


def rollback_snapshot(call: Call) -> Reply:
    agent_id = call.arguments["agent_id"]
    snapshot = call.records.get("snapshots", call.arguments["snapshot_id"], agent_id=agent_id)
    return Reply({"agent_id": agent_id, "snapshot_id": snapshot["id"], "restored": snapshots.restore(call, snapshot)})


def list_agent_history(call: Call) -> Reply:
    """Newest first, over the agent and all its parts."""
    agent = call.records.get("agents", call.arguments["agent_id"])
    rows = call.records.all(VERSIONS, owner_id=agent["id"])
    part, numbers = page(call, _newest_first(rows))
    names = ("resource_type", "resource_id", *_ENTRY)
    return Reply({"events": [{name: row[name] for name in names} for row in part], **numbers})


def _newest_first(rows: list[JsonObject]) -> list[JsonObject]:
    """By time; within one moment the later insertion first."""
    numbered = sorted(enumerate(rows), key=lambda item: (str(item[1]["created_at"]), item[0]), reverse=True)
    return [row for _, row in numbered]


def _collection(call: Call) -> str:
    kind = call.arguments["resource_type"]
    return next(name for name, spec in call.definition.collections.items() if spec.versioned == kind)


def _versions(call: Call) -> list[JsonObject]:
    """An agent that was deleted for good takes its history with it."""
    rows = call.records.versions(call.arguments["resource_type"], call.arguments["resource_id"])
    if not rows or call.records.find("agents", rows[0]["owner_id"]) is None:
        raise not_found(call.definition.collections[_collection(call)].label)
    return rows


def _version(call: Call, number: int) -> JsonObject:
    row = next((row for row in _versions(call) if row["version"] == number), None)
    if row is None:
        raise not_found(f"Version {number}")
    return row


def _content(data: JsonObject) -> JsonObject:
    return {name: value for name, value in data.items() if name not in _COUNTERS}


def _differences(path: str, older: Any, newer: Any) -> list[JsonObject]:
    """Rows {path, from, to}; a member that one side lacks is null there."""
    if isinstance(older, dict) and isinstance(newer, dict):
        rows: list[JsonObject] = []
        for name in sorted(older.keys() | newer.keys()):
            inner = f"{path}.{name}" if path else name
            rows += _differences(inner, older.get(name), newer.get(name))
        return rows
    return [] if older == newer else [{"path": path, "from": older, "to": newer}]
