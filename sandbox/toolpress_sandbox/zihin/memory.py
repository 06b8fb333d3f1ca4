"""What agents remember, and the schedules that run."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.paging import page
from toolpress_sandbox.replies import Reply, not_found
from toolpress_sandbox.zihin.cron import next_run

_ROW = ("id", "key", "value", "type", "scope", "consumer_key", "created_at", "expires_at")


def list_agent_memory(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    now = iso(call.now())
    rows = [
        row
        for row in call.records.all("memories", agent_id=agent["id"])
        if not row["key"].startswith("_") and not (row["expires_at"] and row["expires_at"] <= now)
    ]
    for name in ("consumer_key", "scope"):
        if name in call.arguments:
            rows = [row for row in rows if row[name] == call.arguments[name]]
    part, numbers = page(call, rows)
    return Reply({"memories": [{name: row[name] for name in _ROW} for row in part], **numbers})


def delete_agent_memory(call: Call) -> Reply:
    memory = call.records.get("memories", call.arguments["memory_id"], agent_id=call.arguments["agent_id"])
    if call.arguments.get("scope", memory["scope"]) != memory["scope"]:
        raise not_found("Memory")
    call.records.remove("memories", memory["id"])
    return Reply({"memory_id": memory["id"]})


def get_scheduler_status(call: Call) -> Reply:
    """Enabled schedule triggers of agents that can run."""
    jobs = []
    for trigger in call.records.all("triggers", trigger_type="schedule", enabled=True):
        agent = call.records.find("agents", trigger["agent_id"])
        if agent is not None and agent["status"] != "archived":
            jobs.append(_job(call, trigger))
    return Reply({"jobs": jobs, "count": len(jobs)})


def _job(call: Call, trigger: JsonObject) -> JsonObject:
    config = trigger["trigger_config"]
    timezone = config.get("timezone", "UTC")
    following = next_run(config["cron"], timezone, call.now())
    runs = call.records.all("trigger_executions", trigger_id=trigger["id"])
    return {
        "trigger_id": trigger["id"],
        "agent_id": trigger["agent_id"],
        "name": trigger["name"],
        "cron": config["cron"],
        "timezone": timezone,
        "next_run_at": iso(following) if following else None,
        "last_run_at": max((row["started_at"] for row in runs), default=None),
        "running": any(row["status"] == "running" for row in runs),
    }
