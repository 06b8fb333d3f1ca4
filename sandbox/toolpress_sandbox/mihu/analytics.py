"""Figures counted from what is in the store: calls, sessions, messages, agents, campaigns, delivery.

These answers have no envelope.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu import evaluations, filters, parties
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.calls import LIVE
from toolpress_sandbox.replies import Reply

Rows = list[JsonObject]
_CENTS_PER_MINUTE = 5
_CLASSES = ((0, 30, "under_30s"), (30, 60, "30s_to_60s"), (60, 180, "60s_to_180s"), (180, None, "from_180s"))


def get_call_analytics(call: Call) -> Reply:
    return Reply({"meta": _meta(call), **_compared(call, _calls)})


def get_session_analytics(call: Call) -> Reply:
    return Reply({"meta": _meta(call), **_compared(call, _sessions)})


def export_messages(call: Call) -> Reply:
    rows = filters.oldest_first(_rows(call, "messages", "created_at", *_window(call)))
    start, limit = _start(call, rows), call.arguments["limit"]
    page, more = rows[start : start + limit], start + limit < len(rows)
    pagination = {"next_cursor": _cursor(page[-1]) if more else None, "has_more": more, "limit": limit}
    return Reply({"meta": _meta(call), "messages": [_exported(row) for row in page], "pagination": pagination})


def get_agent_performance(call: Call) -> Reply:
    calls, sessions = _traffic(call)
    agents = filters.equal(call, call.records.all("agents"), {"agent_uuid": "agent_uuid"})
    rows = []
    for agent in agents:
        mine = {"agent_uuid": agent["agent_uuid"]}
        own, held = _with(calls, mine), _with(sessions, mine)
        lengths = _lengths(own)
        rows.append(
            {
                "agent_uuid": agent["agent_uuid"],
                "name": agent["name"],
                "calls": len(own),
                "sessions": len(held),
                "answered": _answered(own),
                "success_rate": _success_rate(call, held),
                "satisfaction": _satisfaction(call, held),
                "avg_duration_sec": _mean(lengths),
            }
        )
    return Reply({"meta": _meta(call), "agents": rows})


def get_campaign_performance(call: Call) -> Reply:
    calls, sessions = _traffic(call)
    rows = []
    for campaign in filters.equal(call, call.records.all("campaigns"), {"campaign_uuid": "uuid"}):
        mine = {"campaign_uuid": campaign["uuid"]}
        own = _with(calls, mine)
        rows.append(
            {
                "campaign_uuid": campaign["uuid"],
                "name": campaign["name"],
                "contacts": len({row["contact_uuid"] for row in own}),
                "calls": len(own),
                "answered": _answered(own),
                "completed": sum(row["status"] == "completed" for row in own),
                "failed": sum(row["status"] == "failed" for row in own),
                "success_rate": _success_rate(call, _with(sessions, mine)),
            }
        )
    return Reply({"meta": _meta(call), "campaigns": rows})


def get_message_delivery_rates(call: Call) -> Reply:
    sent = _with(_rows(call, "messages", "created_at", *_window(call)), {"direction": "outbound"})
    rows = []
    for channel in call.arguments.get("channel", ("sms", "whatsapp")):
        states = Counter(row.get("status") for row in sent if row["channel"] == channel)
        arrived, total = states["delivered"] + states["read"], states.total() - states["queued"]
        rows.append(
            {
                "channel": channel,
                "channel_label": parties.LABELS[channel],
                "sent": total,
                "delivered": arrived,
                "read": states["read"],
                "failed": states["failed"],
                "delivery_rate": _share(arrived, total),
            }
        )
    return Reply({"meta": _meta(call), "channels": rows})


def _calls(call: Call, start: datetime, end: datetime) -> JsonObject:
    rows = _rows(call, "calls", "created_at", start, end)
    answered = [row for row in rows if row["answered_at"]]
    lengths = _lengths(rows)
    directions = Counter(row["direction"] for row in rows)
    return {
        "totals": {
            "calls": len(rows),
            "inbound": directions["inbound"],
            "outbound": directions["outbound"],
            "answered": len(answered),
            "missed": sum(row["direction"] == "inbound" and row["status"] == "failed" for row in rows),
            "failed": sum(row["status"] == "failed" for row in rows),
            "ai_handled": sum(row["handled_by"] == "AI" for row in answered),
            "human_handled": sum(row["handled_by"] == "Human" for row in answered),
        },
        "duration_sec": _spread(lengths),
        "buckets": _buckets(lengths),
        "outcome": dict(sorted(Counter(row["status"] for row in rows).items())),
        "cost": {"amount": _CENTS_PER_MINUTE * sum(-(-seconds // 60) for seconds in lengths) / 100, "currency": "USD"},
    }


def _sessions(call: Call, start: datetime, end: datetime) -> JsonObject:
    rows = _rows(call, "sessions", "started_at", start, end)
    ended = [row for row in rows if row["ended_at"]]
    said = [len(call.records.all("messages", session_uuid=row["uuid"])) for row in rows]
    escalated = _values(call, rows, "human_escalation")
    by_agents = _values(call, [row for row in rows if row["agent_uuid"]], "human_escalation")
    voice = any(row["call_uuid"] for row in rows)
    return {
        "totals": {
            "sessions": len(rows),
            "ended": len(ended),
            "active": len(rows) - len(ended),
            "evaluated": sum(row["evaluated_at"] is not None for row in rows),
        },
        "rates": {
            "success_rate": _success_rate(call, rows),
            "escalation_rate": _share(escalated.count("Yes"), len(escalated)),
            "ai_handled_rate": _share(by_agents.count("No"), len(escalated)),
        },
        "duration_sec": _spread([_seconds(row) for row in ended]),
        "messages_per_session": {"avg": _mean(said), "max": max(said, default=0)},
        "latency_ms": {"p50": 820, "p95": 1450} if voice else {"p50": None, "p95": None},
    }


def _compared(call: Call, figures: Callable[[Call, datetime, datetime], JsonObject]) -> JsonObject:
    """The figures of the window and, when asked for, those of the window of equal length before it."""
    start, end = _window(call)
    previous = {"previous": figures(call, start - (end - start), start)} if call.arguments["compare_prev"] else {}
    return {**figures(call, start, end), **previous}


def _meta(call: Call) -> JsonObject:
    return {name: value for name, value in call.arguments.items() if name not in ("cursor", "limit")}


def _window(call: Call) -> tuple[datetime, datetime]:
    start, end = parse_iso(call.arguments["from"]), parse_iso(call.arguments["to"])
    if start >= end:
        raise refused("to", "must be after from")
    return start, end


def _rows(call: Call, collection: str, member: str, start: datetime, end: datetime) -> Rows:
    """Rows of the window that pass the filters."""
    links = {name: name for name in ("agent_uuid", "campaign_uuid")}
    rows = filters.within(filters.equal(call, call.records.all(collection), links), member, start, end)
    channel = "communication" if collection == "calls" else "channel"
    return [row for row in rows if "channel" not in call.sent or row[channel] in call.arguments["channel"]]


def _traffic(call: Call) -> tuple[Rows, Rows]:
    """Calls and sessions of the window."""
    window = _window(call)
    return _rows(call, "calls", "created_at", *window), _rows(call, "sessions", "started_at", *window)


def _with(rows: Rows, members: JsonObject) -> Rows:
    return [row for row in rows if all(row[name] == value for name, value in members.items())]


def _answered(calls: Rows) -> int:
    return sum(row["answered_at"] is not None for row in calls)


def _lengths(calls: Rows) -> list[int]:
    """Seconds of the answered calls that are over."""
    return [row["duration"] for row in calls if row["answered_at"] and row["status"] not in LIVE]


def _values(call: Call, sessions: Rows, result: str) -> list[str]:
    """What the evaluations of these sessions say of one result."""
    found = [evaluations.of_session(call.records, row["uuid"]) for row in sessions]
    return [row[result]["value"] for row in found if row and row[result]]


def _success_rate(call: Call, sessions: Rows) -> float | None:
    values = _values(call, sessions, "success")
    return _share(values.count("Yes"), len(values))


def _satisfaction(call: Call, sessions: Rows) -> float | None:
    return _mean([int(value) for value in _values(call, sessions, "satisfaction")])


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: list[int]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None


def _seconds(session: JsonObject) -> int:
    return round((parse_iso(session["ended_at"]) - parse_iso(session["started_at"])).total_seconds())


def _spread(lengths: list[int]) -> JsonObject:
    ordered = sorted(lengths)

    def percentile(share: int) -> int | None:
        """The smallest length that this share of all does not exceed."""
        return ordered[-(-len(ordered) * share // 100) - 1] if ordered else None

    return {"total": sum(ordered), "avg": _mean(ordered), "p50": percentile(50), "p95": percentile(95)}


def _buckets(lengths: list[int]) -> JsonObject:
    return {
        name: sum(low <= seconds and (high is None or seconds < high) for seconds in lengths)
        for low, high, name in _CLASSES
    }


def _exported(row: JsonObject) -> JsonObject:
    members = ("conversation_uuid", "session_uuid", "contact_uuid", "agent_uuid", "channel", "direction", "sender")
    return {
        "message_uuid": row["uuid"],
        **{name: row[name] for name in members},
        "channel_label": parties.LABELS[row["channel"]],
        "message_type": row["message_type"],
        "content": row["content"],
        "content_disclosure": "raw",
        "created_at": row["created_at"],
    }


def _cursor(row: JsonObject) -> str:
    return urlsafe_b64encode(row["uuid"].encode()).decode()


def _start(call: Call, rows: Rows) -> int:
    """The place after the message that the cursor stands for."""
    if "cursor" not in call.sent:
        return 0
    for index, row in enumerate(rows):
        if _cursor(row) == call.arguments["cursor"]:
            return index + 1
    raise refused("cursor", "is not a next_cursor of this window and these filters")
