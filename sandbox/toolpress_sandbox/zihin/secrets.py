"""Secrets. The value goes out once, in the answer that made it; what stays is a fingerprint that nothing shows."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.identifiers import fingerprint
from toolpress_sandbox.replies import Refusal, Reply


def create_secret(call: Call) -> Reply:
    arguments = dict(call.arguments)
    value = arguments.pop("value")
    if call.records.all("secrets", name=arguments["name"]):
        raise Refusal(
            409, "CONFLICT", "A secret of this name exists; change its value with update_secret", {"field": "name"}
        )
    row = call.records.insert("secrets", {**arguments, "fingerprint": fingerprint(value)})
    return Reply({"secret": _shown(call, row), "value": value})


def update_secret(call: Call) -> Reply:
    secret = call.records.get("secrets", call.arguments["secret_id"])
    changes = call.changes()
    if "value" in changes:
        changes["fingerprint"] = fingerprint(changes.pop("value"))
    return Reply({"secret": _shown(call, call.records.update("secrets", secret["id"], changes))})


def _shown(call: Call, row: JsonObject) -> JsonObject:
    return shown(call.definition.collections["secrets"], row)
