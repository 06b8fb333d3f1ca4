"""Who takes part: an agent that has the channel, and the contact behind a number."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import refused
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


def require_channel(records: Records, agent: JsonObject, channel: str) -> None:
    if not records.all("agent_channels", agent_uuid=agent["agent_uuid"], channel=channel):
        raise refused("agentId", f"has no {channel} channel")


def contact_of(records: Records, number: str) -> JsonObject:
    """The contact with this number, made when it is new."""
    known = records.all("contacts", phone_number=number)
    return known[0] if known else records.insert("contacts", {"phone_number": number})


def require_reachable(records: Records, contact: JsonObject, field: str) -> None:
    """A contact on the blacklist may be neither called nor written to, unless only its email is blocked."""
    entry: JsonObject = contact.get("blacklist") or {}
    if contact["status"] != "Blacklisted" or entry.get("type") == "Email":
        return
    if entry.get("expires_at") and parse_iso(entry["expires_at"]) <= records.clock.now():
        return
    raise refused(field, "is blacklisted")


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
