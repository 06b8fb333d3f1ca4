"""Starting an agent through a trigger: find the message, the session and the answer's form."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Refusal, Reply, invalid
from toolpress_sandbox.zihin.conversation import open_session
from toolpress_sandbox.zihin.turn import Outcome, Turn, run_turn

_TWIML_LENGTH = 4096


def message_of(trigger: JsonObject, payload: JsonObject) -> str:
    """The text for the agent, by the trigger's kind. Raises VALIDATION_ERROR when the payload lacks it."""
    config = trigger["trigger_config"]
    kind = trigger["trigger_type"]
    if kind in ("schedule", "db_event"):
        return str(config.get("query_template") or json.dumps(payload, ensure_ascii=False))
    if kind == "email":
        return f"{payload.get('subject', '')}\n{payload.get('body', '')}".strip() or "(empty mail)"
    extraction = config.get("query_extraction", {"mode": "field"})
    if extraction["mode"] == "full_body":
        return json.dumps(payload, ensure_ascii=False)
    field = extraction.get("field", "message")
    value = payload.get(field)
    if not isinstance(value, str) or not value:
        raise invalid(f"payload.{field}", "must hold the message for the agent")
    return value


def context_of(trigger: JsonObject, payload: JsonObject) -> JsonObject:
    """Context names and what their paths find; a path that finds nothing leaves its name out."""
    mapping = trigger["trigger_config"].get("context_mapping", {})
    found = {name: _lookup(path, payload) for name, path in mapping.items()}
    return {name: value for name, value in found.items() if value is not None}


def session_for(call: Call, trigger: JsonObject, context: JsonObject, execution_id: str | None) -> JsonObject:
    """With `derive` the session of these context values; a name that does not resolve opens a new one each time."""
    strategy = trigger["trigger_config"].get("session_strategy", {})
    fields = strategy.get("fields", []) if isinstance(strategy, dict) else []
    resolved = bool(fields) and all(name in context for name in fields)
    key = json.dumps([context[name] for name in fields]) if resolved else None
    if key is not None:
        known = call.records.all("sessions", trigger_id=trigger["id"], derived_from=key)
        if known:
            return known[-1]
    person = str(context[fields[0]]) if resolved else None
    return open_session(
        call.records,
        trigger["agent_id"],
        consumer_key=person,
        channel=trigger["trigger_type"],
        trigger_id=trigger["id"],
        trigger_execution_id=execution_id,
        derived_from=key,
    )


def fire(call: Call, trigger: JsonObject, payload: JsonObject, *, record: bool) -> tuple[Outcome, JsonObject]:
    """Run the agent. With `record` the run is kept as an execution of the trigger, a failed one too.

    Gives the outcome and the execution row (not stored without `record`).
    """
    agent = call.records.get("agents", trigger["agent_id"])
    now = iso(call.now())
    row: JsonObject = {
        "id": call.records.new_id(),
        "trigger_id": trigger["id"],
        "payload": payload,
        "started_at": now,
        "finished_at": now,
        "created_at": now,
    }
    try:
        message = message_of(trigger, payload)
        context = context_of(trigger, payload)
        session = session_for(call, trigger, context, row["id"] if record else None)
        outcome = run_turn(call, Turn(agent, message, session))
    except Refusal as refusal:
        if record:
            call.records.insert("trigger_executions", {**row, "status": "error", "error": refusal.message})
            refusal.keep = True
        raise
    execution = outcome.execution or {}
    row |= {
        "status": "success",
        "session_id": outcome.session["id"],
        "execution_id": execution.get("id"),
        "response": outcome.response,
        "duration_ms": execution.get("latency_ms", 0),
    }
    if record:
        row = call.records.insert("trigger_executions", row)
    return outcome, row


def adapted(trigger: JsonObject, outcome: Outcome, execution: JsonObject) -> Reply:
    """The answer in the form that the caller's system expects."""
    adapter = trigger["trigger_config"].get("response_adapter", {})
    form = adapter.get("format", "raw")
    text = "" if outcome.gate == "denylist" else outcome.response
    limit = adapter.get("max_length", _TWIML_LENGTH if form == "twiml" else None)
    text = text[:limit] if limit else text
    if form == "twiml":
        said = f"<Message>{escape(text)}</Message>" if text and not outcome.gate else ""
        document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
        return Reply(content=document.encode(), media_type="application/xml")
    if form == "ebarn":
        return Reply(content=json.dumps([{"type": "text", "text": text}]).encode())
    if form == "slack":
        return Reply({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
    if form == "teams":
        return Reply({"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": text}]})
    return Reply(
        {
            "response": text,
            "session_id": outcome.session["id"],
            "execution_id": execution["id"],
            "gated": outcome.gate is not None,
        }
    )


def _lookup(path: str, payload: JsonObject) -> Any:
    """The simple JSONPaths that context mappings use: $.name.name."""
    value: Any = payload
    for part in filter(None, path.removeprefix("$").split(".")):
        value = value.get(part) if isinstance(value, dict) else None
    return value
