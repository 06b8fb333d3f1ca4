"""Contacts: flat custom fields, tags by link, the blacklist."""

from __future__ import annotations

from functools import partial

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import conversations, filters
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_SEARCHED = ("name", "surname", "email", "phone_number")
_FILTERS = {"status": "status", "stage_uuid": "stage_uuid", "contact_channel": "preferred_contact_channel"}


def list_contacts(call: Call) -> Reply:
    rows = filters.equal(call, call.records.all("contacts"), _FILTERS)
    rows = [row for row in filters.searched(call, rows, *_SEARCHED) if _belongs(call, row)]
    rows = filters.newest_first(rows)
    return listed(call, "Contacts retrieved successfully", rows, lambda row: shown(call.records, row))


def create_contact(call: Call) -> Reply:
    row = call.records.insert("contacts", _row(call))
    return done("Contact created successfully", shown(call.records, row))


def get_contact(call: Call) -> Reply:
    row = call.records.get("contacts", call.arguments["uuid"])
    return done("Contact retrieved successfully", shown(call.records, row))


def update_contact(call: Call) -> Reply:
    row = call.records.get("contacts", call.arguments["uuid"])
    changes = _row(call)
    changes["custom_fields"] = {**row["custom_fields"], **changes["custom_fields"]}
    row = call.records.update("contacts", row["uuid"], changes)
    return done("Contact updated successfully", shown(call.records, row))


def delete_contact(call: Call) -> Reply:
    """Memberships and tag links go with it."""
    row = call.records.remove("contacts", call.arguments["uuid"])
    for collection in ("contact_tag_links", "pool_contacts", "listing_contacts"):
        for link in call.records.all(collection, contact_uuid=row["uuid"]):
            call.records.remove(collection, link["uuid"])
    return done("Contact deleted successfully")


def blacklist_contact(call: Call) -> Reply:
    row = call.records.get("contacts", call.arguments["uuid"])
    permanent, expires = call.arguments.get("is_permanent", True), call.arguments.get("expires_at")
    if not permanent and not expires:
        raise refused("expires_at", "is required when is_permanent is false")
    if expires and expires <= call.now().date().isoformat():
        raise refused("expires_at", "must be in the future")
    entry = {
        "type": call.arguments.get("type", "Both"),
        "reason": call.arguments["reason"],
        "is_permanent": permanent,
        "expires_at": None if permanent else f"{expires}T00:00:00Z",
        "blacklisted_at": call.records.now(),
    }
    call.records.update("contacts", row["uuid"], {"status": "Blacklisted", "blacklist": entry})
    return done("Contact blacklisted", {"uuid": row["uuid"], "status": "Blacklisted", "blacklist": entry})


def remove_contact_from_blacklist(call: Call) -> Reply:
    row = call.records.get("contacts", call.arguments["uuid"])
    if row["status"] != "Blacklisted":
        raise refused("uuid", "is not on the blacklist")
    call.records.update("contacts", row["uuid"], {"status": "Active", "blacklist": None})
    return done("Contact removed from blacklist", {"uuid": row["uuid"], "status": "Active"})


def bulk_create_contacts(call: Call) -> Reply:
    tags = [call.records.get("contact_tags", uuid)["uuid"] for uuid in call.arguments.get("tag_uuids", ())]
    counts = {"created": 0, "updated": 0, "skipped": 0}
    uuids: list[str] = []
    for given in call.arguments["contacts"]:
        uuid, outcome = take_in(call.records, given, call.arguments["on_duplicate"])
        counts[outcome] += 1
        uuids.append(uuid)
        for tag in tags:
            link(call.records, uuid, tag)
    return done("Contacts created successfully", {**counts, "errors": [], "contact_uuids": uuids})


def list_contact_conversations(call: Call) -> Reply:
    contact = call.records.get("contacts", call.arguments["uuid"])
    rows = call.records.all("conversations", contact_uuid=contact["uuid"])
    rows = filters.newest_first(filters.equal(call, rows, {"channel": "channel"}))
    show = partial(conversations.shown, call.records)
    return listed(call, "Conversations retrieved successfully", rows, show)


def take_in(records: Records, given: JsonObject, on_duplicate: str) -> tuple[str, str]:
    """The contact of the row's number, made, changed or left alone: its uuid and `created`, `updated` or `skipped`."""
    known = records.all("contacts", phone_number=given["phone_number"])
    if not known or on_duplicate == "create":
        return str(records.insert("contacts", {"custom_fields": {}, **given})["uuid"]), "created"
    if on_duplicate == "update":
        return str(records.update("contacts", known[0]["uuid"], given)["uuid"]), "updated"
    return str(known[0]["uuid"]), "skipped"


def link(records: Records, contact_uuid: str, tag_uuid: str) -> None:
    """Put a tag on a contact, once."""
    if not records.all("contact_tag_links", contact_uuid=contact_uuid, tag_uuid=tag_uuid):
        records.insert("contact_tag_links", {"contact_uuid": contact_uuid, "tag_uuid": tag_uuid})


def shown(records: Records, row: JsonObject) -> JsonObject:
    """The contact as answers show it: every active custom field at the top, empty when it has no value."""
    fields = {field["key"]: row["custom_fields"].get(field["key"]) or "" for field in active_fields(records)}
    links = records.all("contact_tag_links", contact_uuid=row["uuid"])
    tags = [records.find("contact_tags", item["tag_uuid"]) for item in links]
    base = {name: value for name, value in row.items() if name not in ("custom_fields", "blacklist")}
    return {**base, "tags": [{"uuid": tag["uuid"], "name": tag["name"]} for tag in tags if tag], **fields}


def active_fields(records: Records) -> list[JsonObject]:
    return [field for field in records.all("contact_fields") if field["is_active"]]


def _row(call: Call) -> JsonObject:
    """The sent members; keys of custom_fields must be active fields of the tenant."""
    changes = call.changes()
    given: JsonObject = changes.pop("custom_fields", None) or {}
    known = {field["key"] for field in active_fields(call.records)}
    for key in given:
        if key not in known:
            raise refused(key, "is not a contact field")
    defaults = {} if call.operation.effect == "update" else {"status": call.arguments["status"]}
    return {**defaults, **changes, "custom_fields": given}


def _belongs(call: Call, row: JsonObject) -> bool:
    """Whether the contact has the tag and is in the pool or campaign asked for."""
    arguments, records = call.arguments, call.records
    for argument, collection in (("tag_uuid", "contact_tag_links"), ("pool_uuid", "pool_contacts")):
        if argument in call.sent and not records.all(
            collection, contact_uuid=row["uuid"], **{argument: arguments[argument]}
        ):
            return False
    if "campaign_uuid" in call.sent:
        campaign = records.find("campaigns", arguments["campaign_uuid"]) or {}
        pools = set(campaign.get("pool_uuids", ()))
        return any(item["pool_uuid"] in pools for item in records.all("pool_contacts", contact_uuid=row["uuid"]))
    return True
