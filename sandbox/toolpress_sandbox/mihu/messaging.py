"""SMS and WhatsApp: texts and templates sent, and how far they have come.

An SMS is queued, sent after 2 seconds and delivered after 10. A WhatsApp message is sent at once, delivered after 2
seconds and read after 60. Nothing arrives at a number that ends in 99: it has failed after 10.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu import filters, parties, threads
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.paging import Show
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_STEPS = {
    "sms": ((0, "queued"), (2, "sent"), (10, "delivered")),
    "whatsapp": ((0, "sent"), (2, "delivered"), (60, "read")),
}
_ORDER = ("queued", "sent", "delivered", "read")
_FAILS_AFTER_S = 10
_WINDOW = timedelta(hours=24)
_MEDIA_HEADERS = ("IMAGE", "VIDEO", "DOCUMENT")
_PLACEHOLDER = re.compile(r"\{\{(\d+)\}\}")


def send(
    records: Records, agent: JsonObject, contact: JsonObject, channel: str, content: str, **members: Any
) -> JsonObject:
    """A message of the agent in the open conversation of the two, or in a new one; `members` are put on the message.

    Raises Refusal (422) when the agent has no such channel, its number may not write there, or the contact is
    blacklisted.
    """
    parties.require_both(records, agent, contact, channel, "phoneNumber")
    conversation = threads.standing(records, agent, contact, channel) or threads.begin(records, agent, contact, channel)
    return _post(records, conversation, "AI", content, **members)


def reply(records: Records, conversation: JsonObject, content: str) -> JsonObject:
    """A message of a human operator in a conversation."""
    if conversation["channel"] in parties.VOICE:
        raise refused("uuid", "is a voice call, which takes no text messages")
    contact = records.find("contacts", conversation["contact_uuid"])
    if contact:
        parties.require_reachable(records, contact, "uuid")
    number = conversation["phone_number"]
    parties.require_line(records, conversation["agent_uuid"], conversation["channel"], number, "uuid")
    return _post(records, conversation, "Human", content)


def advance(records: Records) -> None:
    """Bring every message that is under way as far as its age says."""
    for row in records.all("messages", is_under_way=True):
        reached = _status(row, (records.clock.now() - parse_iso(row["created_at"])).total_seconds())
        if reached != row["status"]:
            arrived = reached in ("failed", _STEPS[row["channel"]][-1][1])
            records.update("messages", row["uuid"], {"status": reached, "is_under_way": not arrived})


def send_sms(call: Call) -> Reply:
    row = send(call.records, *_parties(call), "sms", call.arguments["message"])
    return done("SMS message sent successfully", _sent(row, row["uuid"]))


def send_whatsapp_message(call: Call) -> Reply:
    row = send(call.records, *_parties(call), "whatsapp", call.arguments["message"])
    return done("WhatsApp message sent successfully", _sent(row, row["provider_id"]))


def send_whatsapp_template(call: Call) -> Reply:
    agent, contact = _parties(call)
    template = call.records.get("whatsapp_templates", call.arguments["templateId"])
    if template["status"] != "APPROVED":
        raise refused("templateId", f"is {template['status']}; only approved templates can be sent")
    _require_header(template, call.arguments.get("header"))
    given = {name.removeprefix("field"): value for name, value in call.arguments.get("parameters", {}).items()}
    content = filled(template, given, "parameters.field")
    members = {"message_type": "template", "template_uuid": template["uuid"]}
    row = send(call.records, agent, contact, "whatsapp", content, **members)
    data = {**_sent(row, row["provider_id"]), "templateName": template["name"]}
    return done("WhatsApp template message sent successfully", data)


def list_sms_messages(call: Call) -> Reply:
    return _list(call, "sms", "SMS messages retrieved successfully", _shown_sms)


def list_whatsapp_messages(call: Call) -> Reply:
    return _list(call, "whatsapp", "WhatsApp messages retrieved successfully", _shown_whatsapp)


def filled(template: JsonObject, given: JsonObject, field: str) -> str:
    """The template's text with a value in each placeholder; a value missing or too many is refused (422)."""
    text = str(template["content"])
    wanted = dict.fromkeys(_PLACEHOLDER.findall(text))
    for number in wanted:
        if not given.get(number):
            raise refused(f"{field}{number}", "is required: the template has this placeholder")
    for number in given:
        if number not in wanted:
            raise refused(f"{field}{number}", "fills no placeholder of the template")
    return _PLACEHOLDER.sub(lambda match: str(given[match[1]]), text)


def header_format(template: JsonObject) -> str | None:
    """IMAGE, VIDEO or DOCUMENT when the template has a media header."""
    formats = [item.get("format") for item in template["components"] if item["type"] == "HEADER"]
    return next((name for name in formats if name in _MEDIA_HEADERS), None)


def _parties(call: Call) -> tuple[JsonObject, JsonObject]:
    agent = call.records.get("agents", call.arguments["agentId"])
    return agent, parties.contact_of(call.records, call.arguments["phoneNumber"])


def _post(records: Records, conversation: JsonObject, sender: str, content: str, **members: Any) -> JsonObject:
    channel = conversation["channel"]
    if channel == "whatsapp" and "template_uuid" not in members:
        _require_window(records, conversation)
    ids = {"provider_id": f"wamid.{records.new_token(24)}"} if channel == "whatsapp" else {}
    start: JsonObject = {"status": _STEPS[channel][0][1], "is_under_way": True}
    return threads.say(records, conversation, sender, content, **start, **ids, **members)


def _status(row: JsonObject, age: float) -> str:
    reached = [status for seconds, status in _STEPS[row["channel"]] if age >= seconds][-1]
    if not str(row["phone_number"]).endswith("99"):
        return reached
    return "failed" if age >= _FAILS_AFTER_S else min(reached, "sent", key=_ORDER.index)


def _require_window(records: Records, conversation: JsonObject) -> None:
    """WhatsApp takes free text only within a day of the person's last message."""
    heard = records.all("messages", conversation_uuid=conversation["uuid"], sender="Contact")
    since = records.clock.now() - _WINDOW
    if not any(parse_iso(row["created_at"]) > since for row in heard):
        text = "needs an open window: the person has not written within 24 hours; send an approved template instead"
        raise refused("message", text)


def _require_header(template: JsonObject, header: JsonObject | None) -> None:
    wanted = header_format(template)
    if (header or {}).get("type") != (wanted.lower() if wanted else None):
        raise refused("header", f"must be {wanted.lower()}" if wanted else "is not part of this template")


def _sent(row: JsonObject, message_id: str) -> JsonObject:
    return {
        "messageId": message_id,
        "recipientPhone": row["phone_number"],
        "conversationId": row["conversation_uuid"],
    }


def _list(call: Call, channel: str, said: str, show: Show) -> Reply:
    members = {name: name for name in ("agent_uuid", "phone_number", "direction", "status")}
    rows = filters.equal(call, call.records.all("messages", channel=channel), members)
    return listed(call, said, filters.newest_first(rows), show)


_BOTH = ("agent_uuid", "contact_uuid", "conversation_uuid", "phone_number", "direction", "status", "created_at")


def _shown_sms(row: JsonObject) -> JsonObject:
    return {"uuid": row["uuid"], **{name: row[name] for name in _BOTH}, "message": row["content"]}


def _shown_whatsapp(row: JsonObject) -> JsonObject:
    return {
        "message_id": row["provider_id"],
        **{name: row[name] for name in _BOTH},
        "type": row["message_type"],
        "content": row["content"],
        "template_uuid": row.get("template_uuid"),
    }
