"""Spending caps of agents for the current month."""

from __future__ import annotations

from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin.ledger import balance, set_limit


def get_agent_budget(call: Call) -> Reply:
    return Reply(balance(call, call.records.get("agents", call.arguments["agent_id"])["id"]))


def list_agent_budgets(call: Call) -> Reply:
    rows = [{**balance(call, agent["id"]), "agent_name": agent["name"]} for agent in call.records.all("agents")]
    return Reply({"budgets": rows, "count": len(rows)})


def set_agent_budget(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    return Reply({"budget": set_limit(call, agent["id"], call.arguments["limit_usd"])})
