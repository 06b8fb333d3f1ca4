"""Tags, custom fields and proposals of contacts; webhooks and what they are told; the logs of the workspace."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.answers import field as named
from toolpress_sandbox.mihu.deliveries import send

API = "/api/v1"
CONTACTS, FIELDS, TAGS, APPROVALS = (
    f"{API}/contacts",
    f"{API}/contacts/fields",
    f"{API}/tags",
    f"{API}/contacts/approvals",
)
SUBSCRIPTIONS, REQUESTS, ACTIONS = f"{API}/webhooks", f"{API}/logs/api", f"{API}/logs/actions"
ELIF, MERT, ANNA = (f"c0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
LOYALTY, PLATE, FAX = (f"cf000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
VIP, TEST_DRIVE = (f"ce000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
EMAIL, LEVEL, NAME, STAGE = (f"99000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
SALES, SERVICE, DRAFT = (f"{API}/agents/a0000000-0000-4000-8000-00000000000{n}/webhooks" for n in (1, 2, 3))
LIVE = "b0000000-0000-4000-8000-000000000004"
"""The conversation of a call of the sales agent that is under way."""
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"


async def contact(client, uuid):
    return data(await client.get(f"{CONTACTS}/{uuid}"))


async def found(client, **filters):
    return {row["uuid"] for row in data(await client.get(CONTACTS, params=filters))["data"]}


# Custom fields


async def test_a_new_field_is_shown_empty_and_accepted_for_contacts(acme):
    body = {"phone_number": "+905559998877", "car_model": "Estate"}
    assert named(await acme.post(CONTACTS, json=body)) == "car_model"
    made = data(await acme.post(FIELDS, json={"key": "car_model", "name": "Car model"}), 201)
    assert made in data(await acme.get(FIELDS, params={"is_active": True}))
    assert (await contact(acme, ELIF))["car_model"] == ""
    assert data(await acme.post(CONTACTS, json=body), 201)["car_model"] == "Estate"


async def test_a_field_that_is_switched_off_is_refused_and_keeps_its_values(acme):
    path = f"{FIELDS}/{PLATE}"
    before = (await contact(acme, ELIF))["licence_plate"]
    assert data(await acme.put(path, json={"is_active": False}))["is_active"] is False
    assert "licence_plate" not in await contact(acme, ELIF)
    assert named(await acme.put(f"{CONTACTS}/{ELIF}", json={"licence_plate": "1"})) == "licence_plate"
    assert PLATE in {row["uuid"] for row in data(await acme.get(FIELDS, params={"is_active": False}))}
    data(await acme.put(path, json={"is_active": True}))
    assert (await contact(acme, ELIF))["licence_plate"] == before != ""


async def test_a_deleted_field_takes_its_values_along(acme):
    data(await acme.delete(f"{FIELDS}/{PLATE}"))
    assert "licence_plate" not in await contact(acme, ELIF)
    data(await acme.post(FIELDS, json={"key": "licence_plate", "name": "Licence plate"}), 201)
    assert (await contact(acme, ELIF))["licence_plate"] == ""


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"key": "loyalty_level", "name": "Again"}, "key"),
        ({"key": "fax_number", "name": "Again, though off"}, "key"),
        ({"key": "email", "name": "Own member"}, "key"),
        ({"key": "tags", "name": "Own member"}, "key"),
        ({"key": "Car model", "name": "Malformed"}, "key"),
        ({"key": "fuel", "name": "Fuel", "type": "dropdown"}, "options"),
        ({"key": "fuel", "name": "Fuel", "options": ["Petrol"]}, "options"),
        ({"key": "fuel", "name": "Fuel", "type": "dropdown", "options": ["Petrol", "Petrol"]}, "options"),
        ({"key": "fuel"}, "name"),
    ],
)
async def test_a_field_that_would_confuse_is_refused(acme, body, wrong):
    before = data(await acme.get(FIELDS))
    assert named(await acme.post(FIELDS, json=body)) == wrong
    assert data(await acme.get(FIELDS)) == before


async def test_choices_of_a_dropdown_can_be_changed_but_not_emptied(acme):
    path = f"{FIELDS}/{LOYALTY}"
    assert data(await acme.put(path, json={"options": ["Gold", "Platinum"]}))["options"] == ["Gold", "Platinum"]
    assert named(await acme.put(path, json={"options": []})) == "options"
    assert named(await acme.put(f"{FIELDS}/{PLATE}", json={"options": ["34"]})) == "options"
    assert named(await acme.put(path, json={"key": "level"})) == "key"


# Tags


@pytest.mark.parametrize("tag", [{"tag_uuid": VIP}, {"tag_id": 1}])
async def test_a_tag_is_put_on_once_found_by_it_and_taken_off(acme, tag):
    for _ in range(2):
        tags = data(await acme.post(f"{CONTACTS}/{ANNA}/add-tag", json=tag))["tags"]
        assert tags == [{"uuid": VIP, "name": "vip"}]
    assert await found(acme, tag_uuid=VIP) == {ELIF, ANNA}
    for _ in range(2):
        assert data(await acme.post(f"{CONTACTS}/{ANNA}/remove-tag", json=tag))["tags"] == []
    assert await found(acme, tag_uuid=VIP) == {ELIF}


@pytest.mark.parametrize("action", ["add-tag", "remove-tag"])
async def test_a_tag_and_a_contact_must_exist(acme, action):
    assert named(await acme.post(f"{CONTACTS}/{ANNA}/{action}", json={})) == "tag_uuid"
    for path, body in ((ANNA, {"tag_uuid": UNKNOWN}), (ANNA, {"tag_id": 99}), (UNKNOWN, {"tag_uuid": VIP})):
        assert (await acme.post(f"{CONTACTS}/{path}/{action}", json=body)).status_code == 404


async def test_a_new_tag_has_a_number_of_its_own_and_counts_its_contacts(acme):
    made = data(await acme.post(TAGS, json={"name": "lead"}), 201)
    assert (made["id"], made["contacts_count"], made["color"]) == (3, 0, None)
    data(await acme.post(f"{CONTACTS}/{MERT}/add-tag", json={"tag_id": made["id"]}))
    page = data(await acme.get(TAGS, params={"search": "EA"}))
    assert [(row["name"], row["contacts_count"]) for row in page["data"]] == [("lead", 1)]


async def test_names_of_tags_are_used_once_whatever_their_case(acme):
    assert named(await acme.post(TAGS, json={"name": "VIP"})) == "name"
    assert named(await acme.put(f"{TAGS}/{TEST_DRIVE}", json={"name": "Vip"})) == "name"
    assert data(await acme.put(f"{TAGS}/{VIP}", json={"name": "VIP"}))["name"] == "VIP"
    assert (await contact(acme, ELIF))["tags"] == [{"uuid": VIP, "name": "VIP"}]


async def test_tags_are_listed_by_name_page_by_page(acme):
    for name in ("beta", "Alpha"):
        data(await acme.post(TAGS, json={"name": name}), 201)
    pages = [data(await acme.get(TAGS, params={"page": page, "per_page": 3})) for page in (1, 2, 3)]
    assert [[row["name"] for row in page["data"]] for page in pages] == [["Alpha", "beta", "test-drive"], ["vip"], []]
    assert (pages[0]["total"], pages[0]["last_page"]) == (4, 2)


async def test_a_deleted_tag_is_off_every_contact(acme):
    data(await acme.delete(f"{TAGS}/{VIP}"))
    assert (await contact(acme, ELIF))["tags"] == []
    assert await found(acme, tag_uuid=VIP) == set()
    assert (await acme.post(f"{CONTACTS}/{ANNA}/add-tag", json={"tag_uuid": VIP})).status_code == 404


# Proposals of the AI


async def proposals(client, **filters):
    return [row["uuid"] for row in data(await client.get(APPROVALS, params=filters))["data"]]


async def test_proposals_that_wait_are_listed_newest_first(acme):
    assert await proposals(acme) == [EMAIL, STAGE, LEVEL]
    assert await proposals(acme, status="Rejected") == [NAME]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"field_name": "b_email"}, [EMAIL]),
        ({"field_key": "loyalty_level"}, [LEVEL]),
        ({"confidence": "high"}, [EMAIL]),
        ({"confidence": "medium"}, [LEVEL]),
        ({"confidence": "low"}, [STAGE]),
        ({"contact_uuid": ELIF}, [STAGE, LEVEL]),
        ({"conversation_uuid": "b0000000-0000-4000-8000-000000000002"}, [EMAIL]),
        ({"pipeline_uuid": "f0000000-0000-4000-8000-000000000001"}, [STAGE]),
        ({"search": "YILMAZ"}, [STAGE, LEVEL]),
        ({"search": "exchanged"}, [LEVEL]),
        ({"contact_uuid": ELIF, "confidence": "high"}, []),
        ({"per_page": 1, "page": 2}, [STAGE]),
    ],
)
async def test_proposals_are_found_by_what_they_concern(acme, filters, expected):
    assert await proposals(acme, **filters) == expected


async def test_an_approved_proposal_is_written_to_the_contact_once(acme):
    path = f"{APPROVALS}/{EMAIL}"
    assert data(await acme.post(f"{path}/approve"))["status"] == "Approved"
    assert (await contact(acme, MERT))["email"] == "mert@demir.example"
    for action in ("approve", "reject"):
        assert named(await acme.post(f"{path}/{action}")) == "status"
    assert EMAIL not in await proposals(acme)


async def test_a_custom_field_takes_the_corrected_value(acme):
    row = data(await acme.post(f"{APPROVALS}/{LEVEL}/approve", json={"value": "Platinum"}))
    assert (row["suggested_value"], row["value"]) == ("Platin", "Platinum")
    after = await contact(acme, ELIF)
    assert (after["loyalty_level"], after["licence_plate"]) == ("Platinum", "34 ABC 01")


async def test_a_proposed_stage_is_where_the_contact_is_found(acme):
    row = data(await acme.post(f"{APPROVALS}/{STAGE}/approve"))
    assert await found(acme, stage_uuid=row["value"]) == {ELIF}


async def test_what_does_not_fit_the_contact_stays_pending(acme):
    assert named(await acme.post(f"{APPROVALS}/{EMAIL}/approve", json={"value": "no address"})) == "email"
    data(await acme.put(f"{FIELDS}/{LOYALTY}", json={"is_active": False}))
    assert named(await acme.post(f"{APPROVALS}/{LEVEL}/approve")) == "loyalty_level"
    assert await proposals(acme) == [EMAIL, STAGE, LEVEL]


async def test_a_rejected_proposal_changes_no_contact(acme):
    before = await contact(acme, MERT)
    row = data(await acme.post(f"{APPROVALS}/{EMAIL}/reject", json={"reason": "Misheard"}))
    assert (row["status"], row["reason"]) == ("Rejected", "Misheard")
    assert await contact(acme, MERT) == before


# Webhooks

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


@dataclass
class Receiver:
    """What came in at an address of this machine."""

    url: str
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def told(self, conversation=LIVE):
        bodies = [json.loads(body) for _, body in self.seen]
        return [body["event"] for body in bodies if body["data"]["conversation_uuid"] == conversation]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        it = Receiver(f"http://127.0.0.1:{server.server_port}/hook?from=mihu")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield it
        server.shutdown()
        thread.join()


async def test_the_end_of_a_call_is_told_once_and_signed(acme, clock, receiver):
    hook = {"url": receiver.url, "events": ["conversation_status", "conversation_end_report"], "secret_key": "k" * 32}
    data(await acme.post(SALES, json=hook), 201)
    data(await acme.get(SALES))
    assert receiver.seen == []
    clock.advance(600)
    for _ in range(2):
        data(await acme.get(SALES))
    assert sorted(receiver.told()) == ["conversation_end_report", "conversation_status"]
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
    assert receiver.told() == []


async def test_a_subscription_hears_of_all_agents_until_it_ends(acme, globex, clock, receiver):
    pair = {"targetUrl": receiver.url, "event": "conversation_status"}
    for _ in range(2):
        assert data(await acme.post(SUBSCRIPTIONS, json=pair), 201) == pair
    clock.advance(600)
    data(await globex.get(CONTACTS))
    assert receiver.told() == []
    data(await acme.get(SALES))
    assert receiver.told() == ["conversation_status"]


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


# Logs


async def logged(client, **filters):
    rows = data(await client.get(REQUESTS, params=filters))["data"]
    return [(row["method"], row["endpoint"], row["status_code"]) for row in rows]


async def test_every_request_is_in_the_log_newest_first_whatever_its_outcome(acme, readonly):
    await acme.get(f"{CONTACTS}/{UNKNOWN}")
    await acme.post(TAGS, json={"name": "lead"})
    await readonly.delete(f"{TAGS}/{VIP}")
    assert (await logged(acme))[:3] == [
        ("DELETE", f"{TAGS}/{VIP}", 403),
        ("POST", TAGS, 201),
        ("GET", f"{CONTACTS}/{UNKNOWN}", 404),
    ]
    assert (await logged(acme))[0] == ("GET", REQUESTS, 200)


async def test_the_log_is_filtered_by_outcome_endpoint_method_and_time(acme, clock):
    await acme.get(f"{CONTACTS}/{UNKNOWN}")
    await acme.post(TAGS, json={"name": "lead"})
    clock.advance(3600)
    await acme.post(TAGS, json={"name": "vip"})
    today = "2026-03-10T00:00:00Z"
    assert {row[2] for row in await logged(acme, status_code="4xx")} == {404, 422}
    assert await logged(acme, status_code="422") == [("POST", TAGS, 422)]
    assert await logged(acme, endpoint="/tags") == [("POST", TAGS, 422), ("POST", TAGS, 201)]
    assert {row[0] for row in await logged(acme, method="POST")} == {"POST"}
    early = {"from": today, "to": "2026-03-10T13:00:00Z", "endpoint": "/tags"}
    assert await logged(acme, **early) == [("POST", TAGS, 201)]
    assert await logged(acme, **{"from": "2026-03-10T16:00:00+03:00", "method": "POST"}) == [("POST", TAGS, 422)]
    assert len(await logged(acme, per_page=2)) == 2
    assert named(await acme.get(REQUESTS, params={"status_code": "teapot"})) == "status_code"


async def test_a_logged_request_shows_its_body_and_the_list_does_not(acme):
    await acme.post(TAGS, json={"name": "lead"})
    [row] = data(await acme.get(REQUESTS, params={"endpoint": TAGS}))["data"]
    assert "request_body" not in row
    shown = data(await acme.get(f"{REQUESTS}/{row['uuid']}"))
    assert shown == {**row, "request_body": {"name": "lead"}}
    assert row["timestamp"].startswith("2026-03-10T12:00")


async def test_actions_are_listed_in_short_and_read_in_full(acme):
    page = data(await acme.get(ACTIONS))
    assert [row["type"] for row in page["data"]] == ["workflow", "intent", "task"]
    assert not {"request", "response", "error", "extras"} & page["data"][0].keys()
    row = page["data"][0]
    whole = data(await acme.get(f"{ACTIONS}/workflow/{row['uuid']}"))
    assert whole.items() >= row.items()
    assert whole["error"]
    assert (whole["agent"]["name"], whole["contact"]["uuid"]) == ("Service desk", MERT)
    assert (await acme.get(f"{ACTIONS}/intent/{row['uuid']}")).status_code == 404
    assert named(await acme.get(f"{ACTIONS}/call/{row['uuid']}")) == "type"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"type": "intent"}, ["intent"]),
        ({"status": "failed"}, ["workflow"]),
        ({"agent_uuid": "a0000000-0000-4000-8000-000000000001"}, ["intent", "task"]),
        ({"from": "2026-03-09T12:00:00Z"}, ["workflow", "intent"]),
        ({"to": "2026-03-09T12:00:00Z"}, ["task"]),
        ({"per_page": 1, "page": 2}, ["intent"]),
    ],
)
async def test_actions_are_filtered(acme, filters, expected):
    assert [row["type"] for row in data(await acme.get(ACTIONS, params=filters))["data"]] == expected


async def test_an_action_outlives_its_contact(acme):
    data(await acme.delete(f"{CONTACTS}/{MERT}"))
    [row] = data(await acme.get(ACTIONS, params={"type": "intent"}))["data"]
    assert (row["contact"], row["customer"]) == (None, {"number": "+905321110002"})


# Tenants


async def test_another_tenant_sees_and_reaches_nothing_of_it(acme, globex):
    for path in (FIELDS, TAGS, APPROVALS, ACTIONS):
        ours, theirs = data(await acme.get(path)), data(await globex.get(path))
        ours, theirs = (rows if isinstance(rows, list) else rows["data"] for rows in (ours, theirs))
        assert theirs
        assert not {row["uuid"] for row in ours} & {row["uuid"] for row in theirs}
    ours = data(await acme.get(REQUESTS))["data"][0]["uuid"]
    assert (await globex.get(f"{REQUESTS}/{ours}")).status_code == 404
    assert "/contacts/" + UNKNOWN not in str(await logged(globex))
    for method, path in (
        ("PUT", f"{FIELDS}/{PLATE}"),
        ("DELETE", f"{TAGS}/{VIP}"),
        ("POST", f"{APPROVALS}/{EMAIL}/approve"),
        ("GET", SALES),
    ):
        body = {"json": {}} if method in ("PUT", "POST") else {}
        assert (await globex.request(method, path, **body)).status_code == 404
