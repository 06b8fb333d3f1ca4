"""The apps that steps of flows use: what they offer, and what a step must have to use them."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

CONDITION = "if_condition"
"""The action that has branches."""
_LISTS = {"trigger": "triggers", "action": "actions"}


def list_flow_app_actions(call: Call) -> Reply:
    return _offers(call, "action")


def list_flow_app_triggers(call: Call) -> Reply:
    return _offers(call, "trigger")


def app_of(records: Records, step: JsonObject) -> JsonObject:
    """The app of a step; raises Refusal (422) when there is no such app."""
    app = records.find("flow_apps", step["app_uid"])
    if app is None:
        raise refused("app_uid", "is not an app of this workspace")
    return app


def offer(app: JsonObject, kind: str, key: str | None) -> JsonObject | None:
    """The trigger or action of that key."""
    return next((item for item in app[_LISTS[kind]] if item["key"] == key), None)


def check(records: Records, step: JsonObject, *, complete: bool = True) -> None:
    """Refuse (422) a step that names what does not exist or does not fit; `complete` also asks for what it lacks."""
    app = app_of(records, step)
    _check_key(app, step, complete)
    _check_connection(records, app, step, complete)
    _check_agent(records, app, step, complete)


def check_config(records: Records, step: JsonObject, config: JsonObject) -> None:
    """Refuse (422) settings, references not yet filled in, without one that the trigger or action needs."""
    offered = offer(app_of(records, step), step["kind"], step[f"{step['kind']}_key"])
    for name in offered["config_schema"].get("required", ()) if offered else ():
        if config.get(name) in (None, ""):
            raise refused(f"config.{name}", "is required")


def _offers(call: Call, kind: str) -> Reply:
    app = call.records.get("flow_apps", call.arguments["uid"])
    shown = [{name: item[name] for name in ("key", "name", "config_schema")} for item in app[_LISTS[kind]]]
    return done(f"App {_LISTS[kind]} retrieved successfully", shown)


def _check_key(app: JsonObject, step: JsonObject, complete: bool) -> None:
    kind = step["kind"]
    other = "action" if kind == "trigger" else "trigger"
    if not app[f"supports_{kind}"]:
        raise refused("app_uid", f"names an app that has no {kind}s")
    if step[f"{other}_key"] is not None:
        raise refused(f"{other}_key", f"is not for a step of kind {kind}")
    key = step[f"{kind}_key"]
    if key is None and complete:
        raise refused(f"{kind}_key", f"is required for a step of kind {kind}")
    if key is not None and offer(app, kind, key) is None:
        raise refused(f"{kind}_key", f"is not one of this app's {kind}s")


def _check_connection(records: Records, app: JsonObject, step: JsonObject, complete: bool) -> None:
    uuid = step["app_connection_uuid"]
    if not app["requires_connection"]:
        if uuid is not None:
            raise refused("app_connection_uuid", "must be null for a built-in app")
    elif uuid is None:
        if complete:
            raise refused("app_connection_uuid", "is required for this app")
    else:
        connection = records.find("flow_connections", uuid)
        if connection is None or connection["app_uid"] != app["uid"] or connection["status"] != "active":
            raise refused("app_connection_uuid", "is not an active connection of this app")


def _check_agent(records: Records, app: JsonObject, step: JsonObject, complete: bool) -> None:
    uuid = step["agent_uuid"]
    if uuid is not None and records.find("agents", uuid) is None:
        raise refused("agent_uuid", "is not an agent of this workspace")
    if uuid is None and complete and step["kind"] == "action" and app["uid"] == "agents":
        raise refused("agent_uuid", "is required for actions of this app")
