"""Trying one step: a trigger against the newest records of its source, an action against what earlier steps gave."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import flow_actions, flow_apps, flow_references, flow_sources, flow_steps
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.flow_runs import STEP_MS
from toolpress_sandbox.replies import Reply

_NO_RECORDS: JsonObject = {
    "success": False,
    "message": "The source of this trigger has no records yet; give data instead",
    "data": {"samples": []},
}
"""This one error has no code."""


def test_flow_step(call: Call) -> Reply:
    flow = flow_steps.editable(call)
    step = flow_steps.one(call, flow)
    flow_apps.check(call.records, step)
    found = _trigger(call, step) if step["kind"] == "trigger" else _action(call, flow, step)
    if found is None:
        return Reply(_NO_RECORDS, 404)
    if call.arguments["persist"] and "config_override" not in call.sent:
        kept = {"status": "active", "last_test": {"data": found["data"]}}
        call.records.update(flow_steps.STEPS, step["uuid"], kept)
    return Reply({"data": {"kind": step["kind"], "duration_ms": STEP_MS, **found}})


def _trigger(call: Call, step: JsonObject) -> JsonObject | None:
    flow_apps.check_config(call.records, step, step["config"])
    answer = {"dry_run": False, "resolved": step["config"]}
    if "data" in call.sent:
        own = {"sample_uuid": None, "label": "Own data", "timestamp": call.records.now()}
        return {**answer, "data": call.arguments["data"], "selected": own, "samples": []}
    records = flow_sources.events(call.records, step)[: call.arguments["limit"]]
    if not records:
        return None
    samples = [flow_sources.sample(step, record) for record in records]
    wanted = call.arguments.get("sample_uuid") or records[0]["uuid"]
    for record, entry in zip(records, samples, strict=True):
        if record["uuid"] == wanted:
            return {**answer, "data": record, "selected": entry, "samples": samples}
    raise refused("sample_uuid", "is not among the samples")


def _action(call: Call, flow: JsonObject, step: JsonObject) -> JsonObject:
    records, given = call.records, call.arguments
    config: JsonObject = given["config_override"] if "config_override" in call.sent else step["config"]
    flow_apps.check_config(records, step, config)
    results = {
        row["position"]: {**((row["last_test"] or {}).get("data") or {}), **own}
        for row in flow_steps.of(records, flow["uuid"])
        if row["position"] < step["position"]
        for own in [_own(given.get("input_data", {}), row["position"])]
        if row["last_test"] or own
    }
    resolved = flow_references.filled(config, results)
    dry = flow_actions.is_dry(records, step, dry_run=given["dry_run"], live=given["live"])
    data = flow_actions.perform(records, step, resolved, live=not dry)
    return {"dry_run": dry, "data": data, "resolved": resolved}


def _own(input_data: JsonObject, position: int) -> JsonObject:
    """The values that the caller gives in place of a step's."""
    own = input_data.get(f"step{position}", {})
    if not isinstance(own, dict):
        raise refused(f"input_data.step{position}", "must be an object")
    return own
