"""Steps of a flow: one flat list by position, the trigger first; steps of a branch name their condition."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import flow_apps, flow_references
from toolpress_sandbox.mihu.answers import conflict, done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

STEPS = "flow_steps"
_CLEARED: JsonObject = {"trigger_key": None, "action_key": None, "config": {}, "app_connection_uuid": None}
"""What a step loses with its app."""
_UNTESTED: JsonObject = {"status": "draft", "last_test": None}

Rows = list[JsonObject]


def add_flow_step(call: Call) -> Reply:
    flow = editable(call)
    rows = of(call.records, flow["uuid"])
    given = call.changes()
    after = given.pop("insert_after_step_uuid", None)
    step = {**call.records.collection(STEPS).defaults, **given, "flow_uuid": flow["uuid"]}
    _check_place(rows, step, after)
    flow_apps.check(call.records, step)
    position = _position(rows, after)
    _move(call.records, rows, {row["position"]: row["position"] + 1 for row in rows if row["position"] >= position})
    return _answer(call, call.records.insert(STEPS, {**step, "position": position}))


def update_flow_step(call: Call) -> Reply:
    flow = editable(call)
    step = one(call, flow)
    changes = call.changes()
    if changes.get("app_uid", step["app_uid"]) != step["app_uid"]:
        changes = {**_CLEARED, **changes}
    changed = {**step, **changes}
    flow_apps.check(call.records, changed, complete=False)
    branched = any(row["parent_step_uuid"] == step["uuid"] for row in of(call.records, flow["uuid"]))
    if branched and changed["action_key"] != flow_apps.CONDITION:
        raise refused("action_key", "must stay a condition while branches hang from it")
    if changes:
        step = call.records.update(STEPS, step["uuid"], {**changes, **_UNTESTED})
    return _answer(call, step)


def delete_flow_step(call: Call) -> Reply:
    flow = editable(call)
    step = one(call, flow)
    rows = of(call.records, flow["uuid"])
    if step["kind"] == "trigger" and len(rows) > 1:
        raise refused("step", "is the trigger, which goes only after all actions")
    doomed = _with_branches(rows, step)
    for row in doomed:
        call.records.remove(STEPS, row["uuid"])
    left = [row for row in rows if row not in doomed]
    gone = {row["position"]: flow_references.NOWHERE for row in doomed}
    for row in left:
        if flow_references.moved(row["config"], gone) != row["config"]:
            row.update(_UNTESTED)
    _move(call.records, left, {**gone, **{row["position"]: place for place, row in enumerate(left, 1)}})
    return done("Flow step deleted")


def editable(call: Call) -> JsonObject:
    """The flow of the path, or a conflict when it is deployed."""
    flow = call.records.get("flows", call.arguments["uuid"])
    if flow["status"] == "deployed":
        raise conflict("The flow is deployed; undeploy it first")
    return flow


def one(call: Call, flow: JsonObject) -> JsonObject:
    """The step of the path, which must be the flow's."""
    return call.records.get(STEPS, call.arguments["step"], flow_uuid=flow["uuid"])


def of(records: Records, flow_uuid: str) -> Rows:
    """A flow's steps by position."""
    return sorted(records.all(STEPS, flow_uuid=flow_uuid), key=lambda row: int(row["position"]))


def shown(records: Records, step: JsonObject) -> JsonObject:
    app = records.get("flow_apps", step["app_uid"])
    agent = records.find("agents", str(step["agent_uuid"]))
    connection = records.find("flow_connections", str(step["app_connection_uuid"]))
    members = ("uuid", "position", "kind", "status", "parent_step_uuid", "branch_key", "config", "last_test")
    named = {kind: _named(app, kind, step[f"{kind}_key"]) for kind in ("trigger", "action")}
    return {
        **{name: step[name] for name in members},
        "app": {name: app[name] for name in ("uid", "name", "icon", "category", "requires_connection")},
        **named,
        "agent": agent and {"uuid": agent["agent_uuid"], "name": agent["name"]},
        "app_connection": connection and {"uuid": connection["uuid"], "label": connection["label"]},
    }


def _named(app: JsonObject, kind: str, key: str | None) -> JsonObject | None:
    found = flow_apps.offer(app, kind, key)
    return found and {"key": found["key"], "name": found["name"]}


def _answer(call: Call, step: JsonObject) -> Reply:
    return Reply({"data": shown(call.records, step)})


def _check_place(rows: Rows, step: JsonObject, after: str | None) -> None:
    if step["kind"] == "trigger":
        if rows:
            raise refused("kind", "may be trigger only for the first step of a flow")
        for name in ("parent_step_uuid", "branch_key"):
            if step[name] is not None:
                raise refused(name, "is not for a trigger")
    elif not rows:
        raise refused("kind", "must be trigger for the first step of a flow")
    if after is not None and after not in [row["uuid"] for row in rows]:
        raise refused("insert_after_step_uuid", "is not a step of this flow")
    parent = next((row for row in rows if row["uuid"] == step["parent_step_uuid"]), None)
    if step["parent_step_uuid"] is None:
        if step["branch_key"] is not None:
            raise refused("branch_key", "needs parent_step_uuid")
    elif parent is None or parent["action_key"] != flow_apps.CONDITION:
        raise refused("parent_step_uuid", "is not a condition of this flow")
    elif step["branch_key"] is None:
        raise refused("branch_key", "is required with parent_step_uuid")
    elif after is not None and _position(rows, after) <= parent["position"]:
        raise refused("insert_after_step_uuid", "stands before the condition")


def _position(rows: Rows, after: str | None) -> int:
    return 1 + next((int(row["position"]) for row in rows if row["uuid"] == after), len(rows))


def _move(records: Records, rows: Rows, positions: dict[int, int]) -> None:
    """Put steps in their new places and let every reference follow."""
    for row in rows:
        place = positions.get(row["position"], row["position"])
        changes = {**row, "position": place, "config": flow_references.moved(row["config"], positions)}
        records.update(STEPS, row["uuid"], changes)


def _with_branches(rows: Rows, step: JsonObject) -> Rows:
    """A step and all that hangs from it; conditions stand before their branches."""
    doomed: Rows = []
    for row in rows:
        if row["uuid"] == step["uuid"] or row["parent_step_uuid"] in [item["uuid"] for item in doomed]:
            doomed.append(row)
    return doomed
