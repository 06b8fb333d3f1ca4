"""Which agent speaks on what: an agent has one line a channel.

A line is a number of the inventory, a SIP trunk connection, an account connected in the panel, or an external trunk;
only the last has the member `trunk`, and lives no longer than its binding.
"""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.answers import conflict
from toolpress_sandbox.mihu.dialling import digits
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import not_found

_SHOWN = {
    "call": ("call", ("phone_number", "phone_number_uuid", "connection_uuid")),
    "sms": ("sms", ("phone_number", "phone_number_uuid")),
    "whatsapp": ("whatsapp", ("phone_number", "connection_uuid")),
    "whatsapp_call": ("whatsapp_calling", ("phone_number", "connection_uuid")),
    "instagram": ("instagram", ("name", "connection_uuid")),
    "facebook": ("facebook", ("name", "connection_uuid")),
}
"""How an agent's bindings are shown: name and members of each channel."""


def find(records: Records, agent_uuid: str, channel: str) -> JsonObject | None:
    """The agent's line on the channel."""
    return records.first("agent_channels", agent_uuid=agent_uuid, channel=channel)


def on_number(records: Records, channel: str, number: str) -> list[JsonObject]:
    """The bindings of a phone number on the channel, the one made last at the end."""
    rows = records.all("agent_channels", channel=channel)
    return [row for row in rows if row["number"] and digits(row["number"]) == digits(number)]


def holder(records: Records, channel: str, number: str) -> JsonObject:
    """The agent that answers a number on the channel: of several the one bound last."""
    rows = on_number(records, channel, number)
    agent = records.find("agents", rows[-1]["agent_uuid"]) if rows else None
    return {
        "bound": agent is not None,
        "agent_uuid": agent and agent["agent_uuid"],
        "agent_name": agent and agent["name"],
    }


def require_free(records: Records, agent_uuid: str, channel: str, line: JsonObject) -> None:
    """No other agent speaks on the line. Raises Refusal (409)."""
    taken = on_number(records, channel, line["number"]) if line.get("number") else []
    if line.get("connection_uuid"):
        taken += records.all("agent_channels", channel=channel, connection_uuid=line["connection_uuid"])
    if any(row["agent_uuid"] != agent_uuid for row in taken):
        what = line.get("number") or line.get("name")
        raise conflict(f"{what} is in use by another agent on this channel; unbind it there first")


def put(records: Records, agent_uuid: str, channel: str, line: JsonObject) -> JsonObject:
    """Give the agent this line instead of the one it had. Raises Refusal (409) when that one is an external trunk."""
    present = find(records, agent_uuid, channel)
    if present:
        end(records, present)
    return records.insert("agent_channels", {"agent_uuid": agent_uuid, "channel": channel, **line})


def end(records: Records, row: JsonObject) -> None:
    """Take a line away; what it led to stays. Raises Refusal (409) for an external trunk, which would be lost."""
    if row["trunk"]:
        raise conflict(
            f"The agent's line is the external trunk of {row['number']}; hand it over with assign_external_trunk or "
            "remove it with delete_external_trunk first"
        )
    records.remove("agent_channels", row["uuid"])


def unbind(records: Records, agent_uuid: str, channel: str) -> None:
    """Take the agent's line on the channel away. Raises Refusal (404) when it has none."""
    row = find(records, agent_uuid, channel)
    if row is None:
        raise not_found("Channel binding")
    end(records, row)


def of_agent(records: Records, agent_uuid: str) -> JsonObject:
    """All channels of an agent, bound or not."""
    rows = {row["channel"]: row for row in records.all("agent_channels", agent_uuid=agent_uuid)}
    shown: JsonObject = {"agent_uuid": agent_uuid}
    for channel, (name, members) in _SHOWN.items():
        row = rows.get(channel, {})
        values = {**row, "phone_number": row.get("number")}
        shown[name] = {"bound": channel in rows, **{member: values.get(member) for member in members}}
    return shown
