"""The public address of a webhook trigger: POST /api/triggers/webhook/{trigger_id}."""

from __future__ import annotations

import hashlib
import hmac

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.decode import json_object
from toolpress_sandbox.identifiers import fingerprint
from toolpress_sandbox.replies import Refusal, Reply, not_found
from toolpress_sandbox.zihin.firing import adapted, context_of, fire


def receive(call: Call) -> Reply:
    """The trigger's id alone tells the tenant; a trigger that is off does not exist for callers."""
    found = call.records.locate("triggers", id=call.arguments["trigger_id"])
    if found is None or found[1]["trigger_type"] != "webhook" or not found[1]["enabled"]:
        raise not_found("Trigger")
    tenant, trigger = found
    here = call.in_tenant(tenant)
    _authenticate(here, trigger)
    payload = json_object(call.body or b"{}")
    _admit(trigger, context_of(trigger, payload), payload)
    outcome, execution = fire(here, trigger, payload, record=True)
    if trigger["trigger_config"].get("execution", {}).get("mode") == "async":
        return Reply({"status": "accepted", "execution_id": execution["id"]}, status=202)
    return adapted(trigger, outcome, execution)


def _authenticate(call: Call, trigger: JsonObject) -> None:
    kind = trigger["trigger_config"].get("auth", {}).get("type", "none")
    if kind == "api_key":
        key = call.headers.get("x-api-key", "")
        if not call.records.all("api_keys", key_hash=fingerprint(key), status="active"):
            raise Refusal(401, "INVALID_API_KEY" if key else "MISSING_API_KEY", "Send an active key in X-Api-Key")
    elif kind == "signature":
        secret = call.records.get("webhook_secrets", trigger["id"])["secret"]
        wanted = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
        given = call.headers.get("x-webhook-signature", "").removeprefix("sha256=")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise Refusal(401, "INVALID_SIGNATURE", "X-Webhook-Signature is not the HMAC-SHA256 of the body")


def _admit(trigger: JsonObject, context: JsonObject, payload: JsonObject) -> None:
    access = trigger["trigger_config"].get("sender_access", {})
    if access.get("mode") != "whitelist":
        return
    field = access.get("identity_field", "from")
    sender = context.get(field, payload.get(field))
    if sender not in access.get("whitelist", ()):
        raise Refusal(403, "SENDER_NOT_ALLOWED", "This sender is not on the trigger's list")
