"""One attempt of a task: it begins, and for a call it is settled when the call has ended."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import cadence, calls, logs, messaging, parties, runs
from toolpress_sandbox.mihu.moments import zone
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal


def begin(records: Records, task: JsonObject) -> str | None:
    """Do the work of a task; the call that is under way, or None when the attempt is over already."""
    agent, contact = records.find("agents", task["agent_uuid"]), records.find("contacts", task["contact_uuid"])
    if contact is None or parties.is_blocked(records, contact):
        reason = "The contact no longer exists" if contact is None else "The contact is blacklisted"
        records.update("tasks", task["uuid"], {"status": "cancelled", "last_attempt": _attempt(records, task, reason)})
        runs.lead(records, task, status="Skipped", next_retry_at=None)
        return None
    task = _begun(records, task)
    if agent is None:
        _fail(records, task, "The agent no longer exists")
    elif task["type"] == "make_call":
        return _call(records, task, agent, contact)
    elif task["type"] == "send_message":
        _message(records, task, agent, contact)
    else:
        _complete(records, task)
    return None


def settle(records: Records, task: JsonObject, call: JsonObject | None) -> None:
    """What follows from the end of the call; a failed attempt is made again as the task says."""
    if call is not None and call["status"] == "completed":
        _complete(records, task)
    elif task["attempts"] < task["max_attempts"] and (not task["run"] or runs.running(records, task)):
        _again(records, task)
    else:
        _fail(records, task, "Not answered")


def _begun(records: Records, task: JsonObject) -> JsonObject:
    number = task["attempts"] + 1
    attempt = {**_attempt(records, task, None), "attempt": number, "status": "in_progress", "finished_at": None}
    changes = {"status": "in_progress", "attempts": number, "last_attempt": attempt}
    standing = "In_Call" if task["type"] == "make_call" else "Processing"
    today = _today(records, task)
    runs.lead(records, task, status=standing, started_at=records.now(), next_retry_at=None, today=today)
    return records.update("tasks", task["uuid"], changes)


def _call(records: Records, task: JsonObject, agent: JsonObject, contact: JsonObject) -> str | None:
    try:
        call = calls.place(records, agent, contact, task_uuid=task["uuid"])
    except Refusal as refusal:
        _fail(records, task, refusal.message)
        return None
    _talk(records, task, call["conversation_uuid"])
    return str(call["uuid"])


def _message(records: Records, task: JsonObject, agent: JsonObject, contact: JsonObject) -> None:
    channel = runs.channel(records, agent["agent_uuid"], "send_message")
    if channel is None:
        _fail(records, task, "The agent has no channel for messages")
        return
    template = task["task_data"].get("template_uuid")
    kind = "template" if template else "text"
    members = {"message_type": kind, "template_uuid": template, "task_uuid": task["uuid"]}
    try:
        row = messaging.send(records, agent, contact, channel, task["description"] or task["title"], **members)
    except Refusal as refusal:
        _fail(records, task, refusal.message)
        return
    _complete(records, _talk(records, task, row["conversation_uuid"]))


def _talk(records: Records, task: JsonObject, conversation_uuid: str) -> JsonObject:
    """Tie the attempt and its conversation to each other."""
    owners = {name: task[name] for name in ("campaign_uuid", "listing_uuid") if task[name]}
    records.update("conversations", conversation_uuid, owners)
    attempt = {**task["last_attempt"], "conversation_uuid": conversation_uuid}
    return records.update("tasks", task["uuid"], {"last_attempt": attempt})


def _complete(records: Records, task: JsonObject) -> None:
    _over(records, task, "completed", None)
    runs.lead(records, task, status="Completed", completed_at=records.now())


def _fail(records: Records, task: JsonObject, reason: str) -> None:
    """No further attempt. Of a run that was halted in between, the member waits for the next one."""
    _over(records, task, "failed", reason)
    waits = task["run"] and task["attempts"] < task["max_attempts"] and not runs.running(records, task)
    ending = {"status": "Pending"} if waits else {"status": "Failed", "failed_at": records.now()}
    runs.lead(records, task, **ending, retry_count=_retries(records, task))


def _again(records: Records, task: JsonObject) -> None:
    started = parse_iso(task["last_attempt"]["started_at"])
    wait = cadence.delay(task["retry_delay_minutes"], task["retry_strategy"], task["attempts"])
    moment = max(started + wait, records.clock.now())
    if task["run"]:
        where = zone(task["timezone"]) or runs.workspace_zone(records)
        moment = runs.within(moment, task["run"], (_member(records, task) or {}).get("today"), where)
    _over(records, task, "scheduled", "Not answered", scheduled_at=iso(moment))
    runs.lead(records, task, status="Retrying", retry_count=_retries(records, task), next_retry_at=iso(moment))


def _over(records: Records, task: JsonObject, status: str, reason: str | None, **changes: object) -> None:
    outcome = "completed" if status == "completed" else "failed"
    attempt = {**task["last_attempt"], "status": outcome, "finished_at": records.now(), "error": reason}
    records.update("tasks", task["uuid"], {"status": status, "last_attempt": attempt, **changes})
    _log(records, task, attempt)


def _log(records: Records, task: JsonObject, attempt: JsonObject) -> None:
    conversation = records.find("conversations", str(attempt["conversation_uuid"])) or {}
    call = records.first("calls", conversation_uuid=attempt["conversation_uuid"]) or {}
    logs.write(
        records,
        "task",
        task["title"],
        attempt["error"],
        description=task["description"] or "",
        channel=conversation.get("channel"),
        duration_ms=1000 * call.get("duration", 0),
        agent_uuid=task["agent_uuid"],
        contact_uuid=task["contact_uuid"],
        phone_number=conversation.get("phone_number"),
        request={"type": task["type"], **task["task_data"]},
        response={"conversation_uuid": attempt["conversation_uuid"], "call_uuid": call.get("uuid")},
        extras={"task_uuid": task["uuid"], "attempt": attempt["attempt"]},
    )


def _attempt(records: Records, task: JsonObject, error: str | None) -> JsonObject:
    """An attempt that came to nothing, as it is shown."""
    now = records.now()
    times = {"started_at": now, "finished_at": now}
    return {"attempt": task["attempts"], "status": "failed", **times, "conversation_uuid": None, "error": error}


def _member(records: Records, task: JsonObject) -> JsonObject | None:
    link = task["run"]
    return records.find(link["collection"], link["member"]) if link else None


def _retries(records: Records, task: JsonObject) -> int:
    member = _member(records, task)
    return int(member["retry_count"]) + 1 if member else 0


def _today(records: Records, task: JsonObject) -> JsonObject:
    """The attempts of the member on this day of its calendar, with the one that begins now."""
    where = zone(task["timezone"]) or runs.workspace_zone(records)
    day = records.clock.now().astimezone(where).date().isoformat()
    before = (_member(records, task) or {}).get("today")
    return {"day": day, "attempts": (before["attempts"] if before and before["day"] == day else 0) + 1}
