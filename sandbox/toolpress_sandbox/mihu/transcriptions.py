"""Transcriptions of recordings made elsewhere: accepted at once, taken up after 5 seconds, done after 20.

A recording whose address ends in `/missing.mp3` cannot be fetched, and such a request fails instead.
"""

from __future__ import annotations

from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import deliveries, evaluations, parties, scoring, threads
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_TAKEN_UP_AFTER_S, _DONE_AFTER_S = 5, 20
_LARGEST_MB = 128
_SCRIPT = (
    ("Human", "Good morning, how can I help you?"),
    ("Contact", "I would like to book a test drive, please."),
    ("Human", "Gladly. Would tomorrow at ten suit you?"),
    ("Contact", "Yes, perfect, thank you."),
)
_ACCEPTED = (
    "uuid", "reference_id", "status", "s3_file_path", "s3_file_url", "created_at", "qa_agent_uuid",
    "coaching_agent_uuid",
)  # fmt: skip


def advance(records: Records) -> None:
    """Take up and finish what has waited long enough."""
    now = records.clock.now()
    for status in ("pending", "processing"):
        for row in records.all("transcriptions", status=status):
            age = (now - parse_iso(row["created_at"])).total_seconds()
            if age >= _DONE_AFTER_S:
                _finish(records, row)
            elif age >= _TAKEN_UP_AFTER_S and status == "pending":
                records.update("transcriptions", row["uuid"], {"status": "processing"})


def create_transcription(call: Call) -> Reply:
    records, given = call.records, call.changes()
    file = given.pop("voice_file", None)
    if file is None and "voice_url" not in given:
        raise refused("voice_url", "is required unless voice_file is sent")
    if file and len(file["content"]) * 3 // 4 > _LARGEST_MB * 1024 * 1024:
        raise refused("voice_file", f"must have at most {_LARGEST_MB} MB")
    agents = {
        "qa_agent_uuid": _evaluator(call, "qa_agents", given.get("qa_agent_uuid")),
        "coaching_agent_uuid": _evaluator(call, "coaching_agents", given.get("coaching_agent_uuid")),
    }
    uuid = records.new_id()
    name = file["name"] if file else given["voice_url"].rpartition("/")[2]
    path = f"transcriptions/{uuid}.{name.rpartition('.')[2] if '.' in name else 'mp3'}"
    stored = {"s3_file_path": path, "s3_file_url": f"https://files.example.com/{path}"}
    contact = {"contact_uuid": _contact(records, given)}
    row = records.insert("transcriptions", {"uuid": uuid, **given, **agents, **stored, **contact})
    return done("Transcription request submitted successfully", {name: row[name] for name in _ACCEPTED})


def get_transcription_transcript(call: Call) -> Reply:
    return done("", _result(call.records, call.records.get("transcriptions", call.arguments["uuid"])))


def _result(records: Records, row: JsonObject) -> JsonObject:
    """Who said what, and how it was judged; nothing of both before the end."""
    session = records.find("sessions", str(row["session_uuid"]))
    said = threads.messages(records, session_uuid=session["uuid"]) if session else []
    judged = evaluations.of_session(records, session["uuid"]) if session else None
    found = {name: judged[name] for name in evaluations.METRICS} if judged else {}
    return {
        "id": row["uuid"],
        **{name: row[name] for name in ("reference_id", "status", "qa_agent_uuid", "coaching_agent_uuid")},
        "conversation": {"id": session["conversation_uuid"] if session else None, **threads.transcript(said)},
        "session": {"id": session["uuid"], "type": "voice", "status": "completed"} if session else None,
        "evaluations": {**found, "qa": row["report"], "coaching": row["feedback"]} if session else {},
        "processed_at": row["processed_at"],
        "timestamp": int(parse_iso(row["created_at"]).timestamp()),
    }


def _finish(records: Records, row: JsonObject) -> None:
    """Write down what was heard, or why nothing was, and tell whoever asked to be told."""
    at = iso(parse_iso(row["created_at"]) + timedelta(seconds=_DONE_AFTER_S))
    missing = str(row.get("voice_url") or "").endswith("/missing.mp3")
    failure = {"status": "failed", "error_message": "The audio could not be fetched."}
    changes = failure if missing else _heard(records, row, at)
    row = records.update("transcriptions", row["uuid"], {**changes, "processed_at": at, "updated_at": at})
    if row.get("webhook_url"):
        deliveries.post(row["webhook_url"], _result(records, row), row.get("webhook_header_token"))


def _heard(records: Records, row: JsonObject, at: str) -> JsonObject:
    """Keep what was heard as a closed conversation of a human agent; the members that this gives the transcription."""
    contact = records.find("contacts", str(row["contact_uuid"]))
    conversation = threads.begin(records, None, contact, "call", responded_by="Human", created_at=row["created_at"])
    session = threads.begin_session(records, conversation, row["created_at"])
    for sender, text in _SCRIPT:
        threads.say(records, conversation, sender, text, at=row["created_at"])
    threads.close(records, conversation["uuid"], at)
    text = threads.transcript(threads.messages(records, session_uuid=session["uuid"]))["plain"]
    result = {"status": "completed", "transcription_result": text, "session_uuid": session["uuid"]}
    return {**result, **_judged(records, row)}


def _judged(records: Records, row: JsonObject) -> JsonObject:
    """The report of the QA agent on the human agent, and the feedback of the coach if the score needs any."""
    judge = records.find("qa_agents", str(row["qa_agent_uuid"]))
    coach = records.find("coaching_agents", str(row["coaching_agent_uuid"]))
    if judge is None or not judge["automatic_scoring"]:
        return {}
    report = scoring.evaluate(judge, (text for sender, text in _SCRIPT if sender == "Human"))
    return {"report": report, "feedback": scoring.coach(coach, report) if coach else None}


def _evaluator(call: Call, collection: str, wanted: str | None) -> str | None:
    """The agent template asked for, or the tenant's default one."""
    if wanted is not None:
        if call.records.find(collection, wanted) is None:
            raise not_found("Agent template")
        return wanted
    default = call.records.first(collection, is_default=True)
    return str(default["uuid"]) if default else None


def _contact(records: Records, given: JsonObject) -> str | None:
    """The contact of the phone number, or else of the email address; none is made."""
    phone, email = given.get("customer_phone"), given.get("customer_email")
    found = records.first("contacts", phone_number=phone) if phone else None
    found = found or (parties.contact_at(records, email) if email else None)
    return str(found["uuid"]) if found else None
