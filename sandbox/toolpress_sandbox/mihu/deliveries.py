"""Events on their way to webhooks: the end of a conversation, told once to each that asked for it.

Only a receiver on this machine is really sent to; for any other the delivery is written down and nothing leaves. A
request that is refused undoes what time did before it, so a receiver can be told again: the id of a delivery, made of
what it is about, stays the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit
from uuid import NAMESPACE_URL, uuid5

from toolpress.contract import JsonObject
from toolpress_sandbox.records import Records

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EVENTS = ("conversation_status", "conversation_end_report")
"""What is told when a conversation ends."""
_TIMEOUT_S = 2


@dataclass(frozen=True, slots=True)
class _Receiver:
    """One address with the events it asked for; `agent` None stands for all agents."""

    id: str
    url: str
    events: frozenset[str]
    since: str
    agent: str | None = None
    secret: str | None = None


def advance(records: Records) -> None:
    """Tell of every conversation that ended since a receiver was added."""
    receivers = [item for item in _receivers(records) if item.events.intersection(_EVENTS)]
    if not receivers:
        return
    ended = [row for row in records.all("conversations") if row.get("ended_at")]
    told = {row["uuid"] for row in records.all("webhook_logs")}
    for receiver in receivers:
        for row in ended:
            if receiver.agent in (None, row["agent_uuid"]) and row["ended_at"] >= receiver.since:
                for event in _EVENTS:
                    if event in receiver.events:
                        _tell(records, receiver, event, row, told)


def is_secure(url: str) -> bool:
    parts = _split(url)
    return parts is not None and parts.scheme == "https"


def is_local(url: str) -> bool:
    """Whether it is a receiver on this machine, which the sandbox may really send to."""
    parts = _split(url)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def send(url: str, body: bytes, headers: dict[str, str]) -> int | None:
    """The status that a receiver on this machine answered with; None without an answer, and for any other address."""
    parts = _split(url)
    if parts is None or not is_local(url):
        return None
    connection = HTTPConnection(str(parts.hostname), parts.port or 80, timeout=_TIMEOUT_S)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _receivers(records: Records) -> Iterator[_Receiver]:
    for row in records.all("agent_webhooks", is_active=True):
        events, secret = frozenset(row["events"]), row["secret_key"]
        yield _Receiver(row["webhook_uuid"], row["url"], events, row["created_at"], row["agent_uuid"], secret)
    for row in records.all("webhook_subscriptions"):
        yield _Receiver(row["uuid"], row["targetUrl"], frozenset({row["event"]}), row["created_at"])


def _tell(records: Records, receiver: _Receiver, event: str, conversation: JsonObject, told: set[str]) -> None:
    delivery = str(uuid5(NAMESPACE_URL, f"{receiver.id}/{event}/{conversation['uuid']}"))
    if delivery in told:
        return
    body = json.dumps({"event": event, "data": _payload(records, conversation)}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "X-Mihu-Delivery": delivery}
    if receiver.secret:
        headers["X-Mihu-Signature"] = f"sha256={hmac.new(receiver.secret.encode(), body, hashlib.sha256).hexdigest()}"
    row = {"uuid": delivery, "event": event, "url": receiver.url, "attempt": 1}
    records.insert("webhook_logs", {**row, "status_code": send(receiver.url, body, headers)})


def _payload(records: Records, conversation: JsonObject) -> JsonObject:
    calls = records.all("calls", conversation_uuid=conversation["uuid"])
    call: JsonObject = calls[0] if calls else {}
    number = conversation.get("phone_number")
    return {
        "call_id": call.get("uuid"),
        "conversation_uuid": conversation["uuid"],
        "agent_id": conversation["agent_uuid"],
        "session_type": conversation.get("channel"),
        "duration": call.get("duration"),
        "number": number,
        "contact_info": {"phone_number": number},
        "conversation": {"status": conversation["status"], "ended_at": conversation["ended_at"]},
        "timestamp": records.now(),
    }


def _split(url: str) -> SplitResult | None:
    """The parts of an address with a host and a port that can be; None for any other text."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
