"""Members of pools and listings: one contact once in each, with a state of its own.

A member is Pending until its task begins, In_Call during a call and Retrying between attempts; Completed, Failed and
Skipped are final. `number` counts the members of one owner in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import filters
from toolpress_sandbox.mihu.answers import listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

OWNERS = {"pool_contacts": "pool_uuid", "listing_contacts": "listing_uuid"}
_SEARCHED = ("name", "surname", "email", "phone_number")
_INTERNAL = frozenset({"uuid", "number", "today", "pool_uuid", "listing_uuid", "created_at", "updated_at"})
_STANDING = {
    "Pending": "pending",
    "Retrying": "pending",
    "Scheduled": "pending",
    "Processing": "in_progress",
    "In_Call": "in_progress",
}

Rows = list[JsonObject]


def of(records: Records, collection: str, owner: str) -> Rows:
    """The members of one pool or listing, first come first."""
    equals: JsonObject = {OWNERS[collection]: owner}
    return records.all(collection, **equals)


def join(records: Records, collection: str, owner: str, priorities: Mapping[str, int]) -> Rows:
    """Make members of the contacts that are none yet, each of its priority; the new ones."""
    present = of(records, collection, owner)
    known = {member["contact_uuid"] for member in present}
    number = max((member["number"] for member in present), default=0)
    new: Rows = []
    for contact, priority in priorities.items():
        if contact not in known:
            number += 1
            row = {OWNERS[collection]: owner, "contact_uuid": contact, "priority": priority, "number": number}
            new.append(records.insert(collection, row))
    return new


def find(records: Records, collection: str, owner: str, contact: str) -> JsonObject:
    """The contact's membership, or NOT_FOUND."""
    equals: JsonObject = {OWNERS[collection]: owner, "contact_uuid": contact}
    for member in records.all(collection, **equals):
        return member
    raise not_found(records.collection(collection).label)


def page(call: Call, collection: str, message: str) -> Reply:
    """One page of the members of the owner that the path names, with what is known of the people."""
    owner = call.arguments["uuid"]
    rows = filters.equal(call, of(call.records, collection, owner), {"status": "status"})
    if call.arguments.get("search"):
        found = {row["uuid"] for row in filters.searched(call, call.records.all("contacts"), *_SEARCHED)}
        rows = [row for row in rows if row["contact_uuid"] in found]
    reply = listed(call, message, rows, lambda row: shown(call.records, row))
    return replace(reply, parts={**reply.parts, "data": {OWNERS[collection]: owner, **reply.parts["data"]}})


def shown(records: Records, member: JsonObject) -> JsonObject:
    contact = records.find("contacts", member["contact_uuid"]) or {}
    person = {name: contact.get(name) for name in _SEARCHED}
    own = {name: value for name, value in member.items() if name not in _INTERNAL}
    return {**own, **person, "added_at": member["created_at"]}


def count(records: Records, collection: str, owners: Iterable[str]) -> dict[str, int]:
    """Members by how they stand: pending (to be contacted yet), in_progress, completed, failed, skipped, and in all."""
    counts = dict.fromkeys(("total", "pending", "in_progress", "completed", "failed", "skipped"), 0)
    for owner in owners:
        for member in of(records, collection, owner):
            counts["total"] += 1
            counts[_STANDING.get(member["status"], member["status"].lower())] += 1
    return counts
