"""Runs: what a listing or a campaign makes of its members, one task for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import iso
from toolpress_sandbox.mihu import cadence, parties, timer
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.moments import zone
from toolpress_sandbox.records import Records

RUNNING = "In Process"
WAITING = ("pending", "scheduled", "queued", "on_hold")
"""States of a task that has not begun."""
_UNDER_WAY = (*WAITING, "in_progress")
_HOURS = ("start_time", "end_time", "max_calls_per_day")
_CHANNELS = {"make_call": ("call",), "send_message": ("whatsapp", "sms")}


@dataclass(frozen=True, slots=True)
class Run:
    """What one listing or campaign gives to each of its tasks. `owner` is its member of the task and its uuid."""

    owner: JsonObject
    name: str
    agent_uuid: str
    type: str
    rule: JsonObject
    begins: datetime | None = None
    ends: datetime | None = None
    data: JsonObject = field(default_factory=dict)


def channel(records: Records, agent_uuid: str, kind: str) -> str | None:
    """The channel on which the agent does that kind of task."""
    bound = {binding["channel"] for binding in records.all("agent_channels", agent_uuid=agent_uuid)}
    return next((name for name in _CHANNELS[kind] if name in bound), None)


def check(records: Records, agent_uuid: str | None, kind: str, ends: datetime | None) -> str:
    """The agent, able to do the work. Raises Refusal (422) when there is no such agent or the time is over."""
    if agent_uuid is None or records.find("agents", agent_uuid) is None:
        raise refused("agent_uuid", "is needed before it can run")
    if channel(records, agent_uuid, kind) is None:
        raise refused("agent_uuid", f"must be an agent with a {' or '.join(_CHANNELS[kind])} channel")
    if ends is not None and ends <= records.clock.now():
        raise refused("end_date", "is over")
    return agent_uuid


def make(records: Records, run: Run, collection: str, owner: JsonObject, members: Iterable[JsonObject]) -> int:
    """One task for each pending member of the listing or pool `owner`; how many.

    Who must not be called, has used up the attempts or has a task in this run already becomes Skipped or Failed.
    """
    workspace = workspace_zone(records)
    taken = {task["contact_uuid"] for task in records.all("tasks", **run.owner) if task["status"] in _UNDER_WAY}
    made = 0
    for member in members:
        contact = records.find("contacts", member["contact_uuid"])
        if member["status"] != "Pending" or contact is None:
            continue
        ending = _kept_from(records, run.rule, member, contact, taken)
        if ending is not None:
            records.update(collection, member["uuid"], ending)
            continue
        taken.add(contact["uuid"])
        where = zone(contact["timezone"]) or workspace
        row = _task(run, contact, member, first_moment(run, member, where, records.clock.now()), where)
        link = {"collection": collection, "owner": owner["uuid"], "member": member["uuid"]}
        link.update(rank=_rank(owner, member), **{name: run.rule[name] for name in _HOURS})
        records.insert("tasks", {**row, "run": link, "status": _status(row["scheduled_at"], records.now())})
        made += 1
    timer.wake(records)
    return made


def first_moment(run: Run, member: JsonObject, where: ZoneInfo, now: datetime) -> datetime:
    """When the member may be contacted first: not before the run begins, nor beyond the cap of the day."""
    moment = max(now, run.begins or now)
    return within(moment, run.rule, member["today"], where)


def within(moment: datetime, rule: JsonObject, today: JsonObject | None, where: ZoneInfo) -> datetime:
    """`moment`, or the first one after it that hours and daily cap allow; `today` counts a day's attempts."""
    day = moment.astimezone(where).date().isoformat()
    if today and today["day"] == day and today["attempts"] >= rule["max_calls_per_day"]:
        moment = cadence.next_day(moment, where).astimezone(moment.tzinfo)
    return cadence.opening(moment, rule["start_time"], rule["end_time"], where)


def cancel(records: Records, tasks: Iterable[JsonObject], member_status: str) -> int:
    """Cancel those of the tasks that have not begun, and put their members into a state; how many."""
    cancelled = 0
    for task in tasks:
        if task["status"] in WAITING:
            records.update("tasks", task["uuid"], {"status": "cancelled"})
            lead(records, task, status=member_status, next_retry_at=None)
            cancelled += 1
    timer.wake(records)
    return cancelled


def halt(records: Records, owner: JsonObject, collection: str, status: str) -> int:
    """End the run of a listing or campaign: its members wait for the next one. How many tasks were cancelled."""
    ((name, uuid),) = owner.items()
    records.update(collection, uuid, {"status": status})
    return cancel(records, records.all("tasks", **{name: uuid}), "Pending")


def lead(records: Records, task: JsonObject, **changes: object) -> None:
    """Change the member that the task is for, if it is there and something changes."""
    link = task["run"]
    member = records.find(link["collection"], link["member"]) if link else None
    if member and any(member.get(name) != value for name, value in changes.items()):
        records.update(link["collection"], member["uuid"], changes)


def running(records: Records, task: JsonObject) -> bool:
    """Whether the listing or campaign that made the task goes on."""
    collection, name = ("listings", "listing_uuid") if task["listing_uuid"] else ("campaigns", "campaign_uuid")
    owner = records.find(collection, str(task[name]))
    return owner is not None and owner["status"] == RUNNING


def workspace_zone(records: Records) -> ZoneInfo:
    tenant = records.get("tenants", records.tenant)
    return zone(tenant.get("timezone")) or ZoneInfo("UTC")


def _kept_from(
    records: Records, rule: JsonObject, member: JsonObject, contact: JsonObject, taken: set[str]
) -> JsonObject | None:
    """The end of a member who gets no task, or None."""
    if rule["dnc_check"] and parties.is_blocked(records, contact):
        return {"status": "Skipped", "notes": "is blacklisted"}
    if contact["uuid"] in taken:
        return {"status": "Skipped", "notes": "is contacted already in this run"}
    if member["retry_count"] >= rule["max_total_calls"]:
        return {"status": "Failed", "notes": "has had all attempts"}
    return None


def _task(run: Run, contact: JsonObject, member: JsonObject, due: datetime, where: ZoneInfo) -> JsonObject:
    return {
        **run.owner,
        "title": f"{run.name}: {parties.named(contact)}",
        "type": run.type,
        "agent_uuid": run.agent_uuid,
        "contact_uuid": contact["uuid"],
        "scheduled_at": iso(due),
        "expires_at": iso(run.ends) if run.ends else None,
        "timezone": where.key,
        "max_attempts": run.rule["max_total_calls"] - member["retry_count"],
        "retry_delay_minutes": run.rule["retry_interval_minutes"] or 60,
        "task_data": run.data,
    }


def _status(due: str, now: str) -> str:
    return "queued" if due <= now else "scheduled"


def _rank(owner: JsonObject, member: JsonObject) -> int:
    """Place in the line: of a pool by its order of work, of a listing as they came."""
    order = owner.get("type")
    if order == "Parallel":
        return -int(member["priority"])
    return -int(member["number"]) if order == "LIFO" else int(member["number"])
