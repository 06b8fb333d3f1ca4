"""Transcriptions of recordings made elsewhere: accepted at once, taken up after 5 seconds, done after 20.

A recording whose address ends in `/missing.mp3` cannot be fetched, and such a request fails instead.
"""

from __future__ import annotations

from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import evaluations, threads
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
    records = call.records
    row = records.get("transcriptions", call.arguments["uuid"])
    session = records.find("sessions", str(row["session_uuid"]))
    said = threads.messages(records, session_uuid=session["uuid"]) if session else []
    judged = evaluations.of_session(records, session["uuid"]) if session else None
    data = {
        "id": row["uuid"],
        **{name: row[name] for name in ("reference_id", "status", "qa_agent_uuid", "coaching_agent_uuid")},
        "conversation": {"id": session["conversation_uuid"] if session else None, **threads.transcript(said)},
        "session": {"id": session["uuid"], "type": "voice", "status": "completed"} if session else None,
        "evaluations": {name: judged[name] for name in evaluations.METRICS} if judged else {},
        "processed_at": row["processed_at"],
        "timestamp": int(parse_iso(row["created_at"]).timestamp()),
    }
    return done("", data)


def _finish(records: Records, row: JsonObject) -> None:
    """Keep what was heard as a closed conversation of a human agent, or say why it could not be heard."""
    at = iso(parse_iso(row["created_at"]) + timedelta(seconds=_DONE_AFTER_S))
    times = {"processed_at": at, "updated_at": at}
    if str(row.get("voice_url") or "").endswith("/missing.mp3"):
        failure = {"status": "failed", "error_message": "The audio could not be fetched."}
        records.update("transcriptions", row["uuid"], {**failure, **times})
        return
    contact = records.find("contacts", str(row["contact_uuid"]))
    conversation = threads.begin(records, None, contact, "call", responded_by="Human", created_at=row["created_at"])
    session = threads.begin_session(records, conversation, row["created_at"])
    for sender, text in _SCRIPT:
        threads.say(records, conversation, sender, text, at=row["created_at"])
    threads.close(records, conversation["uuid"], at)
    text = threads.transcript(threads.messages(records, session_uuid=session["uuid"]))["plain"]
    result = {"status": "completed", "transcription_result": text, "session_uuid": session["uuid"]}
    records.update("transcriptions", row["uuid"], {**result, **times})


def _evaluator(call: Call, collection: str, wanted: str | None) -> str | None:
    """The agent template asked for, or the tenant's default one."""
    if wanted is not None:
        if call.records.find(collection, wanted) is None:
            raise not_found("Agent template")
        return wanted
    rows = call.records.all(collection, is_default=True) if collection in call.definition.collections else []
    return str(rows[0]["uuid"]) if rows else None


def _contact(records: Records, given: JsonObject) -> str | None:
    """The contact of the phone number, or else of the email address; none is made."""
    for argument, member in (("customer_phone", "phone_number"), ("customer_email", "email")):
        rows = records.all("contacts", **{member: given[argument]}) if given.get(argument) else []
        if rows:
            return str(rows[0]["uuid"])
    return None
