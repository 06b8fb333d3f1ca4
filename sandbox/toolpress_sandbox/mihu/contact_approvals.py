"""Proposals of the AI for contacts: found by what they concern, decided once."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import contacts
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_FILTERS = ("status", "field_name", "contact_uuid", "conversation_uuid", "pipeline_uuid")
_SEARCHED = ("field_name", "current_value", "suggested_value", "ai_notes", "contact_name")
_LEVELS = ((0.8, "high"), (0.5, "medium"))


def list_contact_approvals(call: Call) -> Reply:
    given = call.arguments
    wanted = {name: given[name] for name in _FILTERS if name in given}
    rows = [_shown(call.records, row) for row in call.records.all("contact_approvals", **wanted)]
    if "field_key" in given:
        rows = [row for row in rows if row["field_name"] == f"f_{given['field_key']}"]
    if "confidence" in given:
        rows = [row for row in rows if _level(row["confidence"]) == given["confidence"]]
    text = str(given.get("search", "")).casefold()
    rows = [row for row in rows if any(text in str(row[name] or "").casefold() for name in _SEARCHED)]
    rows.sort(key=lambda row: str(row["created_at"]), reverse=True)
    return listed(call, "Contact approvals retrieved successfully", rows, dict)


def approve_contact_approval(call: Call) -> Reply:
    row = _pending(call)
    contact = call.records.get("contacts", row["contact_uuid"])
    value = str(call.arguments.get("value", row["suggested_value"]))
    call.records.update("contacts", contact["uuid"], _change(call, contact, row["field_name"], value))
    return _decided(call, row, {"status": "Approved", "value": value})


def reject_contact_approval(call: Call) -> Reply:
    return _decided(call, _pending(call), {"status": "Rejected", **call.changes()})


def _pending(call: Call) -> JsonObject:
    row = call.records.get("contact_approvals", call.arguments["uuid"])
    if row["status"] != "Pending":
        raise refused("status", f"is {row['status']}; only a pending proposal can be decided")
    return row


def _change(call: Call, contact: JsonObject, field_name: str, value: str) -> JsonObject:
    """What the contact gets. Raises Refusal (422) when the field is off or the value is none that it may have."""
    kind, _, name = field_name.partition("_")
    if kind == "p":
        return {"stage_uuid": value}
    if kind == "f":
        if name not in {field["key"] for field in contacts.active_fields(call.records)}:
            raise refused(name, "is not a contact field")
        return {"custom_fields": {**contact["custom_fields"], name: value}}
    call.checker.arguments(call.definition.operations["update_contact"], {"uuid": contact["uuid"], name: value})
    return {name: value}


def _decided(call: Call, row: JsonObject, changes: JsonObject) -> Reply:
    row = call.records.update("contact_approvals", row["uuid"], changes)
    return done(f"Contact approval {row['status'].lower()} successfully", _shown(call.records, row))


def _shown(records: Records, row: JsonObject) -> JsonObject:
    contact = records.find("contacts", row["contact_uuid"]) or {}
    name = f"{contact.get('name', '')} {contact.get('surname', '')}".strip()
    return {**row, "contact_name": name}


def _level(confidence: float) -> str:
    return next((level for least, level in _LEVELS if confidence >= least), "low")
