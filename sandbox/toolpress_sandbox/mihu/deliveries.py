"""Events on their way to webhooks, each told once to everybody who asked for it.

Only a receiver on this machine is really sent to; for any other the delivery is written down and nothing leaves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit
from uuid import NAMESPACE_URL, uuid5

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu import happenings
from toolpress_sandbox.records import Records

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        happenings.CONVERSATION_ENDED: ("conversation_status", "conversation_end_report"),
        happenings.INTENT_CALLED: ("intent_call",),
    }
)
"""What is told of each kind of happening."""
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
    """Tell of all that has happened since the last look and since a receiver was added."""
    for kind, events in _EVENTS.items():
        for happening in happenings.take(records, kind):
            conversation = records.get("conversations", happening["conversation_uuid"])
            for receiver in _receivers(records):
                if receiver.agent in (None, conversation["agent_uuid"]) and happening["at"] >= receiver.since:
                    for event in events:
                        if event in receiver.events:
                            _tell(records, receiver, event, happening["uuid"], conversation)


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


def post(url: str, document: JsonObject, token: str | None) -> int | None:
    """The same for a document, with a bearer token if there is one."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return send(url, _json(document), {"Content-Type": "application/json", **bearer})


def _receivers(records: Records) -> Iterator[_Receiver]:
    for row in records.all("agent_webhooks", is_active=True):
        events, secret = frozenset(row["events"]), row["secret_key"]
        yield _Receiver(row["webhook_uuid"], row["url"], events, row["created_at"], row["agent_uuid"], secret)
    for row in records.all("webhook_subscriptions"):
        yield _Receiver(row["uuid"], row["targetUrl"], frozenset({row["event"]}), row["created_at"])


def _tell(records: Records, receiver: _Receiver, event: str, about: str, conversation: JsonObject) -> None:
    delivery = str(uuid5(NAMESPACE_URL, f"{receiver.id}/{event}/{about}"))
    body = _json({"event": event, "data": _payload(records, conversation)})
    headers = {"Content-Type": "application/json", "X-Mihu-Delivery": delivery}
    if receiver.secret:
        headers["X-Mihu-Signature"] = f"sha256={hmac.new(receiver.secret.encode(), body, hashlib.sha256).hexdigest()}"
    row = {"uuid": delivery, "event": event, "url": receiver.url, "attempt": 1}
    records.insert("webhook_logs", {**row, "status_code": send(receiver.url, body, headers)})


def _payload(records: Records, conversation: JsonObject) -> JsonObject:
    call = records.first("calls", conversation_uuid=conversation["uuid"]) or {}
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


def _json(document: JsonObject) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _split(url: str) -> SplitResult | None:
    """The parts of an address with a host and a port that can be; None for any other text."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
