"""Intents that are called: at the end of a session the live actions of those that the contact spoke of are done.

An intent was spoken of when a longer word of its name stands in the contact's words, or in what the evaluation says
that the contact wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu import (
    deliveries,
    evaluations,
    flow_actions,
    flow_apps,
    flow_runs,
    flow_steps,
    happenings,
    logs,
    parties,
)
from toolpress_sandbox.mihu.scoring import is_heard
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal


class _FailedError(Exception):
    """An action that was tried in vain; the text says why."""


def advance(records: Records) -> None:
    """Do what the sessions that have ended since the last look have called for."""
    for happening in happenings.take(records, happenings.SESSION_ENDED):
        session = records.get("sessions", happening["session_uuid"])
        intents = records.all("agent_intents", agent_uuid=session["agent_uuid"]) if session["agent_uuid"] else []
        live = [intent for intent in intents if intent["event"] and intent["event"]["status"] == "deployed"]
        heard = _heard(records, session) if live else ""
        for intent in live:
            if is_heard(intent, heard):
                _call(records, session, intent)


def _heard(records: Records, session: JsonObject) -> str:
    rows = records.all("messages", session_uuid=session["uuid"])
    judged = evaluations.of_session(records, session["uuid"]) or {}
    wanted = (judged.get("intent") or {}).get("value", "")
    return " ".join([*(row["content"] for row in rows if row["sender"] == "Contact"), wanted]).casefold()


def _call(records: Records, session: JsonObject, intent: JsonObject) -> None:
    event: JsonObject = intent["event"]
    response, error = None, None
    try:
        response = _ACTIONS[event["event_type"]](records, session, intent)
    except (_FailedError, Refusal) as failure:
        error = str(failure)
    logs.write(
        records,
        "intent",
        intent["name"],
        error,
        description=intent["description"] or "",
        **{name: session[name] for name in ("channel", "agent_uuid", "contact_uuid", "phone_number")},
        request={name: _without_token(value) for name, value in event.items() if name != "status"},
        response=response,
        duration_ms=flow_runs.STEP_MS,
        extras={"intent_uuid": intent["intent_uuid"], "conversation_uuid": session["conversation_uuid"]},
    )
    conversation = {"conversation_uuid": session["conversation_uuid"]}
    happenings.note(records, happenings.INTENT_CALLED, session["ended_at"], **conversation)


def _without_token(value: Any) -> Any:
    return {name: value[name] for name in value if name != "auth_token"} if isinstance(value, dict) else value


def _webhook(_records: Records, session: JsonObject, intent: JsonObject) -> JsonObject:
    """Nothing leaves this machine; a receiver on it must answer."""
    hook = intent["event"]["webhook"]
    body = {"intent": intent["key"], "conversation_uuid": session["conversation_uuid"]}
    status = deliveries.post(hook["url"], body, hook["auth_token"])
    if status is None and deliveries.is_local(hook["url"]):
        raise _FailedError("The receiver did not answer")
    return {"status_code": status}


def _app(records: Records, _session: JsonObject, intent: JsonObject) -> JsonObject:
    event = intent["event"]
    step = {
        "kind": "action",
        "app_uid": event["app"]["uid"],
        "trigger_key": None,
        "action_key": event["action"]["key"],
        "app_connection_uuid": event["app_connection_uuid"],
        "agent_uuid": intent["agent_uuid"],
    }
    flow_apps.check_config(records, step, event["config"])
    return flow_actions.perform(records, step, event["config"], live=True)


def _scenario(records: Records, session: JsonObject, intent: JsonObject) -> JsonObject:
    """The flow begins with who spoke, instead of a record of its trigger."""
    flow = records.find("flows", intent["event"]["flow_uuid"])
    if flow is None or flow["status"] != "deployed":
        raise _FailedError("The flow is not deployed")
    members = ("uuid", "agent_uuid", "conversation_uuid", "phone_number")
    record = {**(parties.person(records, session) or {}), **{name: session[name] for name in members}}
    run = flow_runs.run(records, flow, flow_steps.of(records, flow["uuid"]), record)
    if run["error"]:
        raise _FailedError(run["error"])
    return {"run_uuid": run["uuid"], "status": run["status"]}


def _agent(records: Records, _session: JsonObject, intent: JsonObject) -> JsonObject:
    """The handover is only written down: the session is over."""
    agent = records.find("agents", intent["event"]["agent_uuid"])
    if agent is None:
        raise _FailedError("The agent no longer exists")
    return {"agent_name": agent["name"]}


_ACTIONS: Mapping[str, Callable[[Records, JsonObject, JsonObject], JsonObject]] = MappingProxyType(
    {"webhook": _webhook, "app": _app, "scenario": _scenario, "agent": _agent}
)
