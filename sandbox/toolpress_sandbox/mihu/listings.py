"""Listings: people, agent and rule in one outbound run.

A listing is a Draft until it runs, In Process while it does, and Completed when nobody in it is left; a halted one is
a Draft again.
"""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import cadence, filters, intake, listing_rules, members, runs
from toolpress_sandbox.mihu.answers import conflict, done, refused
from toolpress_sandbox.paging import numbered
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_TASKS = {"call": "make_call", "text": "send_message"}


def create_listing(call: Call) -> Reply:
    records, given = call.records, call.changes()
    people, starts = given.pop("contacts"), given.pop("auto_start", False)
    rule = _rule(records, given.pop("rule", {}), given)
    row = {**given, "rule_uuid": rule["uuid"], "campaign_type": given.get("campaign_type") or rule["type"]}
    _check(records, row)
    listing = records.insert("listings", row)
    added = _take_in(records, listing, people)
    counts = {"contacts_added": len(added), "contacts_skipped": len(people) - len(added), "tasks_created": 0}
    if starts and added:
        counts["tasks_created"] = _start(records, listing, added)
    return done("Listing created successfully", {**_shown(records, listing["uuid"]), **counts})


def list_listings(call: Call) -> Reply:
    rows = filters.searched(call, call.records.all("listings", **filters.sent(call, "status")), "name")
    kept, numbers = numbered(call, filters.newest_first(rows))
    data = [_shown(call.records, row["uuid"]) for row in kept]
    return Reply({"message": "Listings retrieved successfully", "data": data, "pagination": numbers})


def get_listing(call: Call) -> Reply:
    return done("Listing retrieved successfully", _shown(call.records, call.arguments["uuid"]))


def update_listing(call: Call) -> Reply:
    listing, changes = _listing(call), call.changes()
    _check(call.records, {**listing, **changes})
    call.records.update("listings", listing["uuid"], changes)
    return done("Listing updated successfully", _shown(call.records, listing["uuid"]))


def delete_listing(call: Call) -> Reply:
    listing = _listing(call)
    if listing["status"] == runs.RUNNING:
        raise conflict("The listing is running; stop it first")
    for member in members.of(call.records, "listing_contacts", listing["uuid"]):
        call.records.remove("listing_contacts", member["uuid"])
    call.records.remove("listings", listing["uuid"])
    return done("Listing deleted successfully")


def run_listing(call: Call) -> Reply:
    listing = _listing(call)
    if listing["status"] == runs.RUNNING:
        raise conflict("The listing is running already")
    rows = members.of(call.records, "listing_contacts", listing["uuid"])
    pending = [member for member in rows if member["status"] == "Pending"]
    if not pending:
        raise refused("contacts", "has nobody who is pending")
    made = _start(call.records, listing, pending)
    return done("Listing started", {"listing_uuid": listing["uuid"], "status": runs.RUNNING, "tasks_created": made})


def stop_listing(call: Call) -> Reply:
    listing = _listing(call)
    if listing["status"] != runs.RUNNING:
        raise conflict("The listing is not running")
    cancelled = runs.halt(call.records, {"listing_uuid": listing["uuid"]}, "listings", "Draft")
    return done("Listing stopped", {"listing_uuid": listing["uuid"], "status": "Draft", "tasks_cancelled": cancelled})


def list_listing_contacts(call: Call) -> Reply:
    _listing(call)
    return members.page(call, "listing_contacts", "Listing contacts retrieved successfully")


def add_contacts_to_listing(call: Call) -> Reply:
    listing, people = _listing(call), call.arguments["contacts"]
    added = _take_in(call.records, listing, people)
    made = _make(call.records, listing, added) if listing["status"] == runs.RUNNING else 0
    counts = {"contacts_added": len(added), "contacts_skipped": len(people) - len(added), "tasks_created": made}
    return done("Contacts added to listing", {"listing_uuid": listing["uuid"], **counts})


def remove_contact_from_listing(call: Call) -> Reply:
    listing, contact = _listing(call), call.arguments["contact_uuid"]
    member = members.find(call.records, "listing_contacts", listing["uuid"], contact)
    planned = call.records.all("tasks", listing_uuid=listing["uuid"], contact_uuid=contact)
    runs.cancel(call.records, planned, "Skipped")
    call.records.remove("listing_contacts", member["uuid"])
    return done("Contact removed from listing")


def _listing(call: Call) -> JsonObject:
    return call.records.get("listings", call.arguments["uuid"])


def _rule(records: Records, given: JsonObject, listing: JsonObject) -> JsonObject:
    """The stored rule that is meant, or a new one."""
    if "uuid" not in given:
        usual = {"name": f"{listing['name']} rule"[:255], "type": listing.get("campaign_type", "call")}
        return listing_rules.keep(records, {**usual, **given})
    if len(given) > 1:
        raise refused("rule", "takes the uuid of a stored rule or the fields of a new one")
    return records.get("listing_rules", given["uuid"])


def _check(records: Records, row: JsonObject) -> None:
    """Raises Refusal for an agent that does not exist and for dates in the wrong order."""
    if row.get("agent_uuid"):
        records.get("agents", row["agent_uuid"])
    begins, ends = _span(records, row)
    if begins and ends and ends <= begins:
        raise refused("end_date", "must not be before start_date")


def _span(records: Records, row: JsonObject) -> tuple[Any, Any]:
    """The beginning of the first day and the end of the last one on the workspace's clock."""
    where = runs.workspace_zone(records)
    begins, last = (row.get(name) and cadence.midnight(name, row[name], where) for name in ("start_date", "end_date"))
    return begins, last and cadence.next_day(last, where)


def _take_in(records: Records, listing: JsonObject, people: list[JsonObject]) -> list[JsonObject]:
    """Make the people members; the new ones."""
    book = intake.Book(records)
    uuids = [book.take_in(person, f"contacts.{index}") for index, person in enumerate(people)]
    return members.join(records, "listing_contacts", listing["uuid"], dict.fromkeys(uuids, 0))


def _start(records: Records, listing: JsonObject, pending: list[JsonObject]) -> int:
    _, ends = _span(records, listing)
    runs.check(records, listing["agent_uuid"], _TASKS[listing["campaign_type"]], ends)
    records.update("listings", listing["uuid"], {"status": runs.RUNNING})
    return _make(records, listing, pending)


def _make(records: Records, listing: JsonObject, pending: list[JsonObject]) -> int:
    begins, ends = _span(records, listing)
    setting = listing["contact_template_setting_id"]
    run = runs.Run(
        owner={"listing_uuid": listing["uuid"]},
        name=listing["name"],
        agent_uuid=listing["agent_uuid"],
        type=_TASKS[listing["campaign_type"]],
        rule=records.get("listing_rules", listing["rule_uuid"]),
        begins=begins,
        ends=ends,
        data={} if setting is None else {"contact_template_setting_id": setting},
    )
    return runs.make(records, run, "listing_contacts", listing, pending)


def _shown(records: Records, uuid: str) -> JsonObject:
    listing = records.get("listings", uuid)
    own = {name: value for name, value in listing.items() if name != "rule_uuid"}
    count = len(members.of(records, "listing_contacts", uuid))
    return {**own, "rule": records.get("listing_rules", listing["rule_uuid"]), "contacts_count": count}
