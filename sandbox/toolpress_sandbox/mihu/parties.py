"""Who takes part: an agent that has the channel, and the contact behind a number."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.dialling import countries
from toolpress_sandbox.mihu.filters import folded
from toolpress_sandbox.records import Records

VOICE = frozenset({"call", "whatsapp_call"})
LABELS = {
    "call": "Call",
    "whatsapp_call": "WhatsappCall",
    "whatsapp": "Whatsapp",
    "sms": "Sms",
    "instagram": "Instagram",
    "facebook": "Messenger",
}
"""The channels, each as conversations spell it."""
_SETTINGS = {"call": "voice", "sms": "sms"}
"""The channels of phone numbers, with the name that their settings have."""


def require_both(records: Records, agent: JsonObject, contact: JsonObject, channel: str, field: str) -> None:
    """That the agent may begin with this contact on this channel; `field` is where the request names the contact.

    Raises Refusal (422).
    """
    _require_channel(records, agent, channel)
    require_reachable(records, contact, field)
    require_line(records, agent["agent_uuid"], channel, contact["phone_number"], field)


def _require_channel(records: Records, agent: JsonObject, channel: str) -> None:
    if records.first("agent_channels", agent_uuid=agent["agent_uuid"], channel=channel) is None:
        raise refused("agentId", f"has no {channel} channel")


def require_line(records: Records, agent_uuid: str | None, channel: str, number: str, field: str) -> None:
    """What the settings of the agent's own number allow; `field` is where the other number stands in the request.

    Raises Refusal (422). A line that is no number of the inventory has no such settings.
    """
    bound = records.first("agent_channels", agent_uuid=agent_uuid, channel=channel) if agent_uuid else None
    line = records.find("phone_numbers", str(bound["phone_number_uuid"])) if bound else None
    if line is None or channel not in _SETTINGS:
        return
    settings: JsonObject = line["channel_settings"][_SETTINGS[channel]]
    if not settings["enabled"]:
        raise refused("agentId", f"has a number on which {_SETTINGS[channel]} is switched off: {line['number']}")
    allowed = settings["whitelisted_destinations"]
    if allowed and not countries(number).intersection(allowed):
        raise refused(field, f"is in a country that {line['number']} may not reach")


def contact_of(records: Records, number: str) -> JsonObject:
    """The contact with this number, made when it is new."""
    return records.first("contacts", phone_number=number) or records.insert("contacts", {"phone_number": number})


def contact_at(records: Records, email: str) -> JsonObject | None:
    """The contact with this email address, whatever its case."""
    wanted = folded(email)
    return next((row for row in records.all("contacts") if folded(row["email"]) == wanted), None)


def require_reachable(records: Records, contact: JsonObject, field: str) -> None:
    """Raises Refusal (422) for a contact who may be neither called nor written to."""
    if is_blocked(records, contact):
        raise refused(field, "is blacklisted")


def is_blocked(records: Records, contact: JsonObject) -> bool:
    """Whether the contact is on the blacklist now, and not with its email alone."""
    entry: JsonObject = contact.get("blacklist") or {}
    if contact["status"] != "Blacklisted" or entry.get("type") == "Email":
        return False
    return not entry.get("expires_at") or parse_iso(entry["expires_at"]) > records.clock.now()


def person(records: Records, row: JsonObject) -> JsonObject | None:
    """The contact of a conversation, session or message as answers embed it; its number outlives a deleted contact."""
    if row.get("contact_uuid") is None:
        return None
    contact = records.find("contacts", row["contact_uuid"]) or {}
    return {
        "uuid": row["contact_uuid"],
        "name": contact.get("name", ""),
        "surname": contact.get("surname", ""),
        "phone_number": contact.get("phone_number") or row.get("phone_number") or "",
        "email": contact.get("email", ""),
    }


def named(person_: JsonObject | None) -> str:
    """The name of a contact as a sentence can use it."""
    if person_ is None:
        return "the contact"
    return f"{person_['name']} {person_['surname']}".strip() or str(person_["phone_number"])
