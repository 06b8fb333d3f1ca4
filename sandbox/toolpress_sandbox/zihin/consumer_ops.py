"""Operators' work on consumers and sessions: denylist, control, manual messages, cancelling a turn."""

from __future__ import annotations

from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.replies import Refusal, Reply, invalid
from toolpress_sandbox.zihin.conversation import ENGAGED, append, control_of
from toolpress_sandbox.zihin.surface import is_unreachable


def set_consumer_denylist(call: Call) -> Reply:
    consumer = call.records.get("consumers", call.arguments["consumer_key"])
    flags: JsonObject = {"do_not_contact": bool(call.arguments["do_not_contact"])}
    if flags["do_not_contact"] and call.arguments.get("reason"):
        flags["reason"] = call.arguments["reason"]
    call.records.update("consumers", consumer["consumer_key"], {"flags": flags})
    return Reply({"consumer_key": consumer["consumer_key"], "flags": flags})


def set_session_control(call: Call) -> Reply:
    session = call.records.get("sessions", call.arguments["session_id"])
    mode = call.arguments["control_mode"]
    metadata: JsonObject = {}
    if mode != ENGAGED:
        metadata = {
            "reason": call.arguments.get("reason"),
            "set_by": call.caller.key_id,
            "set_at": iso(call.now()),
            "expires_at": _until(call),
        }
    call.records.update("sessions", session["id"], {"control_mode": mode, "control_metadata": metadata})
    return Reply({"session_id": session["id"], "control_mode": mode, "control_metadata": metadata})


def send_manual_message(call: Call) -> Reply:
    session = call.records.get("sessions", call.arguments["session_id"])
    mode, _ = control_of(session, call.now())
    if mode == ENGAGED:
        raise Refusal(
            409,
            "INVALID_SESSION_STATE",
            "The agent is in control; use set_session_control with manual_handoff or suspended first",
            {"current_mode": mode},
        )
    callback = _callback(call, session)
    earlier = _earlier(call, session)
    if earlier is not None:
        return _delivered(session, earlier, replay=True)
    if is_unreachable(callback["url"]):
        raise Refusal(502, "DELIVERY_FAILED", "The outbound channel refused the message")
    metadata = {
        "author": "human",
        "sent_by": call.caller.key_id,
        "channel": session["channel"],
        "idempotency_key": call.arguments.get("idempotency_key"),
    }
    message = append(call.records, session["id"], "assistant", call.arguments["message"], metadata)
    return _delivered(session, message, replay=False)


def cancel_agent_turn(call: Call) -> Reply:
    """Nothing in flight is no error: then `cancelled` is false."""
    session = call.records.get("sessions", call.arguments["session_id"])
    running = call.records.all("executions", status="running")
    root = call.arguments.get("root_execution_id")
    if root is not None:
        call.records.get("executions", root, root_execution_id=root)
        hit = [row for row in running if row["root_execution_id"] == root]
    else:
        roots = {row["root_execution_id"] for row in running if row["session_id"] == session["id"]}
        hit = [row for row in running if row["root_execution_id"] in roots]
    for row in hit:
        changes = {"status": "cancelled", "outcome": "cancelled", "finished_at": iso(call.now())}
        call.records.update("executions", row["id"], changes)
    first = next((row["id"] for row in hit if row["session_id"] == session["id"]), hit[0]["id"] if hit else None)
    return Reply(
        {
            "session_id": session["id"],
            "cancelled": bool(hit),
            "execution_id": first,
            "cancelled_executions": [row["id"] for row in hit],
        }
    )


def _until(call: Call) -> str | None:
    text = call.arguments.get("expires_at")
    if text is None:
        return None
    moment = parse_iso(text)
    days = call.settings["control_expiry_days"]
    if not call.now() < moment <= call.now() + timedelta(days=days):
        raise invalid("expires_at", f"must lie in the future, at most {days} days ahead")
    return iso(moment)


def _callback(call: Call, session: JsonObject) -> JsonObject:
    trigger_id = session["trigger_id"]
    trigger = call.records.find("triggers", trigger_id, deleted=True) if trigger_id else None
    if trigger is None or trigger["trigger_type"] != "webhook":
        raise Refusal(422, "NO_TRIGGER_HISTORY", "The session was not opened by a webhook, so there is no way out")
    callback: JsonObject | None = trigger["trigger_config"].get("execution", {}).get("callback")
    if callback is None:
        raise Refusal(
            422,
            "NO_CALLBACK_CONFIG",
            f"Trigger {trigger['name']} has no execution.callback; add it with update_trigger",
        )
    return callback


def _earlier(call: Call, session: JsonObject) -> JsonObject | None:
    """The message that this one repeats: same key, or without a key the same text within the window."""
    key = call.arguments.get("idempotency_key")
    sent = [
        row
        for row in call.records.all("messages", session_id=session["id"])
        if row["metadata"].get("author") == "human"
    ]
    if key is not None:
        return next((row for row in sent if row["metadata"].get("idempotency_key") == key), None)
    oldest = iso(call.now() - timedelta(seconds=call.settings["idempotency_window_s"]))
    same = [row for row in sent if row["content"] == call.arguments["message"] and row["created_at"] > oldest]
    return same[0] if same else None


def _delivered(session: JsonObject, message: JsonObject, *, replay: bool) -> Reply:
    return Reply(
        {
            "session_id": session["id"],
            "message_id": message["id"],
            "delivered": True,
            "channel": session["channel"],
            "idempotent_replay": replay,
        }
    )
