"""Runs of deployed flows: one for each new record of the trigger's source, done at once.

What a run makes is news for no flow, so that flows never drive each other in circles.
"""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu import flow_actions, flow_references, flow_sources, flow_steps
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal

STEP_MS = 80
"""How long a step takes, in an answer; nothing here takes time."""


def advance(records: Records) -> None:
    """Run every deployed flow for what has happened since it last looked."""
    flows = [(flow, flow_steps.of(records, flow["uuid"])) for flow in records.all("flows", status="deployed")]
    due = [(flow, steps, record) for flow, steps in flows for record in _news(records, flow, steps[0])]
    for flow, steps, record in due:
        records.insert("flow_runs", _run(records, flow, steps, record))
    for flow, steps in flows:
        seen = present(records, steps[0])
        if seen != flow["seen"]:
            records.update("flows", flow["uuid"], {"seen": seen}, quiet=True)


def present(records: Records, trigger: JsonObject) -> list[str]:
    """The records that are there already, and so no news."""
    return [str(record["uuid"]) for record in flow_sources.events(records, trigger)]


def _news(records: Records, flow: JsonObject, trigger: JsonObject) -> list[JsonObject]:
    """Oldest first; a flow that looks for the first time finds everything old."""
    if flow["seen"] is None:
        return []
    seen = set(flow["seen"])
    return [record for record in reversed(flow_sources.events(records, trigger)) if record["uuid"] not in seen]


def _run(records: Records, flow: JsonObject, steps: list[JsonObject], record: JsonObject) -> JsonObject:
    done = [_entry(steps[0], "succeeded", steps[0]["config"], record)]
    results = {1: record}
    outputs = {steps[0]["uuid"]: record}
    for step in steps[1:]:
        if not _is_on_branch(step, outputs):
            done.append(_entry(step, "skipped", {}, {}))
            continue
        entry = _performed(records, step, results)
        done.append(entry)
        if entry["error"]:
            break
        results[step["position"]] = outputs[step["uuid"]] = entry["output"]
    now = records.now()
    return {
        "flow_uuid": flow["uuid"],
        "agent_uuid": record.get("agent_uuid"),
        "contact_uuid": record.get("contact_uuid"),
        "status": "failed" if done[-1]["error"] else "succeeded",
        "duration_ms": sum(entry["duration_ms"] for entry in done),
        "started_at": now,
        "finished_at": now,
        "error": done[-1]["error"],
        "steps": done,
    }


def _is_on_branch(step: JsonObject, outputs: dict[str, JsonObject]) -> bool:
    """Whether the condition that a step hangs from was asked, and came out that way."""
    parent = step["parent_step_uuid"]
    if parent is None:
        return True
    return parent in outputs and str(outputs[parent]["result"]).lower() == step["branch_key"]


def _performed(records: Records, step: JsonObject, results: dict[int, JsonObject]) -> JsonObject:
    try:
        config = flow_references.filled(step["config"], results)
        return _entry(step, "succeeded", config, flow_actions.perform(records, step, config, live=True))
    except Refusal as refusal:
        return {**_entry(step, "failed", step["config"], {}), "error": refusal.message}


def _entry(step: JsonObject, status: str, given: JsonObject, gave: JsonObject) -> JsonObject:
    return {
        "step_uuid": step["uuid"],
        "position": step["position"],
        "status": status,
        "input": given,
        "output": gave,
        "error": None,
        "duration_ms": 0 if status == "skipped" else STEP_MS,
    }
