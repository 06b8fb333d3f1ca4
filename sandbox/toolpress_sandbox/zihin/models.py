"""Public routes: the model list and the health check."""

from __future__ import annotations

import json

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Reply

_SCORES = {"economical": (9, 6, 9), "premium": (6, 8, 5), "flagship": (4, 10, 2)}


def list_models(call: Call) -> Reply:
    models = [_item(model) for model in call.settings["models"]]
    return Reply({"data": models, "count": len(models), "meta": {"generatedAt": iso(call.now())}})


def health(call: Call) -> Reply:
    return Reply(content=json.dumps({"status": "ok", "time": iso(call.now())}).encode())


def _item(model: JsonObject) -> JsonObject:
    latency, quality, cost = _SCORES[model["tier"]]
    return {
        "id": model["id"],
        "name": model["name"],
        "provider": model["id"].partition(".")[0],
        "tier": model["tier"],
        "context": model["context"],
        "capabilities": ["chat", "tools"],
        "pricing": {"input_per_million_usd": model["input"], "output_per_million_usd": model["output"]},
        "performance": {"latency": latency, "quality": quality, "cost": cost},
    }
