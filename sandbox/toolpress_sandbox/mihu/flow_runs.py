"""Runs of deployed flows: one for each new record of the trigger's source, done at once.

What a run makes is news for no flow, so that flows never drive each other in circles.
"""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu import flow_actions, flow_references, flow_sources, flow_steps, logs
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal

STEP_MS = 80
"""How long a step takes, in an answer; nothing here takes time."""


def advance(records: Records) -> None:
    """Run every deployed flow for what has happened since it last looked."""
    flows = [(flow, flow_steps.of(records, flow["uuid"])) for flow in records.all("flows", status="deployed")]
    due = [(flow, steps, flow_sources.news(records, steps[0], flow["seen"])) for flow, steps in flows]
    for flow, steps, news in due:
        for record in news:
            run(records, flow, steps, record)
    for flow, steps in flows:
        seen = flow_sources.seen_now(records, steps[0], flow["seen"])
        if seen != flow["seen"]:
            records.update("flows", flow["uuid"], {"seen": seen}, quiet=True)


def run(records: Records, flow: JsonObject, steps: list[JsonObject], record: JsonObject) -> JsonObject:
    """What the flow did with a record of its trigger, kept and logged."""
    done = _steps_done(records, steps, record)
    now, error = records.now(), done[-1]["error"]
    kept = records.insert(
        "flow_runs",
        {
            "flow_uuid": flow["uuid"],
            "agent_uuid": record.get("agent_uuid"),
            "contact_uuid": record.get("contact_uuid"),
            "status": "failed" if error else "succeeded",
            "duration_ms": sum(entry["duration_ms"] for entry in done),
            "started_at": now,
            "finished_at": now,
            "error": error,
            "steps": done,
        },
    )
    outputs = {f"step{entry['position']}": entry["output"] for entry in done[1:] if entry["status"] == "succeeded"}
    logs.write(
        records,
        "workflow",
        flow["name"],
        error,
        **{name: kept[name] for name in ("uuid", "agent_uuid", "contact_uuid", "duration_ms")},
        description=flow["description"] or "",
        channel=record.get("communication"),
        phone_number=record.get("phone_number"),
        request={"trigger": steps[0]["trigger_key"], "record_uuid": record["uuid"]},
        response=outputs,
        extras={"flow_uuid": flow["uuid"]},
    )
    return kept


def _steps_done(records: Records, steps: list[JsonObject], record: JsonObject) -> list[JsonObject]:
    """One entry a step, up to the first that failed."""
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
    return done


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
