"""Contact pools; running campaigns take up new members at once."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import campaigns, filters, members, runs
from toolpress_sandbox.mihu.answers import conflict, done, listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_SEARCHED = ("name", "description", "type")
_SETTINGS = ("description", "type", "max_parallel_items", "max_retries", "is_active")


def list_pools(call: Call) -> Reply:
    rows = call.records.all("pools", **filters.sent(call, "type", "is_active"))
    rows = filters.newest_first(filters.searched(call, rows, *_SEARCHED))
    return listed(call, "Pools retrieved successfully", rows, lambda row: _shown(call.records, row))


def get_pool(call: Call) -> Reply:
    return done("Pool retrieved successfully", _shown(call.records, _pool(call)))


def create_pool(call: Call) -> Reply:
    return done("Pool created successfully", _shown(call.records, call.records.insert("pools", call.changes())))


def update_pool(call: Call) -> Reply:
    pool = call.records.update("pools", _pool(call)["uuid"], call.changes())
    return done("Pool updated successfully", _shown(call.records, pool))


def delete_pool(call: Call) -> Reply:
    pool = _pool(call)
    attached = campaigns.drawing_from(call.records, pool["uuid"])
    if any(campaign["status"] == runs.RUNNING for campaign in attached):
        raise conflict("A running campaign draws from the pool; stop it or detach the pool first")
    for campaign in attached:
        campaigns.detach(call.records, campaign, pool["uuid"])
    for member in members.of(call.records, "pool_contacts", pool["uuid"]):
        call.records.remove("pool_contacts", member["uuid"])
    call.records.remove("pools", pool["uuid"])
    return done("Pool deleted successfully")


def duplicate_pool(call: Call) -> Reply:
    source = _pool(call)
    settings = {name: source[name] for name in _SETTINGS}
    name = call.arguments.get("name") or f"{source['name']} (copy)"
    copy = call.records.insert("pools", {**settings, "name": name})
    copied = 0
    if call.arguments["copy_contacts"]:
        rows = members.of(call.records, "pool_contacts", source["uuid"])
        priorities = {row["contact_uuid"]: row["priority"] for row in rows}
        copied = len(members.join(call.records, "pool_contacts", copy["uuid"], priorities))
    return done("Pool duplicated successfully", {**_shown(call.records, copy), "contacts_copied": copied})


def list_pool_contacts(call: Call) -> Reply:
    _pool(call)
    return members.page(call, "pool_contacts", "Pool contacts retrieved successfully")


def add_contacts_to_pool(call: Call) -> Reply:
    pool, records = _pool(call), call.records
    known = {uuid: records.find("contacts", uuid) is not None for uuid in call.arguments["contact_uuids"]}
    found = dict.fromkeys((uuid for uuid in known if known[uuid]), call.arguments.get("priority") or 0)
    added = members.join(records, "pool_contacts", pool["uuid"], found)
    running = [c for c in campaigns.drawing_from(records, pool["uuid"]) if c["status"] == runs.RUNNING]
    tasks = sum(campaigns.make(records, campaign, pool, added) for campaign in running)
    data = {
        "pool_uuid": pool["uuid"],
        "contacts_added": len(added),
        "contacts_skipped": len(found) - len(added),
        "contact_uuids_not_found": [uuid for uuid in known if not known[uuid]],
        "tasks_created": tasks,
        "running_campaign_uuids": [campaign["uuid"] for campaign in running],
    }
    return done(f"{len(added)} contacts added, {tasks} tasks created in {len(running)} running campaigns", data)


def remove_contact_from_pool(call: Call) -> Reply:
    pool, contact = _pool(call), call.arguments["contact_uuid"]
    member = members.find(call.records, "pool_contacts", pool["uuid"], contact)
    tasks = call.records.all("tasks", contact_uuid=contact)
    runs.cancel(call.records, [t for t in tasks if t["run"] and t["run"]["member"] == member["uuid"]], "Skipped")
    call.records.remove("pool_contacts", member["uuid"])
    return done("Contact removed from pool")


def _pool(call: Call) -> JsonObject:
    return call.records.get("pools", call.arguments["uuid"])


def _shown(records: Records, pool: JsonObject) -> JsonObject:
    return {**pool, "contacts_count": len(members.of(records, "pool_contacts", pool["uuid"]))}
