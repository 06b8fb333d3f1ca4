"""Lines given to an agent and taken from it.

Where tools share a function the operation's `channel` names the channel.
"""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import bindings, phone_numbers
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply


def list_agent_channel_bindings(call: Call) -> Reply:
    agent = _agent(call)
    return done("Channel bindings retrieved successfully", bindings.of_agent(call.records, agent["agent_uuid"]))


def assign_account(call: Call) -> Reply:
    """A number or account connected in the panel."""
    channel = _channel(call)
    agent, line = _agent(call), _account(call, channel)
    _give(call, agent, channel, line)
    return _bound(agent, line)


def assign_whatsapp_calling_number_to_agent(call: Call) -> Reply:
    """Calls come with messages: the agent is bound for both, or for neither."""
    agent, line = _agent(call), _account(call, "whatsapp")
    if not call.records.get("channel_connections", line["connection_uuid"])["calling_enabled"]:
        raise refused("connection_uuid", "has calling switched off")
    for channel in ("whatsapp", "whatsapp_call"):
        _give(call, agent, channel, line)
    return _bound(agent, line)


def assign_sms_number_to_agent(call: Call) -> Reply:
    agent, number = _agent(call), _number(call, "sms")
    _give(call, agent, "sms", _line(number))
    return done("SMS number assigned successfully", {"agent_uuid": agent["agent_uuid"], **number})


def provision_call_channel(call: Call) -> Reply:
    agent, number = _agent(call), _number(call, "voice")
    _give(call, agent, "call", _line(number))
    return done("Call channel provisioned successfully", {"agent": agent, "channel": "call", **number})


def assign_sip_trunk_to_agent(call: Call) -> Reply:
    """With force the number may be shared; inbound calls then reach the agent bound last."""
    agent = _agent(call)
    connection = call.records.get("sip_trunk_connections", call.arguments["connection_uuid"])
    line = {"connection_uuid": connection["uuid"], "number": connection["phone_number"]}
    if not call.arguments.get("force"):
        bindings.require_free(call.records, agent["agent_uuid"], "call", line)
    bindings.put(call.records, agent["agent_uuid"], "call", line)
    return _bound(agent, line)


def unbind(call: Call) -> Reply:
    bindings.unbind(call.records, _agent(call)["agent_uuid"], _channel(call))
    return done("Channel unbound successfully")


def _agent(call: Call) -> JsonObject:
    return call.records.get("agents", call.arguments["uuid"])


def _channel(call: Call) -> str:
    return str(call.operation.behaviour["channel"])


def _account(call: Call, kind: str) -> JsonObject:
    """The line over a connected account of this kind."""
    connection = call.records.get("channel_connections", call.arguments["connection_uuid"], kind=kind)
    return {"connection_uuid": connection["uuid"], "number": connection["number"], "name": connection["name"]}


def _number(call: Call, capability: str) -> JsonObject:
    """The number of the inventory, which must be able to do this; external ones are bound as trunks."""
    row = phone_numbers.owned(call.records, call.arguments["phone_number_uuid"])
    if row["is_external"]:
        raise refused("phone_number_uuid", "is an external number; use register_external_trunk for it")
    if not row["capabilities"][capability]:
        raise refused("phone_number_uuid", f"is not capable of {capability}")
    return {"phone_number_uuid": row["phone_number_uuid"], "phone_number": row["number"]}


def _line(number: JsonObject) -> JsonObject:
    return {"phone_number_uuid": number["phone_number_uuid"], "number": number["phone_number"]}


def _give(call: Call, agent: JsonObject, channel: str, line: JsonObject) -> None:
    """Raises Refusal (409) when another agent speaks on the line."""
    bindings.require_free(call.records, agent["agent_uuid"], channel, line)
    bindings.put(call.records, agent["agent_uuid"], channel, line)


def _bound(agent: JsonObject, line: JsonObject) -> Reply:
    """Where the line has no phone number the answer has none either."""
    number = {"phone_number": line["number"]} if line["number"] else {}
    data = {"agent_uuid": agent["agent_uuid"], "connection_uuid": line["connection_uuid"], **number}
    return done("Channel assigned successfully", data)
