"""Money and tokens: the spending cap of an agent and the tenant's monthly token quota."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Refusal
from toolpress_sandbox.zihin.plans import plan_of


def cycle(now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the calendar month."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)


def balance(call: Call, agent_id: str) -> JsonObject:
    """agent_id, unlimited, limit_usd, spent_usd, remaining_usd and cycle of the current month."""
    start, end = cycle(call.now())
    row = call.records.find("budgets", agent_id) or {"limit_usd": None, "spent_usd": 0, "cycle_start": iso(start)}
    spent = row["spent_usd"] if row.get("cycle_start") == iso(start) else 0
    limit = row["limit_usd"]
    return {
        "agent_id": agent_id,
        "unlimited": limit is None,
        "limit_usd": limit,
        "spent_usd": spent,
        "remaining_usd": None if limit is None else round(limit - spent, 6),
        "cycle": {"start": iso(start), "end": iso(end)},
    }


def set_limit(call: Call, agent_id: str, limit_usd: float | None) -> JsonObject:
    _write(call, agent_id, {"limit_usd": limit_usd, "spent_usd": balance(call, agent_id)["spent_usd"]})
    return balance(call, agent_id)


def refuse_if_spent(call: Call, agent: JsonObject) -> None:
    """A turn in flight may pass the cap; the next one does not start."""
    state = balance(call, agent["id"])
    if not state["unlimited"] and state["remaining_usd"] <= 0:
        raise Refusal(
            402,
            "BUDGET_EXCEEDED",
            f"The budget of {agent['name']} is used up; raise it with set_agent_budget",
            {"limit_usd": state["limit_usd"], "spent_usd": state["spent_usd"]},
        )


def refuse_if_quota_used(call: Call) -> None:
    quota = plan_of(call)["monthly_tokens"]
    used = _usage(call)["tokens"]
    if quota is not None and used >= quota:
        raise Refusal(
            429, "QUOTA_EXCEEDED", f"The plan's {quota} monthly tokens are used up", {"quota": quota, "used": used}
        )


def charge(call: Call, agent_id: str, cost_usd: float, tokens: int, *, own_key: bool) -> None:
    """Every call counts towards the budget; the tenant's own provider key keeps the quota untouched."""
    spent = balance(call, agent_id)["spent_usd"] + cost_usd
    limit = (call.records.find("budgets", agent_id) or {}).get("limit_usd")
    _write(call, agent_id, {"limit_usd": limit, "spent_usd": round(spent, 6)})
    if not own_key:
        usage = _usage(call)
        usage["tokens"] += tokens
        if call.records.find("usage", usage["id"]):
            call.records.update("usage", usage["id"], {"tokens": usage["tokens"]})
        else:
            call.records.insert("usage", usage)


def _usage(call: Call) -> JsonObject:
    month = iso(cycle(call.now())[0])
    return call.records.find("usage", month) or {"id": month, "tokens": 0}


def _write(call: Call, agent_id: str, values: JsonObject) -> None:
    row = {**values, "cycle_start": iso(cycle(call.now())[0])}
    if call.records.find("budgets", agent_id):
        call.records.update("budgets", agent_id, row)
    else:
        call.records.insert("budgets", {"agent_id": agent_id, **row})
