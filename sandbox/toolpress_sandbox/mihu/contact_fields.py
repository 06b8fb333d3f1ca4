"""Custom fields: one key for one field, choices for dropdowns alone, no values without a field."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply

_OWN = frozenset({"uuid", "tags", "blacklist", "custom_fields", "created_at", "updated_at", "name", "phone_number"})
"""Members of every contact beside those that its collection has defaults for."""


def create_contact_field(call: Call) -> Reply:
    records, key = call.records, call.arguments["key"]
    if key in _OWN or key in records.collection("contacts").defaults:
        raise refused("key", "is a contact's own member")
    if records.all("contact_fields", key=key):
        raise refused("key", "is in use")
    _check_options(call.arguments["type"], call.arguments.get("options", []))
    row = records.insert("contact_fields", call.arguments)
    return done("Contact field created successfully", row)


def update_contact_field(call: Call) -> Reply:
    row = call.records.get("contact_fields", call.arguments["uuid"])
    if "options" in call.sent:
        _check_options(row["type"], call.arguments["options"])
    row = call.records.update("contact_fields", row["uuid"], call.changes())
    return done("Contact field updated successfully", row)


def delete_contact_field(call: Call) -> Reply:
    """Its values go with it."""
    row = call.records.remove("contact_fields", call.arguments["uuid"])
    for contact in call.records.all("contacts"):
        values: JsonObject = contact["custom_fields"]
        if row["key"] in values:
            kept = {key: value for key, value in values.items() if key != row["key"]}
            call.records.update("contacts", contact["uuid"], {"custom_fields": kept}, quiet=True)
    return done("Contact field deleted successfully")


def _check_options(kind: str, options: list[str]) -> None:
    """Raises Refusal (422)."""
    if kind == "dropdown" and not options:
        raise refused("options", "are needed for a dropdown")
    if kind != "dropdown" and options:
        raise refused("options", "are for dropdowns only")
    if len(set(options)) < len(options):
        raise refused("options", "must not repeat a choice")
