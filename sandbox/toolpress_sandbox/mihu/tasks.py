"""Tasks: made by hand here, by listings and campaigns in `runs`; begun and settled by the clock."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.mihu import attempts, calls, dispatch, filters, intake, runs, timer
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.mihu.moments import kept, zone
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_FILTERS = ("type", "status", "contact_uuid", "campaign_uuid", "agent_uuid", "priority")
_FINISHED = frozenset({"completed", "failed", "cancelled", "expired"})
_STANDING = {"cancelled": "Skipped", "expired": "Skipped", "completed": "Completed", "failed": "Failed"}
"""What a state that is set by hand makes of the member of a run."""
_MOMENTS = ("scheduled_at", "expires_at", "scheduled_from", "scheduled_to")


def advance(records: Records) -> None:
    """Settle the tasks whose calls have ended and begin those that are due; one read when there is nothing to do."""
    state = timer.read(records)
    placed = [(pair, records.find("calls", pair[1])) for pair in state["live"]]
    live = [pair for pair, call in placed if call and call["status"] in calls.LIVE]
    if len(live) == len(placed) and (state["due"] is None or state["due"] > records.now()):
        return
    for pair, call in placed:
        task = None if pair in live else records.find("tasks", pair[0])
        if task and _awaits(task, call):
            attempts.settle(records, task, call)
    timer.write(records, *dispatch.look(records, live))


def create_task(call: Call) -> Reply:
    records, given = call.records, _with_moments(call.changes())
    _check(records, given)
    person, queued = given.pop("contact", None), given.pop("auto_queue", False)
    if person is not None:
        given["contact_uuid"] = intake.Book(records).take_in(person, "contact")
    row = {"timezone": runs.workspace_zone(records).key, **given, "status": "queued" if queued else "pending"}
    timer.wake(records)
    return done("Task created successfully", _shown(records, records.insert("tasks", row)))


def list_tasks(call: Call) -> Reply:
    span = _with_moments(filters.sent(call, *_MOMENTS))
    rows = call.records.all("tasks", **filters.sent(call, *_FILTERS))
    if "scheduled_from" in span:
        rows = [row for row in rows if row["scheduled_at"] >= span["scheduled_from"]]
    if "scheduled_to" in span:
        rows = [row for row in rows if row["scheduled_at"] <= span["scheduled_to"]]
    rows = filters.newest_first(rows)
    return listed(call, "Tasks retrieved successfully", rows, lambda row: _shown(call.records, row))


def update_task(call: Call) -> Reply:
    task = _unless(call, _FINISHED, "has finished")
    changes = _with_moments(call.changes())
    if changes.pop("auto_queue", False):
        changes.setdefault("status", "queued")
    return _changed(call, task, changes, "Task updated successfully")


def delete_task(call: Call) -> Reply:
    task = call.records.get("tasks", call.arguments["uuid"])
    if task["status"] not in _FINISHED:
        runs.lead(call.records, task, status="Skipped", next_retry_at=None)
    call.records.remove("tasks", task["uuid"])
    timer.wake(call.records)
    return done("Task deleted successfully")


def queue_task(call: Call) -> Reply:
    task = _unless(call, _FINISHED | {"queued", "in_progress"}, "cannot be queued")
    return _changed(call, task, {"status": "queued"}, "Task queued successfully")


def cancel_task(call: Call) -> Reply:
    task = _unless(call, _FINISHED - {"failed"}, "has finished")
    return _changed(call, task, {"status": "cancelled"}, "Task cancelled successfully")


def retry_task(call: Call) -> Reply:
    task = call.records.get("tasks", call.arguments["uuid"])
    if task["status"] != "failed":
        raise refused("status", f"is {task['status']}; only a failed task can be retried")
    runs.lead(call.records, task, status="Retrying", next_retry_at=call.records.now())
    changes = {"status": "queued", "scheduled_at": call.records.now()}
    return _changed(call, task, changes, "Task queued for another attempt")


def _check(records: Records, given: JsonObject) -> None:
    """Raises Refusal: 404 for what does not exist, 422 for what does not go together."""
    records.get("agents", given["agent_uuid"])
    for name, collection in (("contact_uuid", "contacts"), ("campaign_uuid", "campaigns")):
        if name in given:
            records.get(collection, given[name])
    data = given.get("task_data", {})
    faults = (
        (
            "contact_uuid",
            "or contact is needed, and only one of them",
            ("contact_uuid" in given) == ("contact" in given),
        ),
        ("scheduled_at", "must be in the future", given["scheduled_at"] <= records.now()),
        (
            "expires_at",
            "must be after scheduled_at",
            given.get("expires_at") and given["expires_at"] <= given["scheduled_at"],
        ),
        ("timezone", "must be an IANA time zone", "timezone" in given and zone(given["timezone"]) is None),
        (
            "task_data",
            "needs both message_type and template_uuid for a WhatsApp template",
            ("message_type" in data) != ("template_uuid" in data),
        ),
    )
    for field, message, wrong in faults:
        if wrong:
            raise refused(field, message)


def _with_moments(given: JsonObject) -> JsonObject:
    """The same, with times as they are kept. Raises Refusal (422) for one that no clock shows."""
    return {name: kept(name, value) if name in _MOMENTS else value for name, value in given.items()}


def _unless(call: Call, states: frozenset[str], why: str) -> JsonObject:
    task = call.records.get("tasks", call.arguments["uuid"])
    if task["status"] in states:
        raise refused("status", f"is {task['status']}: the task {why}")
    return task


def _changed(call: Call, task: JsonObject, changes: JsonObject, message: str) -> Reply:
    if changes.get("status") in _STANDING:
        runs.lead(call.records, task, status=_STANDING[changes["status"]], next_retry_at=None)
    timer.wake(call.records)
    return done(message, _shown(call.records, call.records.update("tasks", task["uuid"], changes)))


def _awaits(task: JsonObject, call: JsonObject | None) -> bool:
    """Whether the task's last attempt is this call, and not over."""
    same = call is None or task["last_attempt"]["conversation_uuid"] == call["conversation_uuid"]
    return task["status"] == "in_progress" and same


def _shown(records: Records, task: JsonObject) -> JsonObject:
    return shown(records.collection("tasks"), task)
