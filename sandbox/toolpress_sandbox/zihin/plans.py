"""Subscription plans and models: what a tenant may use and what it costs."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Refusal

AUTO = "auto"
BYOK_PREFIX = "provider_key_"


def plan_of(call: Call) -> JsonObject:
    plan: JsonObject = call.settings["plans"][call.tenant["plan"]]
    return plan


def model_of(call: Call, model: str) -> JsonObject | None:
    """The model's facts; `auto` is routed to the catalogue's default model. None for a model nobody offers."""
    wanted = call.settings["default_model"] if model == AUTO else model
    found: JsonObject | None = next((item for item in call.settings["models"] if item["id"] == wanted), None)
    return found


def has_own_key(call: Call, model: str) -> bool:
    """Whether the tenant stored its own key of the model's provider: every tier opens, no quota is used."""
    return bool(call.records.all("secrets", name=BYOK_PREFIX + model.partition(".")[0]))


def tier_problem(call: Call, llm_config: JsonObject) -> JsonObject | None:
    """The details of a model above the plan's tiers, or None."""
    name = llm_config.get("model", AUTO)
    model = model_of(call, name)
    allowed = plan_of(call)["model_tiers"]
    if name == AUTO or model is None or model["tier"] in allowed or has_own_key(call, name):
        return None
    return {"model_tier": model["tier"], "plan_code": call.tenant["plan"], "allowed_tiers": allowed, "model": name}


def model_warnings(call: Call, llm_config: JsonObject) -> list[JsonObject]:
    """What will keep the agent from being published; saving it is allowed."""
    warnings: list[JsonObject] = []
    for name in [llm_config.get("model", AUTO), *llm_config.get("fallback_chain", ())]:
        if model_of(call, name) is None:
            warnings.append({"code": "UNKNOWN_MODEL", "field": "llm_config.model", "message": f"No model {name}"})
        problem = tier_problem(call, {"model": name})
        if problem:
            message = f"{name} needs tier {problem['model_tier']}; publishing will be refused on this plan"
            warnings.append({"code": "MODEL_TIER_RESTRICTED", "field": "llm_config.model", "message": message})
    return warnings


def cost_of(model: JsonObject, tokens: dict[str, int]) -> float:
    """USD for the tokens of one call."""
    price: Any = tokens["input"] * model["input"] + tokens["output"] * model["output"]
    return round(float(price) / 1_000_000, 6)


def refuse_over_agent_limit(call: Call) -> None:
    limit = plan_of(call)["max_agents"]
    live = [row for row in call.records.all("agents") if row["status"] != "archived"]
    if limit is not None and len(live) >= limit:
        raise Refusal(
            403,
            "PLAN_LIMIT_REACHED",
            f"Plan {call.tenant['plan']} allows {limit} agents; archive one or change the plan",
            {"limit": limit, "plan_code": call.tenant["plan"]},
        )
