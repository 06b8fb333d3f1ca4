"""Who called whom, what failed, and how single runs and sessions went."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso
from toolpress_sandbox.replies import Reply, not_found
from toolpress_sandbox.zihin.conversation import control_of
from toolpress_sandbox.zihin.introspection import DAYS

_DIAGNOSTICS = (
    "session_id", "agent_id", "status", "model", "iterations", "tool_calls", "errors_by_step", "tools_loaded",
    "tools_loaded_names", "outcome", "timeout_clock", "tokens", "cost_usd", "latency_ms",
)  # fmt: skip


def get_agent_lineage(call: Call) -> Reply:
    """Pairs that really called each other, by executions."""
    wanted = call.arguments.get("agent_id")
    if wanted is not None:
        call.records.get("agents", wanted)
    since = _since(call, "30d")
    runs = {row["id"]: row for row in call.records.all("executions")}
    pairs: Counter[tuple[str, str]] = Counter()
    for row in runs.values():
        parent = runs.get(row["parent_execution_id"] or "")
        if parent is not None and row["created_at"] >= since:
            pairs[parent["agent_id"], row["agent_id"]] += 1
    rows = [
        {"parent_agent_id": parent, "child_agent_id": child, "invocations": count}
        for (parent, child), count in sorted(pairs.items())
        if wanted in (None, parent, child)
    ]
    return Reply({"pairs": rows, "count": len(rows)})


def get_tenant_health(call: Call) -> Reply:
    """Failures of the platform that belong to no agent, by code."""
    since = _since(call, "1d")
    rows = [row for row in call.records.all("platform_errors") if row["created_at"] >= since]
    codes = sorted({row["code"] for row in rows})
    grouped = []
    for code in codes:
        times = [row["created_at"] for row in rows if row["code"] == code]
        grouped.append({"code": code, "count": len(times), "last_seen_at": max(times)})
    return Reply({"errors": grouped, "total": len(rows)})


def get_execution_trace(call: Call) -> Reply:
    root_id = call.arguments["root_execution_id"]
    root = call.records.get("executions", root_id)
    if root["root_execution_id"] != root_id:
        raise not_found("Root execution")
    rows = call.records.all("executions", root_execution_id=root_id)
    total = round(sum(row["cost_usd"] for row in rows), 6)
    return Reply({"root_execution_id": root_id, "tree": _node(root, rows), "nodes": len(rows), "cost_usd": total})


def get_session_agent_tree(call: Call) -> Reply:
    """The tree from the top of the lineage, whichever session of it is asked for."""
    session = call.records.get("sessions", call.arguments["session_id"])
    top = session
    while top["parent_session_id"]:
        top = call.records.get("sessions", top["parent_session_id"])
    return Reply({"session_id": session["id"], "tree": _branch(call, top)})


def get_execution_diagnostics(call: Call) -> Reply:
    row = call.records.get("executions", call.arguments["execution_id"])
    return Reply({"execution_id": row["id"], **{name: row[name] for name in _DIAGNOSTICS}})


def _since(call: Call, default: str) -> str:
    return iso(call.now() - timedelta(days=DAYS[call.arguments.get("period", default)]))


def _node(row: JsonObject, rows: list[JsonObject]) -> JsonObject:
    children = [_node(child, rows) for child in rows if child["parent_execution_id"] == row["id"]]
    names = ("agent_id", "session_id", "status", "model", "phases", "tool_calls", "cost_usd", "latency_ms")
    return {"execution_id": row["id"], **{name: row[name] for name in names}, "children": children}


def _branch(call: Call, session: JsonObject) -> JsonObject:
    children = call.records.all("sessions", parent_session_id=session["id"])
    return {
        "agent_id": session["agent_id"],
        "session_id": session["id"],
        "status": control_of(session, call.now())[0],
        "children": [_branch(call, child) for child in children],
    }
