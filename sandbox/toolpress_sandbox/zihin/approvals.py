"""Approval requests and the policies that say who decides. Deciding itself happens in the approver's chat."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.paging import page
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin.documents import accept


def list_approvals(call: Call) -> Reply:
    """Owner and admin see all; an editor its own requests and those that it may decide."""
    rows = call.records.all("approvals", status=call.arguments["status"])
    if "agent_id" in call.arguments:
        rows = [row for row in rows if row["agent_id"] == call.arguments["agent_id"]]
    if call.caller.role not in ("owner", "admin"):
        rows = [row for row in rows if _concerns(call, row)]
    part, numbers = page(call, sorted(rows, key=lambda row: str(row["created_at"]), reverse=True))
    return Reply({"approvals": part, **numbers})


def create_approval_policy(call: Call) -> Reply:
    row = dict(call.arguments)
    accept(call, "approval_policy", row)
    return Reply({"policy": call.records.insert("approval_policies", row)})


def update_approval_policy(call: Call) -> Reply:
    policy = call.records.get("approval_policies", call.arguments["policy_id"])
    changes = call.changes()
    accept(call, "approval_policy", {**policy, **changes})
    return Reply({"policy": call.records.update("approval_policies", policy["id"], changes)})


def _concerns(call: Call, row: JsonObject) -> bool:
    if row["requester"].get("key_id") == call.caller.key_id:
        return True
    policy = call.records.find("approval_policies", row["policy_id"] or "")
    if policy is None:
        return False
    approvers = [approver for stage in policy["stages"] for approver in stage["approvers"]]
    return any(
        approver.get("role") == call.caller.role or approver.get("id") == call.caller.key_id for approver in approvers
    )
