"""The one action of an intent: drafted, then published. A draft may lack parts, but what it names must exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import flow_apps, intents
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply, not_found


def get_agent_intent_event(call: Call) -> Reply:
    return done("Intent event retrieved successfully", intents.of(call)["event"])


def set_agent_intent_event(call: Call) -> Reply:
    intent = intents.of(call)
    kind = call.arguments["event_type"]
    event = {"event_type": kind, "status": "draft", **_KINDS[kind](call)}
    call.records.update(intents.INTENTS, intent["intent_uuid"], {"event": event})
    return done("Intent event updated successfully", event)


def publish_agent_intent_event(call: Call) -> Reply:
    intent = intents.of(call)
    if intent["event"] is None:
        raise not_found("Intent event")
    event: JsonObject = {**intent["event"], "status": "deployed"}
    for member in _NEEDED[event["event_type"]]:
        if not event.get(member):
            raise refused(member, "is missing; the action is incomplete")
    call.records.update(intents.INTENTS, intent["intent_uuid"], {"event": event})
    return done("Intent event published successfully", event)


def _webhook(call: Call) -> JsonObject:
    webhook = call.arguments.get("webhook")
    return {"webhook": webhook and {"auth_token": None, **webhook}}


def _app(call: Call) -> JsonObject:
    uid, key = call.arguments.get("app_uid"), call.arguments.get("action_key")
    uuid = call.arguments.get("app_connection_uuid")
    app = flow_apps.app_of(call.records, uid) if uid is not None else None
    action = flow_apps.offer(app, "action", key) if app else None
    if key is not None and action is None:
        raise refused("action_key", "is not an action of this app")
    if app:
        flow_apps.check_connection(call.records, app, uuid)
    return {
        "app": app and {"uid": uid, "name": app["name"], "is_builtin": not app["requires_connection"]},
        "action": action and {"key": key, "name": action["name"]},
        "app_connection_uuid": uuid if app else None,
        "config": call.arguments.get("config", {}),
    }


def _scenario(call: Call) -> JsonObject:
    uuid = call.arguments.get("flow_uuid")
    if uuid is not None and call.records.find("flows", uuid) is None:
        raise refused("flow_uuid", "is not a flow of this workspace")
    return {"flow_uuid": uuid}


def _agent(call: Call) -> JsonObject:
    uuid = call.arguments.get("agent_uuid")
    if uuid is not None and (uuid == call.arguments["uuid"] or call.records.find("agents", uuid) is None):
        raise refused("agent_uuid", "is not another agent of this workspace")
    return {
        "agent_uuid": uuid,
        "channel": call.arguments.get("channel"),
        "channel_action_name": call.arguments.get("channel_action_name"),
    }


_KINDS: Mapping[str, Callable[[Call], JsonObject]] = MappingProxyType(
    {"webhook": _webhook, "app": _app, "scenario": _scenario, "agent": _agent}
)
_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"webhook": ("webhook",), "app": ("app", "action"), "scenario": ("flow_uuid",), "agent": ("agent_uuid",)}
)
"""What an action must have before it goes live."""
