"""Phone numbers: searched, bought, set up and released, as a caller of the API sees them."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.channel_ids import (
    ADDRESS,
    API,
    BILL,
    BOUND,
    BOUND_NUMBER,
    BROUGHT,
    EXTERNAL,
    FREE,
    FREE_NUMBER,
    LONDON,
    NUMBERS,
    PROOF,
    SALES,
    TAX_CODE,
    UNKNOWN,
    bindings,
    buy,
    conflict,
    inventory,
    number_channels,
    offers,
)
from toolpress_sandbox.mihu.dialling import countries


async def test_the_search_keeps_to_country_and_type(acme):
    local = await offers(acme, country_code="US", type="local")
    every = await offers(acme, country_code="US")
    assert local
    assert {(row["country_code"], row["type"]) for row in local} == {("US", "local")}
    assert len(every) > len(local)
    assert await offers(acme, country_code="FR") == []


async def test_a_bought_number_leaves_everyones_search_until_it_is_released(acme, globex):
    offer = (await offers(acme, country_code="US"))[0]
    bought = data(await buy(acme, offer), 201)
    assert (bought["source"], bought["status"], bought["is_external"]) == ("purchased", "active", False)
    assert bought["purchased_at"] == "2026-03-10T12:00:00.000Z"
    assert bought["capabilities"] == offer["capabilities"]
    assert bought["billing"] == {"monthly_fee": offer["monthly_fee"], "currency": "EUR"}
    for client in (acme, globex):
        assert offer["number"] not in [row["number"] for row in await offers(client, country_code="US")]
    assert field(await buy(globex, offer)) == "number"
    assert offer["number"] in await inventory(acme)
    assert data(await acme.get(f"{NUMBERS}/{bought['phone_number_uuid']}")) == bought
    released = data(await acme.post(f"{NUMBERS}/{bought['phone_number_uuid']}/release"))
    assert released["status"] == "released"
    assert offer["number"] not in await inventory(acme)
    assert offer in await offers(globex, country_code="US")


async def test_the_newest_number_stands_first_and_pages_follow_each_other(acme):
    whole = await inventory(acme)
    bought = data(await buy(acme, (await offers(acme, country_code="US"))[0]), 201)
    first = data(await acme.get(NUMBERS, params={"per_page": 1}))
    assert [row["number"] for row in first["items"]] == [bought["number"]]
    assert (first["pagination"]["total"], first["pagination"]["last_page"]) == (len(whole) + 1, len(whole) + 1)
    second = data(await acme.get(NUMBERS, params={"per_page": 1, "page": 2}))
    assert [row["number"] for row in second["items"]] == whole[:1]


async def test_a_number_is_bought_as_it_is_offered(acme):
    offer = (await offers(acme, country_code="US", type="toll_free"))[0]
    assert field(await buy(acme, {**offer, "type": "local"})) == "type"
    assert field(await buy(acme, {**offer, "number": "+12085559999"})) == "number"
    bought = data(await buy(acme, offer, monthly_fee=9.5), 201)
    assert bought["location"] == offer["country_code"]
    assert bought["billing"]["monthly_fee"] == 9.5
    assert bought["channel_settings"]["sms"]["enabled"] is offer["capabilities"]["sms"] is False


@pytest.mark.parametrize("number", [BOUND_NUMBER, LONDON])
async def test_a_number_of_the_workspace_cannot_be_bought_again(acme, number):
    conflict(await buy(acme, {"number": number, "country_code": "TR", "type": "local"}))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "address.street_address"),
        ({"address": {**ADDRESS, "postal_code": ""}}, "address.postal_code"),
        ({"address": ADDRESS}, "requirements"),
        ({"address": ADDRESS, "requirements": [TAX_CODE]}, "requirements"),
        ({"address": ADDRESS, "requirements": [TAX_CODE, {**PROOF, "document_id": UNKNOWN}]}, "requirements"),
        ({"address": ADDRESS, "requirements": [{**TAX_CODE, "requirement_id": UNKNOWN}, PROOF]}, "requirements"),
        ({"address": ADDRESS, "requirements": [{"key": "tax_code", "document_id": BILL}, PROOF]}, "requirements"),
    ],
)
async def test_a_country_gets_what_it_demands(acme, given, named):
    offer = (await offers(acme, country_code="IT", type="local"))[0]
    assert field(await buy(acme, offer, **given)) == named
    assert offer["number"] not in await inventory(acme)


async def test_an_uploaded_document_answers_a_requirement(acme, globex):
    demand = data(await acme.get(f"{NUMBERS}/search/requirements", params={"country_code": "IT", "type": "local"}))
    assert demand["address_required"] is True
    uploaded = await acme.post(f"{NUMBERS}/documents", files={"file": ("bill.pdf", b"%PDF-1.4", "application/pdf")})
    document = data(uploaded, 201)["document_id"]
    answers = [
        {"key": item["key"], "requirement_id": item["requirement_id"]}
        | ({"value": "RSSMRA80A01I452X"} if item["type"] == "textual" else {"document_id": document})
        for item in demand["requirements"]
    ]
    offer = (await offers(acme, country_code="IT", type="local"))[0]
    assert field(await buy(globex, offer, address=ADDRESS, requirements=answers)) == "requirements"
    bought = data(await buy(acme, offer, address=ADDRESS, requirements=answers), 201)
    assert [item["name"] for item in bought["compliance"]["requirements"]] == [
        item["name"] for item in demand["requirements"]
    ]


async def test_most_numbers_demand_nothing(acme):
    query = {"country_code": "US", "type": "local"}
    demand = data(await acme.get(f"{NUMBERS}/search/requirements", params=query))
    assert demand == {**query, "address_required": False, "requirements": []}


@pytest.mark.parametrize(
    ("name", "content", "media_type", "named"),
    [("notes.txt", b"Hello", "text/plain", "file"), ("bill.pdf", b"", "application/pdf", "file.content")],
)
async def test_only_filled_documents_of_known_types_are_taken(acme, name, content, media_type, named):
    assert field(await acme.post(f"{NUMBERS}/documents", files={"file": (name, content, media_type)})) == named


async def test_a_document_in_json_is_checked_too(acme):
    for file, named in (
        ({"name": "a.pdf", "content": "JVBERg=="}, "file"),
        ({"name": "a.pdf", "content": "%%", "media_type": "application/pdf"}, "file.content"),
    ):
        assert field(await acme.post(f"{NUMBERS}/documents", json={"file": file})) == named


async def test_the_purchase_cap_counts_bought_numbers_only(acme, mihu):
    limit = mihu.settings["phone_purchase_limit"]
    rows = data(await acme.get(NUMBERS))["items"]
    room = limit - sum(not row["is_external"] for row in rows)
    on_offer = await offers(acme, country_code="US")
    assert len(on_offer) > room
    for offer in on_offer[:room]:
        data(await buy(acme, offer), 201)
    refused = await buy(acme, on_offer[room])
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "PURCHASE_LIMIT_REACHED"
    assert f"{limit} of at most {limit}" in refused.json()["message"]
    data(await acme.post(f"{NUMBERS}/{FREE}/release"))
    data(await buy(acme, on_offer[room]), 201)


async def test_releasing_a_number_ends_calls_and_texts_on_it(acme):
    data(await acme.post(f"{NUMBERS}/{BOUND}/release"))
    after = await bindings(acme, SALES)
    assert (after["call"]["bound"], after["sms"]["bound"], after["whatsapp"]["bound"]) == (False, False, True)
    assert (await acme.get(f"{NUMBERS}/{BOUND}")).status_code == 404
    assert (await acme.post(f"{NUMBERS}/{BOUND}/release")).status_code == 404


async def test_an_external_number_is_not_released(acme):
    assert "delete_external_trunk" in conflict(await acme.post(f"{NUMBERS}/{EXTERNAL}/release"))
    assert LONDON in await inventory(acme)


async def test_settings_change_member_by_member(acme):
    before = data(await acme.get(f"{NUMBERS}/{FREE}"))["channel_settings"]
    body = {"channel_settings": {"voice": {"channel_limit": 3}, "inbound": {"enabled": False}}}
    after = data(await acme.patch(f"{NUMBERS}/{FREE}", json=body))["channel_settings"]
    assert after == {
        "voice": {**before["voice"], "channel_limit": 3},
        "sms": before["sms"],
        "inbound": {**before["inbound"], "enabled": False},
    }
    seen = await number_channels(acme, FREE_NUMBER)
    assert (seen["call"]["channel_limit"], seen["inbound"]["enabled"]) == (3, False)
    other = {"channel_settings": {"voice": {"whitelisted_destinations": ["TR"]}}}
    data(await acme.patch(f"{NUMBERS}/{FREE}", json=other))
    emptied = data(
        await acme.patch(f"{NUMBERS}/{FREE}", json={"channel_settings": {"voice": {"whitelisted_destinations": []}}})
    )
    assert emptied["channel_settings"]["voice"] == {**after["voice"], "whitelisted_destinations": []}


async def test_a_number_does_not_learn_by_being_switched_on(acme):
    on = {"channel_settings": {"sms": {"enabled": True}}}
    assert field(await acme.patch(f"{NUMBERS}/{EXTERNAL}", json=on)) == "channel_settings.sms.enabled"
    data(await acme.patch(f"{NUMBERS}/{EXTERNAL}", json={"channel_settings": {"sms": {"enabled": False}}}))


async def test_a_number_shows_its_agents_by_uuid_and_by_digits(acme):
    by_uuid = data(await acme.get(f"{NUMBERS}/{BOUND}/channels"))
    by_digits = data(await acme.get(f"{NUMBERS}/channels", params={"number": BOUND_NUMBER}))
    assert by_uuid == by_digits
    for channel in ("call", "sms", "whatsapp"):
        entry = by_uuid["channels"][channel]
        assert (entry["bound"], entry["agent_uuid"], entry["agent_name"]) == (True, SALES, "Sales line")
    assert (await number_channels(acme, FREE_NUMBER))["call"]["agent_uuid"] is None
    assert (await acme.get(f"{NUMBERS}/channels", params={"number": BROUGHT})).status_code == 404


async def dialled(client, number: str):
    return await client.post(f"{API}/call", json={"agentId": SALES, "participant": {"number": number}})


async def texted(client, number: str):
    return await client.post(f"{API}/sms/send", json={"agentId": SALES, "phoneNumber": number, "message": "Hello"})


@pytest.mark.parametrize(
    ("channel", "reach", "named"), [("voice", dialled, "participant.number"), ("sms", texted, "phoneNumber")]
)
async def test_the_settings_of_a_number_hold_for_its_agent(acme, channel, reach, named):
    other = {"voice": texted, "sms": dialled}[channel]
    for settings, german in (({"enabled": False}, "agentId"), ({"whitelisted_destinations": ["TR"]}, named)):
        body = {"channel_settings": {channel: {"enabled": True, "whitelisted_destinations": [], **settings}}}
        data(await acme.patch(f"{NUMBERS}/{BOUND}", json=body))
        assert field(await reach(acme, "+4915112345003")) == german
        assert data(await other(acme, "+4915112345003"))
    assert data(await reach(acme, "+905321110002"))
    wider = {"channel_settings": {channel: {"whitelisted_destinations": ["TR", "DE"]}}}
    data(await acme.patch(f"{NUMBERS}/{BOUND}", json=wider))
    assert data(await reach(acme, "+4915112345003"))


async def test_a_task_fails_where_the_number_of_its_agent_may_not_call(acme, clock):
    body = {"channel_settings": {"voice": {"whitelisted_destinations": ["DE"]}}}
    data(await acme.patch(f"{NUMBERS}/{BOUND}", json=body))
    contact = {"contact": {"phone_number": "+905321110002"}, "scheduled_at": "2026-03-10T13:00:00Z"}
    task = {"title": "Recall", "type": "make_call", "agent_uuid": SALES, "auto_queue": True, **contact}
    uuid = data(await acme.post(f"{API}/tasks", json=task), 201)["uuid"]
    clock.advance(3600)
    made = data(await acme.get(f"{API}/tasks/{uuid}"))
    assert (made["status"], BOUND_NUMBER in made["last_attempt"]["error"]) == ("failed", True)


@pytest.mark.parametrize(
    ("number", "country"),
    [("+12085550141", "US"), ("+12085550141", "CA"), ("+447700900161", "GB"), ("+390790080041", "IT"), ("+3511", "PT")],
)
def test_a_number_begins_with_the_code_of_its_countries(number, country):
    assert country in countries(number)


def test_a_number_without_a_country_is_in_none():
    assert countries("+999123456") == frozenset()
