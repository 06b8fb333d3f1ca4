"""Webhooks of agents and of the workspace, and what they are told."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket

import pytest

from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.answers import field as named
from toolpress_sandbox.mihu.deliveries import send

API = "/api/v1"
CONTACTS, SUBSCRIPTIONS, REQUESTS = f"{API}/contacts", f"{API}/webhooks", f"{API}/logs/api"
SALES, SERVICE, DRAFT = (f"{API}/agents/a0000000-0000-4000-8000-00000000000{n}/webhooks" for n in (1, 2, 3))
LIVE = "b0000000-0000-4000-8000-000000000004"
"""The conversation of a call of the sales agent that is under way."""
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
HOOK = {"url": "https://hooks.example.com/mihu", "events": ["conversation_end_report"]}


async def test_a_secret_is_never_shown(acme):
    secret = "a-secret-of-the-receiver-of-32-signs"
    added = await acme.post(SALES, json={**HOOK, "secret_key": secret})
    hook = data(added, 201)
    assert (hook["has_secret"], hook["is_active"]) == (True, True)
    path = f"{SALES}/{hook['webhook_uuid']}"
    changed = await acme.patch(path, json={**HOOK, "is_active": False})
    assert (data(changed)["has_secret"], data(changed)["is_active"]) == (True, False)
    listed = await acme.get(SALES)
    log = data(await acme.get(REQUESTS, params={"method": "POST", "endpoint": "/webhooks"}))["data"][0]
    logged = await acme.get(f"{REQUESTS}/{log['uuid']}")
    assert data(logged)["request_body"]["secret_key"] == "***"
    assert not [answer for answer in (added, changed, listed, logged) if secret in answer.text]
    assert data(await acme.patch(path, json={**HOOK, "secret_key": None}))["has_secret"] is False


async def test_an_agent_has_five_webhooks_at_most(acme):
    for _ in range(5):
        hook = data(await acme.post(DRAFT, json=HOOK), 201)
    sixth = await acme.post(DRAFT, json=HOOK)
    assert (sixth.status_code, sixth.json()["error"]["code"]) == (409, "WEBHOOK_LIMIT_REACHED")
    data(await acme.delete(f"{DRAFT}/{hook['webhook_uuid']}"))
    data(await acme.post(DRAFT, json=HOOK), 201)
    assert len(data(await acme.get(DRAFT))) == 5


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://hooks.example.com/mihu", True),
        ("http://127.0.0.1:8123/hook", True),
        ("http://localhost/hook", True),
        ("http://hooks.example.com/mihu", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://10.0.0.1/hook", False),
        ("https:///nowhere", False),
        ("https://hooks.example.com:99999/", False),
        ("ftp://127.0.0.1/hook", False),
        ("mihu", False),
    ],
)
async def test_receivers_are_https_or_on_this_machine(acme, url, accepted):
    answers = [
        (await acme.post(DRAFT, json={**HOOK, "url": url}), "url"),
        (await acme.post(SUBSCRIPTIONS, json={"targetUrl": url, "event": "intent_call"}), "targetUrl"),
    ]
    for answer, wrong in answers:
        assert answer.status_code == 201 if accepted else named(answer) == wrong


async def test_a_change_wants_address_and_events_each_time(acme):
    path = f"{SALES}/92000000-0000-4000-8000-000000000001"
    assert named(await acme.patch(path, json={"is_active": False})) == "events"
    assert named(await acme.patch(path, json={**HOOK, "events": []})) == "events"
    assert named(await acme.patch(path, json={**HOOK, "events": ["lunch"]})) == "events.0"
    assert (await acme.patch(path.replace(SALES, SERVICE), json=HOOK)).status_code == 404


async def test_the_end_of_a_call_is_told_once_and_signed(acme, clock, receiver):
    hook = {"url": receiver.url, "events": ["conversation_status", "conversation_end_report"], "secret_key": "k" * 32}
    data(await acme.post(SALES, json=hook), 201)
    data(await acme.get(SALES))
    assert receiver.seen == []
    clock.advance(600)
    for _ in range(2):
        data(await acme.get(SALES))
    assert sorted(receiver.told(LIVE)) == ["conversation_end_report", "conversation_status"]
    for headers, body in receiver.seen:
        assert headers["x-mihu-signature"] == "sha256=" + hmac.new(b"k" * 32, body, hashlib.sha256).hexdigest()
    [told] = [json.loads(body)["data"] for _, body in receiver.seen if b"end_report" in body and LIVE.encode() in body]
    assert (told["agent_id"], told["number"]) == ("a0000000-0000-4000-8000-000000000001", "+905321110001")


async def test_only_those_who_asked_are_told(acme, clock, receiver):
    for path, changes in (
        (SALES, {"is_active": False}),
        (SALES, {"events": ["intent_call"]}),
        (DRAFT, {}),
    ):
        data(await acme.post(path, json={**HOOK, "url": receiver.url, **changes}), 201)
    data(await acme.post(SUBSCRIPTIONS, json={"targetUrl": receiver.url, "event": "text_evaluation"}), 201)
    clock.advance(600)
    data(await acme.get(SALES))
    assert receiver.told(LIVE) == []


async def test_a_subscription_hears_of_all_agents_until_it_ends(acme, globex, clock, receiver):
    pair = {"targetUrl": receiver.url, "event": "conversation_status"}
    for _ in range(2):
        assert data(await acme.post(SUBSCRIPTIONS, json=pair), 201) == pair
    clock.advance(600)
    data(await globex.get(CONTACTS))
    assert receiver.told(LIVE) == []
    data(await acme.get(SALES))
    assert receiver.told(LIVE) == ["conversation_status"]


async def test_all_subscriptions_of_an_address_end_at_once(acme, clock, receiver):
    for event in ("conversation_status", "conversation_end_report"):
        data(await acme.post(SUBSCRIPTIONS, json={"targetUrl": receiver.url, "event": event}), 201)
    for _ in range(2):
        data(await acme.request("DELETE", SUBSCRIPTIONS, json={"targetUrl": receiver.url}))
    clock.advance(600)
    data(await acme.get(SALES))
    assert receiver.seen == []


async def test_what_happened_before_a_refused_request_is_told_once(acme, clock, receiver):
    data(await acme.post(SALES, json={**HOOK, "url": receiver.url}), 201)
    clock.advance(600)
    assert (await acme.get(f"{CONTACTS}/{UNKNOWN}")).status_code == 404
    data(await acme.get(SALES))
    ids = [headers["x-mihu-delivery"] for headers, body in receiver.seen if LIVE.encode() in body]
    assert len(ids) == 1


async def test_a_receiver_that_is_not_there_disturbs_nobody(acme, clock):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    data(await acme.post(SALES, json={**HOOK, "url": url}), 201)
    clock.advance(600)
    data(await acme.get(SALES))


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:9/", "http://example.com/", "http://127.0.0.1@example.com/", "http://192.168.0.1/", "mihu"],
)
def test_nothing_is_sent_to_another_machine(monkeypatch, url):
    def refuse(*_args, **_more):
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert send(url, b"{}", {}) is None


async def test_webhooks_of_another_tenant_are_not_found(globex):
    assert (await globex.get(SALES)).status_code == 404
