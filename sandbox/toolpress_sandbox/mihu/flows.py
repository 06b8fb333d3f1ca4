"""Flows: drafts that are edited, and deployed ones that run."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.mihu import flow_apps, flow_sources, flow_steps
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply


def create_flow(call: Call) -> Reply:
    return _said(call, "created", call.records.insert("flows", call.changes()))


def get_flow(call: Call) -> Reply:
    return _said(call, "retrieved", call.records.get("flows", call.arguments["uuid"]))


def update_flow(call: Call) -> Reply:
    flow = flow_steps.editable(call)
    return _said(call, "updated", call.records.update("flows", flow["uuid"], call.changes()))


def delete_flow(call: Call) -> Reply:
    """Steps go with it; what it did stays done."""
    flow = flow_steps.editable(call)
    for step in flow_steps.of(call.records, flow["uuid"]):
        call.records.remove(flow_steps.STEPS, step["uuid"])
    call.records.remove("flows", flow["uuid"])
    return done("Flow deleted")


def deploy_flow(call: Call) -> Reply:
    flow = call.records.get("flows", call.arguments["uuid"])
    if flow["status"] == "deployed":
        return _said(call, "deployed", flow)
    steps = flow_steps.of(call.records, flow["uuid"])
    if not steps:
        raise refused("steps", "have no trigger")
    for step in steps:
        if step["status"] != "active":
            raise refused("steps", f"are not all tested: step{step['position']} is a draft")
        flow_apps.check(call.records, step)
    changes = {"status": "deployed", "seen": flow_sources.seen_now(call.records, steps[0], None)}
    return _said(call, "deployed", call.records.update("flows", flow["uuid"], changes))


def undeploy_flow(call: Call) -> Reply:
    flow = call.records.get("flows", call.arguments["uuid"])
    if flow["status"] == "deployed":
        flow = call.records.update("flows", flow["uuid"], {"status": "draft"})
    return _said(call, "undeployed", flow)


def _said(call: Call, what: str, flow: JsonObject) -> Reply:
    steps = [flow_steps.shown(call.records, step) for step in flow_steps.of(call.records, flow["uuid"])]
    return done(f"Flow {what}", {**shown(call.records.collection("flows"), flow), "steps": steps})
