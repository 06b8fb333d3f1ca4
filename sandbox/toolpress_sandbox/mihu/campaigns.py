"""Campaigns: an agent that works off pools, at the cadence of a rule.

Publishing puts a campaign In Process; it then also takes up who joins its pools, until it is halted or its end comes.
"""

from __future__ import annotations

from collections import Counter

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu import filters, members, moments, runs
from toolpress_sandbox.mihu.answers import conflict, done, listed, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_DATES = ("start_date", "end_date")
_RULE = ("uuid", "name", "type", "max_calls_per_day", "max_total_calls", "retry_interval_minutes")
_HOURS = ("start_time", "end_time")
_NO_RULE: JsonObject = {
    "max_calls_per_day": 1000,
    "retry_interval_minutes": 120,
    "start_time": None,
    "end_time": None,
    "dnc_check": True,
}

Rows = list[JsonObject]


def list_campaigns(call: Call) -> Reply:
    rows = call.records.all("campaigns", **filters.sent(call, "status"))
    rows = filters.newest_first(filters.searched(call, rows, "name", "description"))
    return listed(call, "Campaigns retrieved successfully", rows, lambda row: _shown(call.records, row))


def get_campaign(call: Call) -> Reply:
    return done("Campaign retrieved successfully", _shown(call.records, _campaign(call)))


def create_campaign(call: Call) -> Reply:
    given = _checked(call.records, call.changes(), {})
    return done("Campaign created successfully", _shown(call.records, call.records.insert("campaigns", given)))


def update_campaign(call: Call) -> Reply:
    campaign = _campaign(call)
    changes = _checked(call.records, call.changes(), campaign)
    if campaign["status"] == runs.RUNNING:
        status = changes.pop("status", "Active")
        if status != "Active":
            runs.halt(call.records, _owner(campaign), "campaigns", status)
    campaign = call.records.update("campaigns", campaign["uuid"], changes)
    return done("Campaign updated successfully", _shown(call.records, campaign))


def delete_campaign(call: Call) -> Reply:
    campaign = _campaign(call)
    runs.halt(call.records, _owner(campaign), "campaigns", "Archived")
    call.records.remove("campaigns", campaign["uuid"])
    return done("Campaign deleted successfully")


def assign_rule_to_campaign(call: Call) -> Reply:
    campaign, rule = _campaign(call), call.records.get("listing_rules", call.arguments["rule_uuid"])
    call.records.update("campaigns", campaign["uuid"], {"rule_uuid": rule["uuid"]})
    data = {"campaign_uuid": campaign["uuid"], "rule": {name: rule[name] for name in (*_RULE, *_HOURS)}}
    return done("Rule assigned to campaign", data)


def attach_pools_to_campaign(call: Call) -> Reply:
    campaign, records = _campaign(call), call.records
    wanted = list(dict.fromkeys(call.arguments["pool_uuids"]))
    pools = {uuid: records.find("pools", uuid) for uuid in wanted}
    new = [pool for uuid, pool in pools.items() if pool and uuid not in campaign["pool_uuids"]]
    attached = {"pool_uuids": [*campaign["pool_uuids"], *(pool["uuid"] for pool in new)]}
    campaign = records.update("campaigns", campaign["uuid"], attached)
    data = {
        "campaign_uuid": campaign["uuid"],
        "pools_attached": len(new),
        "pool_uuids_not_found": [uuid for uuid, pool in pools.items() if pool is None],
        "tasks_created": _make_all(records, campaign, new) if campaign["status"] == runs.RUNNING else 0,
    }
    return done("Pools attached to campaign", data)


def detach_pool_from_campaign(call: Call) -> Reply:
    campaign, pool = _campaign(call), call.arguments["pool_uuid"]
    if pool not in campaign["pool_uuids"]:
        raise not_found("Pool")
    detach(call.records, campaign, pool)
    return done("Pool detached from campaign")


def publish_campaign(call: Call) -> Reply:
    campaign, records = _campaign(call), call.records
    if campaign["status"] in (runs.RUNNING, "Archived"):
        raise conflict(f"The campaign is {campaign['status']}")
    pools = [pool for uuid in campaign["pool_uuids"] if (pool := records.find("pools", uuid)) and pool["is_active"]]
    if not pools:
        raise refused("pool_uuids", "has no active pool")
    end = campaign["end_date"]
    runs.check(records, campaign["agent_uuid"], _kind(records, campaign), parse_iso(end) if end else None)
    campaign = records.update("campaigns", campaign["uuid"], {"status": runs.RUNNING})
    made = _make_all(records, campaign, pools)
    data = {"campaign_uuid": campaign["uuid"], "status": runs.RUNNING, "tasks_created": made}
    return done("Campaign published", data)


def stop_campaign(call: Call) -> Reply:
    campaign = _campaign(call)
    if campaign["status"] != runs.RUNNING:
        raise conflict("The campaign is not running")
    cancelled = runs.halt(call.records, _owner(campaign), "campaigns", "Draft")
    data = {"campaign_uuid": campaign["uuid"], "status": "Draft", "tasks_cancelled": cancelled}
    return done("Campaign stopped", data)


def get_campaign_report(call: Call) -> Reply:
    campaign = _campaign(call)
    tasks = call.records.all("tasks", **_owner(campaign))
    uuids = {task["uuid"] for task in tasks}
    calls = Counter(row["status"] for row in call.records.all("calls") if row["task_uuid"] in uuids)
    data = {
        "campaign_uuid": campaign["uuid"],
        "status": campaign["status"],
        "contacts": members.count(call.records, "pool_contacts", campaign["pool_uuids"]),
        "tasks": {"total": len(tasks), "by_status": dict(Counter(task["status"] for task in tasks))},
        "calls": {
            "attempted": calls.total(),
            "answered": calls["completed"] + calls["in-progress"],
            "failed": calls["failed"],
        },
    }
    return done("Campaign report retrieved successfully", data)


def drawing_from(records: Records, pool_uuid: str) -> Rows:
    """The campaigns to which the pool is attached."""
    return [row for row in records.all("campaigns") if pool_uuid in row["pool_uuids"]]


def detach(records: Records, campaign: JsonObject, pool_uuid: str) -> None:
    """Take the pool off and cancel what is planned for its members; they wait for another campaign."""
    kept = [uuid for uuid in campaign["pool_uuids"] if uuid != pool_uuid]
    records.update("campaigns", campaign["uuid"], {"pool_uuids": kept})
    tasks = records.all("tasks", **_owner(campaign))
    runs.cancel(records, [task for task in tasks if task["run"] and task["run"]["owner"] == pool_uuid], "Pending")


def make(records: Records, campaign: JsonObject, pool: JsonObject, waiting: Rows) -> int:
    """Tasks of the campaign for the pending ones among the pool's members; how many."""
    start, end = (campaign[name] and parse_iso(campaign[name]) for name in _DATES)
    rule = campaign["rule_uuid"] and records.find("listing_rules", campaign["rule_uuid"])
    run = runs.Run(
        owner=_owner(campaign),
        name=campaign["name"],
        agent_uuid=campaign["agent_uuid"],
        type=_kind(records, campaign),
        rule=rule or {**_NO_RULE, "max_total_calls": 1 + pool["max_retries"]},
        begins=start,
        ends=end,
    )
    return runs.make(records, run, "pool_contacts", pool, waiting)


def _make_all(records: Records, campaign: JsonObject, pools: Rows) -> int:
    active = [pool for pool in pools if pool["is_active"]]
    return sum(make(records, campaign, pool, members.of(records, "pool_contacts", pool["uuid"])) for pool in active)


def _campaign(call: Call) -> JsonObject:
    return call.records.get("campaigns", call.arguments["uuid"])


def _owner(campaign: JsonObject) -> JsonObject:
    return {"campaign_uuid": campaign["uuid"]}


def _kind(records: Records, campaign: JsonObject) -> str:
    """The work on the first channel of the agent."""
    bound = records.all("agent_channels", agent_uuid=campaign["agent_uuid"])
    return "send_message" if bound and bound[0]["channel"] != "call" else "make_call"


def _checked(records: Records, given: JsonObject, campaign: JsonObject) -> JsonObject:
    """The given members as they are kept. Raises Refusal for an unknown agent and for dates in the wrong order."""
    dates = {name: moments.kept(name, given[name]) for name in _DATES if given.get(name)}
    if given.get("agent_uuid"):
        records.get("agents", given["agent_uuid"])
    start, end = ({**campaign, **given, **dates}.get(name) for name in _DATES)
    if start and end and end <= start:
        raise refused("end_date", "must be after start_date")
    return {**given, **dates}


def _shown(records: Records, campaign: JsonObject) -> JsonObject:
    own = {name: value for name, value in campaign.items() if name not in ("rule_uuid", "pool_uuids")}
    rule = campaign["rule_uuid"] and records.find("listing_rules", campaign["rule_uuid"])
    pools = [pool for uuid in campaign["pool_uuids"] if (pool := records.find("pools", uuid))]
    return {
        **own,
        "rule": {name: rule[name] for name in ("uuid", "name", "type")} if rule else None,
        "pools": [{"uuid": pool["uuid"], "name": pool["name"]} for pool in pools],
    }
