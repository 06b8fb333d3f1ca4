"""Lists inside an agent (guidelines, notes, procedures, ...): every change answers with the whole agent.

The operation's `section` names the member of the agent. A section's first path argument is the agent, the second the
row. A row has a uuid of its own; where rows have a place (`order`, `priority`) they stand by it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import procedures, rules
from toolpress_sandbox.mihu.answers import done
from toolpress_sandbox.mihu.rules import Spot
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply, not_found

Rows = list[JsonObject]


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of list. `finish` completes a row, or refuses it; `place` is the member that orders, from `first`."""

    label: str
    defaults: JsonObject = field(default_factory=dict)
    finish: Callable[[Spot, JsonObject], JsonObject] | None = None
    place: str | None = None
    first: int = 0


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "guidelines": Section("Guideline", place="order"),
        "notes": Section("Note", place="order"),
        "procedures": Section("Procedure", {"description": "", "steps": []}, procedures.finish),
        "training": Section("Training row", {"intent": None, "response": None}),
        "routing_rules": Section("Routing rule", rules.ROUTING, rules.routing, place="priority", first=1),
        "guard_rules": Section("Guard rule", rules.GUARD, rules.guard),
    }
)


def listed_rows(call: Call) -> Reply:
    """The rows alone, with the operation's own sentence."""
    _, rows = _section(call)
    return done(str(call.operation.behaviour["said"]), rows)


def add(call: Call) -> Reply:
    """One row more; without a place it goes to the end."""
    agent, rows = _section(call)
    section = SECTIONS[_name(call)]
    ends = [int(row[section.place]) + 1 for row in rows] if section.place else []
    row = _row(call.records, section, call.changes(), max(ends, default=section.first))
    return _kept(call, agent, [*rows, _finished(section, Spot(call.records, agent["agent_uuid"]), row)])


def replace(call: Call) -> Reply:
    """The rows given instead of those there."""
    agent, _ = _section(call)
    name = _name(call)
    return _kept(call, agent, made(call.records, agent["agent_uuid"], name, call.arguments[name]))


def change(call: Call) -> Reply:
    """Only what was sent."""
    agent, rows = _section(call)
    row = _found(call, rows)
    spot = Spot(call.records, agent["agent_uuid"])
    changed = _finished(SECTIONS[_name(call)], spot, {**row, **call.changes()})
    return _kept(call, agent, [changed if item is row else item for item in rows])


def remove(call: Call) -> Reply:
    agent, rows = _section(call)
    row = _found(call, rows)
    return _kept(call, agent, [item for item in rows if item is not row])


def made(records: Records, agent_uuid: str, name: str, given: Rows) -> Rows:
    """A complete section of the rows given, each with a new uuid; without a place they stand as listed."""
    section = SECTIONS[name]
    rows = []
    for index, row in enumerate(given):
        spot = Spot(records, agent_uuid, f"{name}.{index}.")
        rows.append(_finished(section, spot, _row(records, section, row, section.first + index)))
    return _ordered(section, rows)


def copied(records: Records, agent: JsonObject) -> JsonObject:
    """All sections of an agent with new uuids."""
    return {name: [{**row, "uuid": records.new_id()} for row in agent[name]] for name in SECTIONS}


def _row(records: Records, section: Section, given: JsonObject, place: int) -> JsonObject:
    placed = {section.place: place} if section.place else {}
    return {"uuid": records.new_id(), **copy.deepcopy(section.defaults), **placed, **given}


def _finished(section: Section, spot: Spot, row: JsonObject) -> JsonObject:
    return section.finish(spot, row) if section.finish else row


def _ordered(section: Section, rows: Rows) -> Rows:
    place = section.place
    return sorted(rows, key=lambda row: int(row[place])) if place else rows


def _name(call: Call) -> str:
    return str(call.operation.behaviour["section"])


def _section(call: Call) -> tuple[JsonObject, Rows]:
    agent = call.records.get("agents", call.arguments[call.operation.path_arguments()[0]])
    return agent, list(agent[_name(call)])


def _found(call: Call, rows: Rows) -> JsonObject:
    wanted = call.arguments[call.operation.path_arguments()[1]]
    for row in rows:
        if row["uuid"] == wanted:
            return row
    raise not_found(SECTIONS[_name(call)].label)


def _kept(call: Call, agent: JsonObject, rows: Rows) -> Reply:
    name = _name(call)
    changes = {name: _ordered(SECTIONS[name], rows)}
    return Reply({"data": call.records.update("agents", agent["agent_uuid"], changes)})
