"""Tags, custom fields and proposals of contacts."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.answers import field as named

API = "/api/v1"
CONTACTS, FIELDS, TAGS, APPROVALS = (
    f"{API}/contacts",
    f"{API}/contacts/fields",
    f"{API}/tags",
    f"{API}/contacts/approvals",
)
ELIF, MERT, ANNA = (f"c0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
LOYALTY, PLATE, FAX = (f"cf000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
VIP, TEST_DRIVE = (f"ce000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
EMAIL, LEVEL, NAME, STAGE = (f"99000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
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


# Tenants


async def test_another_tenant_sees_and_reaches_nothing_of_it(acme, globex):
    for path in (FIELDS, TAGS, APPROVALS):
        ours, theirs = data(await acme.get(path)), data(await globex.get(path))
        ours, theirs = (rows if isinstance(rows, list) else rows["data"] for rows in (ours, theirs))
        assert theirs
        assert not {row["uuid"] for row in ours} & {row["uuid"] for row in theirs}
    for method, path in (
        ("PUT", f"{FIELDS}/{PLATE}"),
        ("DELETE", f"{TAGS}/{VIP}"),
        ("POST", f"{APPROVALS}/{EMAIL}/approve"),
    ):
        body = {"json": {}} if method in ("PUT", "POST") else {}
        assert (await globex.request(method, path, **body)).status_code == 404
