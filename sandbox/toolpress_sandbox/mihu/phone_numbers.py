"""The workspace's phone numbers, bought and external, with what each may do and who answers it."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox import calls
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import bindings, filters
from toolpress_sandbox.mihu.answers import conflict, done, listed, refused
from toolpress_sandbox.mihu.dialling import digits
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_CAPABLE = ("voice", "sms")
"""Settings that switch on what a number must be capable of, by the name of the capability."""


def list_phone_numbers(call: Call) -> Reply:
    """Newest first."""
    rows = filters.newest_first(inventory(call.records))
    message = "Phone numbers retrieved successfully"
    return listed(call, message, rows, lambda row: shown(call.records, row), "items")


def get_phone_number(call: Call) -> Reply:
    row = owned(call.records, call.arguments["uuid"])
    return done("Phone number retrieved successfully", shown(call.records, row))


def update_phone_number_settings(call: Call) -> Reply:
    """Member by member; what is left out stays."""
    row = owned(call.records, call.arguments["uuid"])
    given: JsonObject = call.arguments["channel_settings"]
    for name in _CAPABLE:
        if given.get(name, {}).get("enabled") and not row["capabilities"][name]:
            raise refused(f"channel_settings.{name}.enabled", f"cannot be true: the number is not capable of {name}")
    settings = {name: {**old, **given.get(name, {})} for name, old in row["channel_settings"].items()}
    row = call.records.update("phone_numbers", row["phone_number_uuid"], {"channel_settings": settings})
    return done("Phone number updated successfully", shown(call.records, row))


def release_phone_number(call: Call) -> Reply:
    """The agents that it served lose their calls and texts on it."""
    row = owned(call.records, call.arguments["uuid"])
    if row["is_external"]:
        raise conflict("An external number cannot be released; remove it with delete_external_trunk")
    for binding in call.records.all("agent_channels", phone_number_uuid=row["phone_number_uuid"]):
        bindings.end(call.records, binding)
    call.records.remove("phone_numbers", row["phone_number_uuid"])
    return done("Phone number released successfully", shown(call.records, {**row, "status": "released"}))


def get_phone_number_channels(call: Call) -> Reply:
    row = owned(call.records, call.arguments["uuid"])
    return done("Phone number channels retrieved successfully", channels(call.records, row))


def find_phone_number_channels(call: Call) -> Reply:
    row = of_number(call.records, call.arguments["number"])
    if row is None:
        raise not_found("Phone number")
    return done("Phone number channels retrieved successfully", channels(call.records, row))


def inventory(records: Records) -> list[JsonObject]:
    """All numbers of the tenant; an external one is there as long as an agent is bound to it."""
    return [row for row in records.all("phone_numbers") if _present(records, row)]


def owned(records: Records, uuid: str) -> JsonObject:
    """The number, or Refusal (404)."""
    row = records.get("phone_numbers", uuid)
    if not _present(records, row):
        raise not_found("Phone number")
    return row


def of_number(records: Records, number: str) -> JsonObject | None:
    """The number that is spelt so, with or without its plus sign."""
    wanted = digits(number)
    return next((row for row in inventory(records) if digits(row["number"]) == wanted), None)


def shown(records: Records, row: JsonObject) -> JsonObject:
    """The number as answers show it."""
    bound = {channel: bindings.holder(records, channel, row["number"]) for channel in ("call", "sms", "whatsapp")}
    location = row["location"] or row["country_code"]
    return {**calls.shown(records.collection("phone_numbers"), row), "location": location, "bindings": bound}


def channels(records: Records, row: JsonObject) -> JsonObject:
    """The number from the side of its channels; those of an external trunk say how it is reached."""
    settings, capable, number = row["channel_settings"], row["capabilities"], row["number"]
    entries: JsonObject = {
        "call": {"capable": capable["voice"], **settings["voice"], **bindings.holder(records, "call", number)},
        "sms": {"capable": capable["sms"], **settings["sms"], **bindings.holder(records, "sms", number)},
        "whatsapp": bindings.holder(records, "whatsapp", number),
        "inbound": settings["inbound"],
    }
    for binding in records.all("agent_channels", phone_number_uuid=row["phone_number_uuid"]):
        if binding["trunk"]:
            entries[binding["channel"]]["trunk"] = _without_login(binding["trunk"])
    kept = {name: row[name] for name in ("phone_number_uuid", "number", "is_external", "source")}
    return {**kept, "channels": entries}


def _present(records: Records, row: JsonObject) -> bool:
    return not row["is_external"] or bool(records.all("agent_channels", phone_number_uuid=row["phone_number_uuid"]))


def _without_login(trunk: JsonObject) -> JsonObject:
    sip: JsonObject = trunk["sip"]
    open_members = {name: value for name, value in sip.items() if name not in ("username", "password")}
    return {**trunk, "sip": {**open_members, "has_credentials": "username" in sip and "password" in sip}}
