"""Procedures of an agent: steps in order, some of which fire an intent of the same agent."""

from __future__ import annotations

from collections.abc import Mapping

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.rules import Spot


def finish(spot: Spot, row: JsonObject) -> JsonObject:
    """The procedure with numbered steps; their intents must be the agent's own."""
    steps = []
    for index, given in enumerate(row["steps"]):
        step: JsonObject = {"order": index + 1, "intent_uuid": None, **given}
        intent = step["intent_uuid"] and spot.records.find("agent_intents", step["intent_uuid"])
        if step["intent_uuid"] and (not intent or intent["agent_uuid"] != spot.agent_uuid):
            raise spot.refused(f"steps.{index}.intent_uuid", "is not an intent of this agent")
        steps.append(step)
    return {**row, "steps": sorted(steps, key=lambda step: int(step["order"]))}


def refired(rows: list[JsonObject], intents: Mapping[str, str | None]) -> list[JsonObject]:
    """The procedures with the intents of their steps exchanged; None takes one away."""
    return [
        {**row, "steps": [{**step, "intent_uuid": _exchanged(step, intents)} for step in row["steps"]]} for row in rows
    ]


def _exchanged(step: JsonObject, intents: Mapping[str, str | None]) -> str | None:
    fired: str | None = step["intent_uuid"]
    return intents.get(fired, fired) if fired else None
