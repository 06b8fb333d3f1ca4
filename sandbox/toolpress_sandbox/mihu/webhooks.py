"""Who is told of events: subscriptions of the workspace, and webhooks of an agent, whose secrets are never shown."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import deliveries
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Refusal, Reply

_MOST = 5
_HIDDEN = frozenset({"agent_uuid", "secret_key"})


def subscribe_webhook(call: Call) -> Reply:
    """The same pair twice is one subscription."""
    pair = {name: call.arguments[name] for name in ("targetUrl", "event")}
    _require_secure("targetUrl", pair["targetUrl"])
    if not call.records.all("webhook_subscriptions", **pair):
        call.records.insert("webhook_subscriptions", pair)
    return done("Webhook subscribed successfully", pair)


def unsubscribe_webhook(call: Call) -> Reply:
    for row in call.records.all("webhook_subscriptions", targetUrl=call.arguments["targetUrl"]):
        call.records.remove("webhook_subscriptions", row["uuid"])
    return done("Webhook unsubscribed successfully")


def list_agent_webhooks(call: Call) -> Reply:
    return Reply({"data": [_shown(row) for row in _of_agent(call)]})


def add_agent_webhook(call: Call) -> Reply:
    _require_secure("url", call.arguments["url"])
    if len(_of_agent(call)) >= _MOST:
        text = f"The agent already has {_MOST} webhooks"
        raise Refusal(409, "WEBHOOK_LIMIT_REACHED", text, {"message": text})
    row = {name: value for name, value in call.arguments.items() if name != "uuid"}
    return Reply({"data": _shown(call.records.insert("agent_webhooks", {**row, "agent_uuid": call.arguments["uuid"]}))})


def update_agent_webhook(call: Call) -> Reply:
    row = _row(call)
    _require_secure("url", call.arguments["url"])
    return Reply({"data": _shown(call.records.update("agent_webhooks", row["webhook_uuid"], call.changes()))})


def delete_agent_webhook(call: Call) -> Reply:
    call.records.remove("agent_webhooks", _row(call)["webhook_uuid"])
    return done("Webhook deleted successfully")


def _of_agent(call: Call) -> list[JsonObject]:
    agent = call.records.get("agents", call.arguments["uuid"])
    return call.records.all("agent_webhooks", agent_uuid=agent["agent_uuid"])


def _row(call: Call) -> JsonObject:
    agent = call.records.get("agents", call.arguments["uuid"])
    return call.records.get("agent_webhooks", call.arguments["webhookUuid"], agent_uuid=agent["agent_uuid"])


def _require_secure(field: str, url: str) -> None:
    """Raises Refusal (422) for what is not https; a receiver on this machine may speak http."""
    if not (deliveries.is_secure(url) or deliveries.is_local(url)):
        raise refused(field, "must be an https address")


def _shown(row: JsonObject) -> JsonObject:
    seen = {name: value for name, value in row.items() if name not in _HIDDEN}
    return {**seen, "has_secret": bool(row["secret_key"])}
