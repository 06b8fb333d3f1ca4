"""Tags: one name once, found by uuid or by their older number, and taken off everybody when they are deleted."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import contacts
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.mihu.numbering import next_number
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_LINKS = "contact_tag_links"


def add_tag_to_contact(call: Call) -> Reply:
    contact, tag = _pair(call)
    contacts.link(call.records, contact["uuid"], tag["uuid"])
    return done("Tag added successfully", contacts.shown(call.records, contact))


def remove_tag_from_contact(call: Call) -> Reply:
    contact, tag = _pair(call)
    for link in call.records.all(_LINKS, contact_uuid=contact["uuid"], tag_uuid=tag["uuid"]):
        call.records.remove(_LINKS, link["uuid"])
    return done("Tag removed successfully", contacts.shown(call.records, contact))


def list_tags(call: Call) -> Reply:
    wanted = str(call.arguments.get("search", "")).casefold()
    rows = [row for row in call.records.all("contact_tags") if wanted in _folded(row)]
    rows.sort(key=_folded)
    return listed(call, "Tags retrieved successfully", rows, lambda row: _shown(call.records, row))


def create_tag(call: Call) -> Reply:
    _require_unused(call.records, call.arguments["name"])
    row = call.records.insert("contact_tags", {"id": next_number(call.records, "contact_tags"), **call.arguments})
    return done("Tag created successfully", _shown(call.records, row))


def update_tag(call: Call) -> Reply:
    row = call.records.get("contact_tags", call.arguments["uuid"])
    if "name" in call.sent:
        _require_unused(call.records, call.arguments["name"], besides=row["uuid"])
    row = call.records.update("contact_tags", row["uuid"], call.changes())
    return done("Tag updated successfully", _shown(call.records, row))


def delete_tag(call: Call) -> Reply:
    row = call.records.remove("contact_tags", call.arguments["uuid"])
    for link in call.records.all(_LINKS, tag_uuid=row["uuid"]):
        call.records.remove(_LINKS, link["uuid"])
    return done("Tag deleted successfully")


def _pair(call: Call) -> tuple[JsonObject, JsonObject]:
    """The contact and the tag of a request. Raises Refusal: 422 without a tag, 404 when one of them is not there."""
    contact = call.records.get("contacts", call.arguments["uuid"])
    if "tag_uuid" in call.sent:
        return contact, call.records.get("contact_tags", call.arguments["tag_uuid"])
    if "tag_id" not in call.sent:
        raise refused("tag_uuid", "or tag_id is required")
    for tag in call.records.all("contact_tags", id=call.arguments["tag_id"]):
        return contact, tag
    raise not_found("Tag")


def _require_unused(records: Records, name: str, besides: str | None = None) -> None:
    """Raises Refusal (422)."""
    taken = {_folded(row) for row in records.all("contact_tags") if row["uuid"] != besides}
    if name.casefold() in taken:
        raise refused("name", "is in use")


def _shown(records: Records, row: JsonObject) -> JsonObject:
    return {**row, "contacts_count": len(records.all(_LINKS, tag_uuid=row["uuid"]))}


def _folded(row: JsonObject) -> str:
    return str(row["name"]).casefold()
