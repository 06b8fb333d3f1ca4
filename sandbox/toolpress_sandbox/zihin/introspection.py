"""What an agent is made of, whether it holds together, a trial of its triggers, and its figures."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin.documents import active_schemas, judge, judge_agent
from toolpress_sandbox.zihin.firing import fire
from toolpress_sandbox.zihin.policies import effective
from toolpress_sandbox.zihin.surface import resolve
from toolpress_sandbox.zihin.triggers import with_call

DAYS = {"1d": 1, "7d": 7, "30d": 30}
_RECENT = 5
_WORD = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")


def get_agent_full(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    return Reply(
        {
            "agent": agent,
            "schemas": call.records.all("schemas", agent_id=agent["id"]),
            "triggers": [with_call(call, row) for row in call.records.all("triggers", agent_id=agent["id"])],
            "csps": effective(call, {"agent": agent["id"]}),
        }
    )


def list_agent_tools(call: Call) -> Reply:
    tools = resolve(call, call.records.get("agents", call.arguments["agent_id"]))
    return Reply({"tools": tools, "count": len(tools)})


def validate_agent_schemas(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    rows = judge_agent(call, agent["id"])
    return Reply(
        {
            "valid": all(row["valid"] for row in rows),
            "schemas": rows,
            "surface": {"cited_outside": _cited_outside(call, agent), "error": None},
        }
    )


def validate_schema_data(call: Call) -> Reply:
    verdict = judge(call, call.arguments["schema_type"], call.arguments["schema_data"])
    return Reply({"valid": verdict.valid, "errors": verdict.errors, "warnings": verdict.warnings})


def test_trigger(call: Call) -> Reply:
    """The agent runs and is charged; whatever the trial left in its sessions is removed again."""
    trigger = call.records.get("triggers", call.arguments["trigger_id"])
    sessions = {row["id"] for row in call.records.all("sessions")}
    trial = {**trigger, "trigger_config": {**trigger["trigger_config"], "session_strategy": {"mode": "ephemeral"}}}
    outcome, row = fire(call, trial, _payload(call, trigger), record=False)
    for session in call.records.all("sessions"):
        if session["id"] not in sessions:
            for collection in ("messages", "executions", "approvals"):
                for entry in call.records.all(collection, session_id=session["id"]):
                    call.records.remove(collection, entry["id"], hard=True)
            call.records.remove("sessions", session["id"], hard=True)
    return Reply(
        {
            "response": outcome.response,
            "execution_id": row["id"],
            "session_id": outcome.session["id"],
            "duration_ms": row["duration_ms"],
        }
    )


def get_agent_metrics(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    period = call.arguments.get("period", "7d")
    since = iso(call.now() - timedelta(days=DAYS[period]))
    runs = [row for row in _runs(call, agent["id"]) if row["created_at"] >= since]
    sessions = [row for row in call.records.all("sessions", agent_id=agent["id"]) if row["updated_at"] >= since]
    recent = sorted(sessions, key=lambda row: str(row["updated_at"]), reverse=True)[:_RECENT]
    names = ("id", "channel", "message_count", "updated_at")
    return Reply(
        {
            "agent_id": agent["id"],
            "period": period,
            "llm": _llm(runs),
            "tools": _tools(runs, call.settings["metrics_tool_sample"]),
            "sessions": {
                "total": len(sessions),
                "recent": [{name: row[name] for name in names} for row in recent],
            },
        }
    )


def _payload(call: Call, trigger: JsonObject) -> JsonObject:
    if "payload" in call.arguments:
        payload: JsonObject = call.arguments["payload"]
        return payload
    field = trigger["trigger_config"].get("query_extraction", {}).get("field", "message")
    return {field: "Test message"}


def _cited_outside(call: Call, agent: JsonObject) -> list[JsonObject]:
    """Tool names in persona, skills and workflow that the agent cannot call."""
    tools = {tool["name"]: tool for tool in resolve(call, agent)}
    cited: dict[str, str] = {}
    for schema in active_schemas(call, agent["id"]):
        if schema["schema_type"] not in ("persona_config", "skill_config", "workflow_config"):
            continue
        steps = schema["schema_data"].get("workflow", {}).get("steps", [])
        named = {name for step in steps if isinstance(step, dict) for name in step.get("tools", ())}
        known = set(_WORD.findall(str(schema["schema_data"]))) & set(tools)
        for name in named | known:
            if name not in tools:
                cited[name] = "not_in_surface"
            elif tools[name]["error"] == "blocked_by_csp":
                cited[name] = "blocked_by_csp"
    return [{"tool": name, "reason": reason} for name, reason in sorted(cited.items())]


def _runs(call: Call, agent_id: str) -> list[JsonObject]:
    rows = call.records.all("executions", agent_id=agent_id)
    return sorted((row for row in rows if row["status"] != "running"), key=lambda row: str(row["created_at"]))


def _llm(runs: list[JsonObject]) -> JsonObject:
    failed = sum(row["status"] == "error" for row in runs)
    latencies = sorted(row["latency_ms"] for row in runs if row["latency_ms"] is not None)
    tokens = {name: sum(row["tokens"][name] for row in runs) for name in ("input", "output", "total")}
    return {
        "calls": len(runs),
        "errors": failed,
        "success_rate": round((len(runs) - failed) / len(runs), 4) if runs else None,
        "tokens": tokens,
        "cost_usd": round(sum(row["cost_usd"] for row in runs), 6),
        "latency_p50_ms": _percentile(latencies, 0.5),
        "latency_p95_ms": _percentile(latencies, 0.95),
    }


def _percentile(values: list[int], share: float) -> int | None:
    """Nearest rank."""
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else None


def _tools(runs: list[JsonObject], sample: int) -> JsonObject:
    """Use by tool over the latest `sample` calls; `sample_truncated` tells that there were more."""
    calls = [entry for row in runs for entry in row["tool_calls"]]
    seen = calls[-sample:]
    used = Counter(entry["name"] for entry in seen)
    failed = Counter(entry["name"] for entry in seen if entry["error"])
    usage = [{"tool": name, "calls": count, "errors": failed[name]} for name, count in used.most_common()]
    return {"usage": usage, "sample_truncated": len(calls) > sample}
