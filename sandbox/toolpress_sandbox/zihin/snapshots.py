"""Publication snapshots: an agent with all its parts as it was."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call

PARTS = ("schemas", "triggers", "mcp_servers")
_BOOKKEEPING = ("version", "updated_at", "published_at", "status", "tools_cached_at")


def take(call: Call, agent: JsonObject, changelog: str | None) -> JsonObject:
    earlier = call.records.all("snapshots", agent_id=agent["id"])
    return call.records.insert(
        "snapshots",
        {
            "agent_id": agent["id"],
            "version": max((row["version"] for row in earlier), default=0) + 1,
            "published_at": call.records.now(),
            "published_by": call.caller.key_id,
            "changelog": changelog,
            **_content(call, agent),
        },
    )


def latest_if_unchanged(call: Call, agent: JsonObject) -> JsonObject | None:
    """The last snapshot, if the agent is still what it shows."""
    earlier = call.records.all("snapshots", agent_id=agent["id"])
    if not earlier:
        return None
    last = max(earlier, key=lambda row: int(row["version"]))
    content = _content(call, agent)
    return last if _essence(content) == _essence({name: last[name] for name in content}) else None


def restore(call: Call, snapshot: JsonObject) -> JsonObject:
    """Put the agent and its parts back; parts made since are removed. Tells how many of each kind moved."""
    records = call.records
    changelog = f"Snapshot {snapshot['version']}"
    records.restore("agents", snapshot["agent"], change="rollback", changelog=changelog)
    restored: JsonObject = {"agent": True}
    removed: JsonObject = {}
    for part in PARTS:
        wanted = {row["id"]: row for row in snapshot[part]}
        present = {row["id"]: row for row in records.all(part, agent_id=snapshot["agent_id"])}
        for row_id, row in wanted.items():
            if _essence(present.get(row_id)) != _essence(row):
                records.restore(part, row, change="rollback", changelog=changelog)
        extra = [row_id for row_id in present if row_id not in wanted]
        for row_id in extra:
            records.remove(part, row_id)
        restored[part] = len(wanted)
        removed[part] = len(extra)
    return {**restored, "removed": removed}


def _content(call: Call, agent: JsonObject) -> JsonObject:
    return {"agent": agent, **{part: call.records.all(part, agent_id=agent["id"]) for part in PARTS}}


def _essence(value: Any) -> Any:
    """The content without counters and times."""
    if isinstance(value, list):
        return sorted((_essence(item) for item in value), key=repr)
    if isinstance(value, dict):
        return {name: _essence(item) for name, item in value.items() if name not in _BOOKKEEPING}
    return value
