"""One turn of an agent: gates, budget, tools named in the message, sub-agents, a deterministic answer, the books."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Refusal
from toolpress_sandbox.zihin import ledger, tool_use
from toolpress_sandbox.zihin.conversation import (
    ENGAGED,
    append,
    control_of,
    history,
    is_denied,
    meet,
    open_session,
)
from toolpress_sandbox.zihin.plans import cost_of, has_own_key, model_of
from toolpress_sandbox.zihin.policies import is_closed, rules_for
from toolpress_sandbox.zihin.surface import resolve

DEFAULT_DEPTH = 2
_SYSTEM_TOKENS = 180
_GATE_TEXTS = {
    "denylist": "",
    "suspended": "This conversation is suspended.",
    "manual_handoff": "A person will answer you here.",
    "schedule_policy": "We are closed at the moment.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn came to. `execution` is None when a gate answered: no model call, no cost."""

    response: str
    session: JsonObject
    execution: JsonObject | None
    gate: str | None = None

    @property
    def tool_calls(self) -> list[JsonObject]:
        calls: list[JsonObject] = self.execution["tool_calls"] if self.execution else []
        return calls


@dataclass(frozen=True, slots=True)
class Turn:
    """A message on its way to an agent. `parent` is the execution of the agent that asks, for a sub-agent."""

    agent: JsonObject
    message: str
    session: JsonObject
    parent: JsonObject | None = None
    depth: int = 0
    context: JsonObject | None = None


def run_turn(call: Call, turn: Turn) -> Outcome:
    """Raises AGENT_ARCHIVED, BUDGET_EXCEEDED or QUOTA_EXCEEDED; then nothing of the turn is stored."""
    if turn.agent["status"] == "archived":
        raise Refusal(409, "AGENT_ARCHIVED", f"{turn.agent['name']} is archived and cannot run")
    gate = _gate(call, turn)
    if gate is not None:
        return _gated(call, turn, gate)
    model_name = turn.agent["llm_config"].get("model", "auto")
    own_key = has_own_key(call, model_name)
    ledger.refuse_if_spent(call, turn.agent)
    if not own_key:
        ledger.refuse_if_quota_used(call)
    model = model_of(call, model_name) or model_of(call, "auto") or {}
    return _work(call, turn, model, own_key)


def _gate(call: Call, turn: Turn) -> str | None:
    """The order is fixed: denylist, session control, schedule policy."""
    if is_denied(call.records, turn.session["consumer_key"]):
        return "denylist"
    mode, _ = control_of(turn.session, call.now())
    if mode != ENGAGED:
        return mode
    schedule = rules_for(call, turn.agent["id"]).get("schedule")
    return "schedule_policy" if schedule and is_closed(schedule, call.now()) else None


def _gated(call: Call, turn: Turn, gate: str) -> Outcome:
    if gate != "denylist":
        append(call.records, turn.session["id"], "user", turn.message, {"gated": gate})
    return Outcome(_GATE_TEXTS[gate], turn.session, None, gate)


def _work(call: Call, turn: Turn, model: JsonObject, own_key: bool) -> Outcome:
    records = call.records
    session_id = turn.session["id"]
    if turn.session["consumer_key"]:
        meet(records, turn.session["consumer_key"], call.now())
    earlier = history(records, session_id)
    append(records, session_id, "user", turn.message)
    execution = _start(call, turn, model, own_key)
    tools = [tool for tool in resolve(call, turn.agent) if tool["status"] == "resolved"]
    behavior = rules_for(call, turn.agent["id"]).get("behavior", {})
    calls = tool_use.run(call, tools, behavior, turn.message, execution)
    if any(tool["name"] == "invoke_agent" for tool in tools):
        calls += _invoke_others(call, turn, execution, behavior)
    for entry in calls:
        append(records, session_id, "tool", str(entry["output"] or entry["error"]), {"tool": entry["name"]})
    response = _answer(turn, calls, len([row for row in earlier if row["role"] == "user"]) + 1)
    append(records, session_id, "assistant", response, {"author": "agent"})
    execution = _finish(call, turn, execution, model, calls, earlier, response)
    ledger.charge(call, turn.agent["id"], execution["cost_usd"], execution["tokens"]["total"], own_key=own_key)
    return Outcome(response, records.get("sessions", session_id), execution)


def _start(call: Call, turn: Turn, model: JsonObject, own_key: bool) -> JsonObject:
    execution_id = call.records.new_id()
    return call.records.insert(
        "executions",
        {
            "id": execution_id,
            "root_execution_id": turn.parent["root_execution_id"] if turn.parent else execution_id,
            "parent_execution_id": turn.parent["id"] if turn.parent else None,
            "agent_id": turn.agent["id"],
            "session_id": turn.session["id"],
            "model": model["id"],
            "byok": own_key,
            "status": "running",
            "finished_at": None,
        },
    )


def _finish(
    call: Call, turn: Turn, execution: JsonObject, model: JsonObject, calls: list[JsonObject],
    earlier: list[JsonObject], response: str,
) -> JsonObject:  # fmt: skip
    read = sum(len(row["content"]) for row in earlier) + len(turn.message)
    tokens = {"input": _SYSTEM_TOKENS + math.ceil(read / 4), "output": max(1, math.ceil(len(response) / 4))}
    tokens["total"] = tokens["input"] + tokens["output"]
    thinking = 300 + 2 * tokens["output"]
    in_tools = sum(int(entry["duration_ms"]) for entry in calls)
    loaded = [tool["name"] for tool in resolve(call, turn.agent) if tool["status"] == "resolved"]
    phases = [{"name": "prepare", "duration_ms": 40}, {"name": "model", "duration_ms": thinking}]
    if calls:
        phases.append({"name": "tools", "duration_ms": in_tools})
    failed = [entry for entry in calls if entry["error"]]
    changes: JsonObject = {
        "status": "success",
        "outcome": "completed",
        "iterations": 1 + len(calls),
        "phases": phases,
        "tool_calls": calls,
        "tokens": tokens,
        "cost_usd": cost_of(model, tokens),
        "latency_ms": 40 + thinking + in_tools,
        "errors_by_step": [{"step": 1, "code": "TOOL_ERROR", "message": str(entry["error"])} for entry in failed],
        "tools_loaded": len(loaded),
        "tools_loaded_names": loaded,
        "finished_at": iso(call.now()),
    }
    return call.records.update("executions", execution["id"], changes)


def _answer(turn: Turn, calls: list[JsonObject], number: int) -> str:
    name = turn.agent.get("commercial_name") or turn.agent["name"]
    said = f'{name}, turn {number}: you said "{turn.message}".'
    found = [f"{entry['name']}: {entry['error'] or tool_use.as_text(entry['output'])}" for entry in calls]
    return "\n".join([said, *found])


def _invoke_others(call: Call, turn: Turn, execution: JsonObject, behavior: JsonObject) -> list[JsonObject]:
    """Ask the agents named in the message, else the first that the policy allows."""
    if turn.depth >= int(behavior.get("max_agent_depth", DEFAULT_DEPTH)):
        return []
    published = [row for row in call.records.all("agents", status="published") if row["id"] != turn.agent["id"]]
    allowed = behavior.get("allowed_invoke_agents") or []
    candidates = [row for row in published if not allowed or row["id"] in allowed]
    text = turn.message.casefold()
    named = [row for row in candidates if row["name"].casefold() in text or row["id"] in text]
    return [_invoke(call, turn, execution, agent) for agent in named or (candidates[:1] if allowed else [])]


def _invoke(call: Call, turn: Turn, execution: JsonObject, agent: JsonObject) -> JsonObject:
    children = call.records.all("sessions", agent_id=agent["id"], parent_session_id=turn.session["id"])
    session = (
        children[0]
        if children
        else open_session(call.records, agent["id"], channel="agent", parent_session_id=turn.session["id"])
    )
    entry: JsonObject = {
        "name": "invoke_agent",
        "source": "core",
        "input": {"agent_id": agent["id"], "message": turn.message},
        "output": None,
        "error": None,
        "duration_ms": 0,
    }
    try:
        child = replace(turn, agent=agent, session=session, parent=execution, depth=turn.depth + 1)
        outcome = run_turn(call, child)
    except Refusal as refusal:
        return {**entry, "error": refusal.code}
    duration = outcome.execution["latency_ms"] if outcome.execution else 0
    return {**entry, "output": outcome.response, "duration_ms": duration}
