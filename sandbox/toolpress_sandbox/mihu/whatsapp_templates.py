"""WhatsApp templates: submitted, approved or rejected by Meta, configured for campaigns, and media for their headers.

Meta decides a day after the submission, or at the next synchronisation: it rejects a template whose name ends in
`_rejected` and approves any other.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import filters, messaging
from toolpress_sandbox.mihu.answers import conflict, done, listed, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_REVIEW = timedelta(hours=24)
_HANDLE_LIVES = timedelta(hours=24)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES = {
    "image": (5, ("image/jpeg", "image/png")),
    "video": (16, ("video/mp4", "video/3gpp")),
    "document": (
        100,
        (
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
        ),
    ),
}
"""Largest size in megabytes and MIME types of each kind."""


def advance(records: Records) -> None:
    """Let Meta decide on what was submitted long enough ago."""
    for row in records.all("whatsapp_templates", status="PENDING"):
        decided = parse_iso(row["created_at"]) + _REVIEW
        if decided <= records.clock.now():
            _decide(records, row, iso(decided))


def create_whatsapp_template(call: Call) -> Reply:
    records, given = call.records, call.changes()
    account = _account(records, given["waba_id"])
    same = {name: given[name] for name in ("name", "language", "waba_id")}
    if records.all("whatsapp_templates", **same):
        raise refused("name", "is taken: the account has a template of this name and language")
    _check(call, given)
    texts = [item["text"] for item in given["components"] if item.get("text")]
    row = {
        **given,
        "content": "\n".join(texts),
        "template_id": str(UUID(records.new_id()).int % 10**15),
        "phone_number": account["phone_numbers"][0]["phone_number"],
    }
    return done("Template created successfully", records.insert("whatsapp_templates", row))


def delete_whatsapp_template(call: Call) -> Reply:
    """Configurations that are switched off go with it; one in use keeps it."""
    row = call.records.get("whatsapp_templates", call.arguments["uuid"])
    settings = call.records.all("whatsapp_template_settings", template_uuid=row["uuid"])
    if any(item["status"] == "active" for item in settings):
        raise conflict("An active template setting uses the template")
    for item in settings:
        call.records.remove("whatsapp_template_settings", item["uuid"])
    call.records.remove("whatsapp_templates", row["uuid"])
    return done("Template deleted successfully")


def sync_whatsapp_templates(call: Call) -> Reply:
    """Bring Meta's decisions at once."""
    records = call.records
    only = {"waba_id": _account(records, call.arguments["waba_id"])["waba_id"]} if "waba_id" in call.sent else {}
    pending = records.all("whatsapp_templates", status="PENDING", **only)
    for row in pending:
        _decide(records, row, records.now())
    total = len(records.all("whatsapp_templates", **only))
    data = {"created": 0, "updated": len(pending), "deleted": 0, "total": total}
    return done("Templates synchronized successfully", data)


def upload_whatsapp_template_media(call: Call) -> Reply:
    records, kind, file = call.records, call.arguments["media_type"], call.arguments["file"]
    _account(records, call.arguments["waba_id"])
    megabytes, types = _MEDIA_TYPES[kind]
    if file["media_type"] not in types:
        raise refused("media_type", "does not fit the MIME type of the file")
    if len(file["content"]) * 3 // 4 > megabytes * 1024 * 1024:
        raise refused("file", f"must have at most {megabytes} MB")
    handle = f"4::{records.new_token(40)}"
    records.insert("whatsapp_media", {"handle": handle, "format": kind.upper()})
    return done("Media uploaded successfully", {"handle": handle, "media_type": kind})


def create_whatsapp_template_setting(call: Call) -> Reply:
    template = call.records.get("whatsapp_templates", call.arguments["template_uuid"])
    if template["status"] != "APPROVED":
        raise refused("template_uuid", f"is {template['status']}; only approved templates can be configured")
    row = {"params": {}, **call.arguments}
    row = call.records.insert("whatsapp_template_settings", {**row, "content": _content(template, row["params"])})
    return done("Template setting created successfully", shown_setting(call.records, row))


def list_whatsapp_template_settings(call: Call) -> Reply:
    members = {name: name for name in ("template_uuid", "status")}
    rows = filters.newest_first(filters.equal(call, call.records.all("whatsapp_template_settings"), members))
    return listed(call, "Template settings retrieved successfully", rows, lambda row: shown_setting(call.records, row))


def update_whatsapp_template_setting(call: Call) -> Reply:
    row, changes = call.records.get("whatsapp_template_settings", call.arguments["uuid"]), call.changes()
    if "params" in changes:
        template = call.records.get("whatsapp_templates", row["template_uuid"])
        changes["content"] = _content(template, changes["params"])
    row = call.records.update("whatsapp_template_settings", row["uuid"], changes)
    return done("Template setting updated successfully", shown_setting(call.records, row))


def shown_setting(records: Records, row: JsonObject) -> JsonObject:
    template = records.get("whatsapp_templates", row["template_uuid"])
    members = ("uuid", "name", "language", "category", "status", "waba_id")
    base = {name: value for name, value in row.items() if name != "template_uuid"}
    return {**base, "template": {name: template[name] for name in members}}


def _content(template: JsonObject, params: JsonObject) -> str:
    return messaging.filled(template, params.get("body", {}), "params.body.")


def _account(records: Records, waba_id: str) -> JsonObject:
    account = records.first("whatsapp_accounts", waba_id=waba_id)
    if account is None:
        raise not_found("WhatsApp Business Account")
    return account


def _decide(records: Records, row: JsonObject, at: str) -> None:
    status = "REJECTED" if row["name"].endswith("_rejected") else "APPROVED"
    records.update("whatsapp_templates", row["uuid"], {"status": status, "updated_at": at})


def _check(call: Call, given: JsonObject) -> None:
    """One body with text; a media header with a handle that is known, still valid and of its format."""
    bodies = [item for item in given["components"] if item["type"] == "BODY"]
    if len(bodies) != 1 or not bodies[0].get("text"):
        raise refused("components", "must hold exactly one BODY, with text")
    wanted = messaging.header_format(given)
    if wanted is None:
        return
    header = next(item for item in given["components"] if item["type"] == "HEADER")
    handles = header.get("example", {}).get("header_handle") or [None]
    since = call.now() - _HANDLE_LIVES
    known = call.records.all("whatsapp_media", handle=handles[0], format=wanted) if handles[0] else []
    if not any(parse_iso(row["created_at"]) > since for row in known):
        raise refused("components", f"needs example.header_handle with a fresh handle of an uploaded {wanted.lower()}")
