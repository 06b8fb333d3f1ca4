"""Lists inside an agent (guidelines, notes, procedures, ...): every change answers with the whole agent.

The operation's `section` names the member of the agent. A section's first path argument is the agent, the second the
row. A row has a uuid of its own; rows with an `order` stand by it.
"""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Reply, not_found

Rows = list[JsonObject]


def add(call: Call) -> Reply:
    """One row more; without an order it goes to the end."""
    agent, rows = _section(call)
    row = {"uuid": call.records.new_id(), "order": len(rows), **call.changes()}
    return _kept(call, agent, [*rows, row])


def replace(call: Call) -> Reply:
    """The rows given instead of those there; each gets a new uuid."""
    agent, _ = _section(call)
    given: Rows = call.arguments[_name(call)]
    rows = [{"uuid": call.records.new_id(), "order": index, **row} for index, row in enumerate(given)]
    return _kept(call, agent, rows)


def change(call: Call) -> Reply:
    """Only what was sent."""
    agent, rows = _section(call)
    row = _row(call, rows)
    return _kept(call, agent, [{**row, **call.changes()} if item is row else item for item in rows])


def remove(call: Call) -> Reply:
    agent, rows = _section(call)
    row = _row(call, rows)
    return _kept(call, agent, [item for item in rows if item is not row])


def _name(call: Call) -> str:
    return str(call.operation.behaviour["section"])


def _section(call: Call) -> tuple[JsonObject, Rows]:
    agent = call.records.get("agents", call.arguments[call.operation.path_arguments()[0]])
    return agent, list(agent.get(_name(call), ()))


def _row(call: Call, rows: Rows) -> JsonObject:
    wanted = call.arguments[call.operation.path_arguments()[1]]
    for row in rows:
        if row["uuid"] == wanted:
            return row
    raise not_found("Agent section")


def _kept(call: Call, agent: JsonObject, rows: Rows) -> Reply:
    ordered = sorted(rows, key=lambda row: int(row.get("order", 0)))
    return Reply({"data": call.records.update("agents", agent["agent_uuid"], {_name(call): ordered})})
