"""Rules of an agent: routing rules transfer callers, guard rules forward or end a conversation."""

from __future__ import annotations

from dataclasses import dataclass

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.dialling import E164
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal

_DESTINATION: JsonObject = {"destination_type": None, "destination": None, "destination_agent_uuid": None}

ROUTING: JsonObject = {
    "trigger_keyword": None,
    "phrases": [],
    "ai_prompt": None,
    "message_before_transfer": None,
    **_DESTINATION,
    "is_active": True,
}
GUARD: JsonObject = {
    "name": None,
    "example_phrases": [],
    "selected_channels": ["phone"],
    "say_before_forwarding": None,
    "say_before_end": None,
    **_DESTINATION,
    "is_active": True,
    "is_default": False,
}
"""Members of a rule that was made without them."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a row is being written: the agent, and the path of its members within the request."""

    records: Records
    agent_uuid: str
    at: str = ""

    def refused(self, member: str, message: str) -> Refusal:
        return refused(f"{self.at}{member}", message)


def routing(spot: Spot, row: JsonObject) -> JsonObject:
    """The rule, if it can ever fire and leads somewhere."""
    mode = row["detection_mode"]
    if mode in ("exact", "both") and not row["trigger_keyword"]:
        raise spot.refused("trigger_keyword", f"is required when detection_mode is {mode}")
    if mode in ("intent", "both") and not row["ai_prompt"]:
        raise spot.refused("ai_prompt", f"is required when detection_mode is {mode}")
    _leads_somewhere(spot, row)
    return row


def guard(spot: Spot, row: JsonObject) -> JsonObject:
    """The rule, if it leads somewhere or ends the conversation."""
    if row["then_action"] == "forward":
        _leads_somewhere(spot, row)
    return row


def _leads_somewhere(spot: Spot, row: JsonObject) -> None:
    kind = row["destination_type"]
    if kind is None:
        raise spot.refused("destination_type", "is required when then_action is forward")
    if kind == "agent":
        target = row["destination_agent_uuid"]
        if target is None:
            raise spot.refused("destination_agent_uuid", "is required when destination_type is agent")
        if target == spot.agent_uuid or spot.records.find("agents", target) is None:
            raise spot.refused("destination_agent_uuid", "is not another agent of this workspace")
    elif not row["destination"]:
        raise spot.refused("destination", f"is required when destination_type is {kind}")
    elif kind == "phone_number" and not E164.fullmatch(row["destination"]):
        raise spot.refused("destination", "must be a phone number in E.164")
