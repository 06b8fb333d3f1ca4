"""Sessions and what the evaluation found in them."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox import calls
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import evaluations, filters, parties, threads
from toolpress_sandbox.mihu.answers import conflict, done, listed, refused
from toolpress_sandbox.mihu.conversations import messages_page
from toolpress_sandbox.mihu.evaluate import in_force
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_LINKS = {name: name for name in ("agent_uuid", "contact_uuid", "campaign_uuid")}
_OF_EVALUATION = {name: name for name in ("session_uuid", "conversation_uuid", "contact_uuid", "agent_uuid")}
_SHOWN = (
    "uuid", "started_at", "ended_at", "last_activity_at", "evaluated_at", "summary", "summary_generated_at",
    "created_at", "updated_at", "conversation_uuid", "agent_uuid", "call_uuid", "campaign_uuid", "listing_uuid",
)  # fmt: skip


def list_sessions(call: Call) -> Reply:
    rows = filters.from_to(call, filters.equal(call, call.records.all("sessions"), _LINKS), "started_at")
    return _page(call, rows)


def list_conversation_sessions(call: Call) -> Reply:
    conversation = call.records.get("conversations", call.arguments["uuid"])
    return _page(call, call.records.all("sessions", conversation_uuid=conversation["uuid"]))


def get_session(call: Call) -> Reply:
    return done("Session retrieved successfully", shown(call.records, _session(call)))


def list_session_messages(call: Call) -> Reply:
    rows = call.records.all("messages", session_uuid=_session(call)["uuid"])
    return messages_page(call, "Session messages retrieved successfully", rows)


def list_session_evaluations(call: Call) -> Reply:
    rows = filters.equal(call, call.records.all("evaluations"), _OF_EVALUATION)
    rows = filters.newest_first(filters.from_to(call, rows, "created_at"))
    return listed(call, "Evaluations retrieved successfully", rows, lambda row: _evaluation(call.records, row))


def get_session_evaluation(call: Call) -> Reply:
    row = evaluations.of_session(call.records, _session(call)["uuid"])
    if row is None:
        raise not_found("Evaluation")
    return done("Evaluation retrieved successfully", _evaluation(call.records, row))


def evaluate_session(call: Call) -> Reply:
    session = _session(call)
    if session["ended_at"] is None:
        raise conflict("The session is still open")
    if not in_force(call.records, session["agent_uuid"])["is_active"]:
        raise refused("uuid", "belongs to an agent whose evaluation is switched off")
    row = evaluations.judge(call.records, session, call.records.now())
    return done("Session evaluated successfully", _evaluation(call.records, row))


def shown(records: Records, row: JsonObject) -> JsonObject:
    return {
        **{name: row[name] for name in _SHOWN},
        "contact": parties.person(records, row),
        "task_uuids": threads.task_uuids(records, row["conversation_uuid"]),
    }


def _evaluation(records: Records, row: JsonObject) -> JsonObject:
    return calls.shown(records.collection("evaluations"), row)


def _session(call: Call) -> JsonObject:
    return call.records.get("sessions", call.arguments["uuid"])


def _page(call: Call, rows: list[JsonObject]) -> Reply:
    """Newest first; `active` sessions are those without an end."""
    if "status" in call.sent:
        rows = [row for row in rows if (row["ended_at"] is None) == (call.arguments["status"] == "active")]
    rows = filters.newest_first(rows, "started_at")
    return listed(call, "Sessions retrieved successfully", rows, lambda row: shown(call.records, row))
