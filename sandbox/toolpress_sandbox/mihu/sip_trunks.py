"""Numbers that stay with another carrier: external trunks, stored SIP connections, extensions of a PBX."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import bindings, phone_numbers
from toolpress_sandbox.mihu.answers import conflict, done, listed
from toolpress_sandbox.mihu.dialling import digits
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

_CAPABILITIES = {"voice": True, "sms": False, "mms": False, "fax": False, "emergency": False, "local_calling": False}


def list_external_trunks(call: Call) -> Reply:
    rows = [row for row in phone_numbers.inventory(call.records) if row["is_external"]]
    items = [phone_numbers.shown(call.records, row) for row in rows]
    return done("External trunks retrieved successfully", {"items": items})


def register_external_trunk(call: Call) -> Reply:
    records, given = call.records, call.arguments
    agent = records.get("agents", given["agent_uuid"])
    number, channel = given["phone_number"], given["channel"]
    known = phone_numbers.of_number(records, number)
    if known and not known["is_external"]:
        raise conflict(f"{number} is a bought number of the inventory")
    if bindings.on_number(records, channel, number):
        raise conflict(f"{number} is bound on this channel already")
    _require_no_line(records, agent["agent_uuid"], channel)
    row = known or _external(records, number)
    trunk = {
        "name": given.get("name") or f"{channel}_trunk_{digits(number)}",
        "direction": given["direction"] if channel == "call" else None,
        "sip": _merged({}, given.get("sip", {})) if channel == "call" else {},
        "additional_settings": given.get("additional_settings", {}),
    }
    line = {"phone_number_uuid": row["phone_number_uuid"], "number": number, "trunk": trunk}
    bindings.put(records, agent["agent_uuid"], channel, line)
    return done("External trunk registered successfully", phone_numbers.channels(records, row))


def update_external_trunk(call: Call) -> Reply:
    """Number and channel pick the trunk; of the SIP settings only given keys change."""
    binding = _trunk(call)
    trunk, given = dict(binding["trunk"]), call.changes()
    for name in ("name", "additional_settings"):
        trunk[name] = given.get(name, trunk[name])
    if binding["channel"] == "call":
        trunk["direction"] = given.get("direction", trunk["direction"])
        trunk["sip"] = _merged(trunk["sip"], given.get("sip", {}))
    call.records.update("agent_channels", binding["uuid"], {"trunk": trunk})
    return _number(call, binding, "updated")


def assign_external_trunk(call: Call) -> Reply:
    binding = _trunk(call)
    agent = call.records.get("agents", call.arguments["agent_uuid"])
    if agent["agent_uuid"] != binding["agent_uuid"]:
        _require_no_line(call.records, agent["agent_uuid"], binding["channel"])
        call.records.update("agent_channels", binding["uuid"], {"agent_uuid": agent["agent_uuid"]})
    return _number(call, binding, "assigned")


def delete_external_trunk(call: Call) -> Reply:
    """With its last channel the number goes too."""
    binding = _trunk(call)
    call.records.remove("agent_channels", binding["uuid"])
    if not call.records.all("agent_channels", phone_number_uuid=binding["phone_number_uuid"]):
        call.records.remove("phone_numbers", binding["phone_number_uuid"])
    return done("External trunk deleted successfully")


def delete_sip_trunk_connection(call: Call) -> Reply:
    row = call.records.get("sip_trunk_connections", call.arguments["uuid"])
    users = call.records.all("agent_channels", connection_uuid=row["uuid"])
    if users:
        agents = ", ".join(str(user["agent_uuid"]) for user in users)
        raise conflict(f"The connection is in use by agent {agents}; take it away with unbind_call_channel first")
    call.records.remove("sip_trunk_connections", row["uuid"])
    return done("SIP trunk connection deleted successfully")


def create_pbx_extension_connector(call: Call) -> Reply:
    """Passwords are taken and not kept: nothing here would use them."""
    records, given = call.records, call.arguments
    agent = records.get("agents", given["agent_uuid"])
    pbx = {name: given[name] for name in ("registrar_server", "port", "username_extension")}
    if any(row["pbx"] == pbx for row in records.all("pbx_extension_connectors")):
        raise conflict(f"Extension {pbx['username_extension']} of {pbx['registrar_server']} is registered already")
    row = {
        "name": f"{pbx['username_extension']}@{pbx['registrar_server']}",
        "phone_number": given["phone_number"],
        "agent_uuid": agent["agent_uuid"],
        "sip_connector_server": call.settings["pbx_connector_server"],
        "connection_type": given["connection_type"],
        "setup_mode": given["setup_mode"],
        "pbx": pbx,
        "inbound": {"allowed_ip": given.get("allowed_ip")},
        "auth": {"has_separate_credentials": "auth_username" in given, "username": given.get("auth_username")},
        "normalizer": given.get("normalizer"),
    }
    row = records.insert("pbx_extension_connectors", row)
    return done("PBX extension connector created successfully", _connector(records, row))


def list_pbx_extension_connectors(call: Call) -> Reply:
    rows = call.records.all("pbx_extension_connectors")
    message = "PBX extension connectors retrieved successfully"
    return listed(call, message, rows, lambda row: _connector(call.records, row), "items")


def get_pbx_extension_connector(call: Call) -> Reply:
    row = call.records.get("pbx_extension_connectors", call.arguments["uuid"])
    return done("PBX extension connector retrieved successfully", _connector(call.records, row))


def _connector(records: Records, row: JsonObject) -> JsonObject:
    agent = records.find("agents", row["agent_uuid"])
    return {**row, "agent_name": agent and agent["name"]}


def _external(records: Records, number: str) -> JsonObject:
    """A number of another carrier; its country and type are not known here."""
    for row in records.all("phone_numbers", number=number):
        records.remove("phone_numbers", row["phone_number_uuid"])  # Left behind by an agent that was deleted.
    row = {"number": number, "country_code": None, "type": None, "is_external": True, "source": "external"}
    return records.insert("phone_numbers", {**row, "capabilities": _CAPABILITIES})


def _trunk(call: Call) -> JsonObject:
    """The binding of the trunk that number and channel name."""
    for row in bindings.on_number(call.records, call.arguments["channel"], call.arguments["phone_number"]):
        if row["trunk"]:
            return row
    raise not_found("External trunk")


def _require_no_line(records: Records, agent_uuid: str, channel: str) -> None:
    if bindings.find(records, agent_uuid, channel):
        raise conflict("The agent serves another line on this channel already; unbind that first")


def _merged(sip: JsonObject, given: JsonObject) -> JsonObject:
    """An empty text clears its key."""
    return {name: value for name, value in {**sip, **given}.items() if value != ""}


def _number(call: Call, binding: JsonObject, verb: str) -> Reply:
    row = phone_numbers.owned(call.records, binding["phone_number_uuid"])
    return done(f"External trunk {verb} successfully", phone_numbers.channels(call.records, row))
