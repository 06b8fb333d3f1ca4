"""What every role may use: who am I, published agents, chat, sessions and their history."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.paging import page
from toolpress_sandbox.replies import Event, Refusal, Reply, not_found
from toolpress_sandbox.zihin.conversation import history, is_expired, listed, open_session
from toolpress_sandbox.zihin.turn import Outcome, Turn, run_turn

_CARD = ("id", "name", "commercial_name", "bio", "type", "status", "tags")


def whoami(call: Call) -> Reply:
    tenant = call.tenant
    return Reply(
        {
            "tenant_id": tenant["id"],
            "tenant_name": tenant["name"],
            "role": call.caller.role,
            "plan": tenant["plan"],
        }
    )


def list_published_agents(call: Call) -> Reply:
    agents = [{name: row[name] for name in _CARD} for row in call.records.all("agents", status="published")]
    return Reply({"agents": agents, "count": len(agents)})


def list_agent_sessions(call: Call) -> Reply:
    arguments = call.arguments
    agent = call.records.get("agents", arguments["agent_id"])
    rows = call.records.all("sessions", agent_id=agent["id"])
    if not arguments.get("include_expired"):
        rows = [row for row in rows if not is_expired(call, row)]
    if arguments.get("roots_only"):
        rows = [row for row in rows if row["parent_session_id"] is None]
    if "consumer_key" in arguments:
        rows = [row for row in rows if row["consumer_key"] == arguments["consumer_key"]]
    sessions = [listed(call, row) for row in sorted(rows, key=lambda row: str(row["updated_at"]), reverse=True)]
    if "control_mode" in arguments:
        sessions = [row for row in sessions if row["control_mode"] == arguments["control_mode"]]
    shown, numbers = page(call, sessions)
    return Reply({"sessions": shown, **numbers})


def get_session_history(call: Call) -> Reply:
    """The latest messages in the order in which they were said."""
    session = call.records.get("sessions", call.arguments["session_id"])
    rows = history(call.records, session["id"])[-int(call.arguments.get("limit", 50)) :]
    messages = [
        {name: row[name] for name in ("id", "role", "content", "created_at")}
        | ({"metadata": row["metadata"]} if row["metadata"].get("author") == "human" else {})
        for row in rows
    ]
    return Reply({"session_id": session["id"], "messages": messages, "count": len(messages)})


def chat_with_agent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    if agent["status"] == "draft" and call.caller.role not in ("owner", "admin", "editor"):
        raise not_found("Agent")
    consumer_key = _person(call)
    session = _session(call, agent, consumer_key)
    outcome = run_turn(call, Turn(agent, call.arguments["message"], session))
    return Reply(events=tuple(_events(outcome)))


def _person(call: Call) -> str | None:
    """Owner and admin may say for whom they speak; a member is the person behind its own key."""
    if call.caller.role in ("owner", "admin"):
        declared: str | None = call.arguments.get("consumer_key")
        return declared
    return f"key:{call.caller.key_id}" if call.caller.role == "member" else None


def _session(call: Call, agent: JsonObject, consumer_key: str | None) -> JsonObject:
    session_id = call.arguments.get("session_id")
    if session_id is None:
        return open_session(call.records, agent["id"], consumer_key=consumer_key)
    session = call.records.get("sessions", session_id, agent_id=agent["id"])
    if consumer_key is not None and session["consumer_key"] not in (None, consumer_key):
        raise Refusal(409, "CONFLICT", "The session belongs to another person; leave session_id out to open a new one")
    return session


def _events(outcome: Outcome) -> list[Event]:
    execution = outcome.execution or {}
    session_id = outcome.session["id"]
    events = [
        Event("metadata", {"agent_id": outcome.session["agent_id"], "execution_id": execution.get("id")}),
        Event("session", {"session_id": session_id}),
        Event("status", {"status": "gated" if outcome.gate else "running"}),
    ]
    events += [
        Event("tool", {"name": entry["name"], "status": "error" if entry["error"] else "done"})
        for entry in outcome.tool_calls
    ]
    events += [Event("token", {"text": word}) for word in outcome.response.splitlines(keepends=True)]
    events.append(Event("response", _response(outcome)))
    metrics = {
        "execution_time_ms": execution.get("latency_ms", 0),
        "tokens": execution.get("tokens", {"input": 0, "output": 0, "total": 0}),
        "cost_usd": execution.get("cost_usd", 0),
    }
    return [*events, Event("metrics", metrics), Event("done", {})]


def _response(outcome: Outcome) -> JsonObject:
    execution = outcome.execution or {}
    body: JsonObject = {
        "success": True,
        "response": outcome.response,
        "session_id": outcome.session["id"],
        "execution_id": execution.get("id"),
        "model_used": execution.get("model"),
        "tool_calls": outcome.tool_calls,
        "tools_used": sorted({entry["name"] for entry in outcome.tool_calls}),
        "cancelled": False,
        "gated": outcome.gate is not None,
    }
    return {**body, "gate": outcome.gate} if outcome.gate else body
