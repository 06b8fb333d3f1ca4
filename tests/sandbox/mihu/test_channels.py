"""Phone numbers, the lines of agents, and trunks of other carriers, as a caller of the API sees them."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.app import wrap
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.records import Records
from toolpress_sandbox.store import Store

API = "/api/v1"
NUMBERS = f"{API}/phone-numbers"
TRUNKS = f"{NUMBERS}/trunks"
CONNECTIONS = f"{API}/channels/sip-trunk/connections"
CONNECTORS = f"{API}/pbx_extension_connectors"

SALES, SERVICE, DRAFT = (f"a0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
RECEPTION = "a0000000-0000-4000-8000-000000000081"
BOUND, FREE, EXTERNAL = (f"d0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
BERLIN, OLD_CARRIER = (f"d1000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
EXTENSION = "d3000000-0000-4000-8000-000000000001"
SALES_WHATSAPP, SERVICE_WHATSAPP, INSTAGRAM, PAGE, OTHER_INSTAGRAM = (
    f"d4000000-0000-4000-8000-00000000000{n}" for n in range(1, 6)
)
BILL = "d5000000-0000-4000-8000-000000000001"
BOUND_NUMBER, FREE_NUMBER, LONDON = "+902125550001", "+902125550002", "+442079460123"
BROUGHT = "+12345678901"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
ADDRESS = {"street_address": "Via Roma 1", "locality": "Sassari", "postal_code": "07100"}
TAX_CODE = {"key": "tax_code", "value": "RSSMRA80A01I452X"}
PROOF = {"key": "proof_of_address", "document_id": BILL}


def channels_of(agent: str) -> str:
    return f"{API}/agents/{agent}/channels"


async def bindings(client, agent: str):
    return data(await client.get(channels_of(agent)))


async def number_channels(client, number: str):
    return data(await client.get(f"{NUMBERS}/channels", params={"number": number}))["channels"]


async def inventory(client) -> list[str]:
    return [row["number"] for row in data(await client.get(NUMBERS, params={"per_page": 100}))["items"]]


async def offers(client, **query: str):
    return data(await client.get(f"{NUMBERS}/search", params=query))["items"]


async def provision(client, agent: str, number: str):
    return await client.post(f"{channels_of(agent)}/call/provision", json={"phone_number_uuid": number})


async def buy(client, offer, **more):
    kept = {name: offer[name] for name in ("number", "country_code", "type")}
    return await client.post(NUMBERS, json={**kept, **more})


def conflict(response) -> str:
    assert response.status_code == 409, response.text
    error = response.json()
    assert error["error"]["code"] == "CONFLICT"
    return str(error["message"])


# Numbers


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


# Lines of agents


async def test_a_provisioned_number_is_bound_from_both_sides(acme):
    answer = data(await provision(acme, SERVICE, FREE))
    assert answer["agent"]["agent_uuid"] == SERVICE
    assert answer["phone_number"] == FREE_NUMBER
    call = (await bindings(acme, SERVICE))["call"]
    assert call == {
        "bound": True, "phone_number": FREE_NUMBER, "phone_number_uuid": FREE, "connection_uuid": None,
    }  # fmt: skip
    seen = data(await acme.get(f"{NUMBERS}/{FREE}"))["bindings"]["call"]
    assert seen == {"bound": True, "agent_uuid": SERVICE, "agent_name": "Service desk"}
    data(await provision(acme, SERVICE, FREE))
    assert (await bindings(acme, SERVICE))["call"] == call


async def test_a_number_of_another_agent_stays_with_it_until_it_is_unbound(acme):
    conflict(await provision(acme, SERVICE, BOUND))
    assert (await bindings(acme, SERVICE))["call"]["bound"] is False
    data(await acme.delete(f"{channels_of(SALES)}/call"))
    data(await provision(acme, SERVICE, BOUND))
    assert (await number_channels(acme, BOUND_NUMBER))["call"]["agent_uuid"] == SERVICE
    assert (await number_channels(acme, BOUND_NUMBER))["sms"]["agent_uuid"] == SALES


async def test_another_number_takes_the_place_of_the_first(acme):
    data(await provision(acme, SALES, FREE))
    data(await acme.post(f"{channels_of(SALES)}/sms", json={"phone_number_uuid": FREE}))
    now = await bindings(acme, SALES)
    assert now["call"]["phone_number_uuid"] == now["sms"]["phone_number_uuid"] == FREE
    former = await number_channels(acme, BOUND_NUMBER)
    assert (former["call"]["bound"], former["sms"]["bound"]) == (False, False)


async def test_unknown_agents_numbers_and_lines_are_not_found(acme):
    for agent in (SERVICE, UNKNOWN):
        assert (await acme.delete(f"{channels_of(agent)}/call")).status_code == 404
    assert (await provision(acme, UNKNOWN, FREE)).status_code == 404
    assert (await provision(acme, SERVICE, UNKNOWN)).status_code == 404


async def test_sms_needs_a_number_that_can_do_it(acme):
    toll_free = (await offers(acme, country_code="US", type="toll_free"))[0]
    uuid = data(await buy(acme, toll_free), 201)["phone_number_uuid"]
    path = f"{channels_of(SERVICE)}/sms"
    assert field(await acme.post(path, json={"phone_number_uuid": uuid})) == "phone_number_uuid"
    assert field(await acme.post(path, json={"phone_number_uuid": EXTERNAL})) == "phone_number_uuid"
    assert field(await provision(acme, SERVICE, EXTERNAL)) == "phone_number_uuid"
    data(await provision(acme, SERVICE, uuid))
    conflict(await acme.post(path, json={"phone_number_uuid": BOUND}))


@pytest.mark.parametrize(
    ("agent", "path", "name"),
    [
        (SALES, "call", "call"),
        (SALES, "sms", "sms"),
        (SALES, "whatsapp", "whatsapp"),
        (SALES, "whatsapp-calling", "whatsapp_calling"),
        (SERVICE, "instagram", "instagram"),
        (SERVICE, "facebook", "facebook"),
    ],
)
async def test_unbinding_ends_one_channel_and_no_other(acme, agent, path, name):
    before = await bindings(acme, agent)
    assert before[name]["bound"] is True
    assert data(await acme.delete(f"{channels_of(agent)}/{path}")) is None
    after = await bindings(acme, agent)
    assert set(after[name].values()) == {False, None}
    assert {**after, name: before[name]} == before
    assert (await acme.delete(f"{channels_of(agent)}/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "connection"), [("whatsapp", SALES_WHATSAPP), ("instagram", INSTAGRAM), ("facebook", PAGE)]
)
async def test_an_account_serves_one_agent_at_a_time(acme, path, connection):
    body = {"connection_uuid": connection}
    conflict(await acme.post(f"{channels_of(DRAFT)}/{path}", json=body))
    for agent in (SALES, SERVICE):
        await acme.delete(f"{channels_of(agent)}/{path}")
    answer = data(await acme.post(f"{channels_of(DRAFT)}/{path}", json=body))
    assert answer["connection_uuid"] == connection
    assert ("phone_number" in answer) is (path == "whatsapp")
    assert (await bindings(acme, DRAFT))[path]["connection_uuid"] == connection


async def test_an_account_is_of_one_kind_and_another_takes_its_place(acme):
    path = f"{channels_of(SERVICE)}/instagram"
    assert (await acme.post(path, json={"connection_uuid": PAGE})).status_code == 404
    data(await acme.post(path, json={"connection_uuid": OTHER_INSTAGRAM}))
    now = (await bindings(acme, SERVICE))["instagram"]
    assert (now["connection_uuid"], now["name"]) == (OTHER_INSTAGRAM, "acme.used.cars")
    data(await acme.post(f"{channels_of(DRAFT)}/instagram", json={"connection_uuid": INSTAGRAM}))


async def test_whatsapp_calling_brings_the_messages_along(acme):
    path = f"{channels_of(SERVICE)}/whatsapp-calling"
    assert field(await acme.post(path, json={"connection_uuid": SERVICE_WHATSAPP})) == "connection_uuid"
    conflict(await acme.post(path, json={"connection_uuid": SALES_WHATSAPP}))
    await acme.delete(f"{channels_of(SALES)}/whatsapp-calling")
    conflict(await acme.post(path, json={"connection_uuid": SALES_WHATSAPP}))
    await acme.delete(f"{channels_of(SALES)}/whatsapp")
    data(await acme.post(path, json={"connection_uuid": SALES_WHATSAPP}))
    now = await bindings(acme, SERVICE)
    assert now["whatsapp"] == now["whatsapp_calling"]
    assert now["whatsapp"]["phone_number"] == BOUND_NUMBER


# SIP connections


async def test_a_sip_connection_is_stored_used_freed_and_deleted(acme):
    made = {"name": "Telnyx", "phone_number": "+1 (312) 555-0101", "gateway": "sip.telnyx.com"}
    stored = data(await acme.post(CONNECTIONS, json={**made, "username": "acme", "password": "a-long-password"}), 201)
    assert {name: stored[name] for name in made} == made
    assert (stored["status"], stored["secondary_gateway"]) == ("active", None)
    assert not {"username", "password"} & set(stored)
    path = f"{CONNECTIONS}/{stored['uuid']}"
    assert data(await acme.get(path)) == stored
    assert stored in data(await acme.get(CONNECTIONS))["items"]
    line = f"{channels_of(SERVICE)}/call/sip-trunk"
    data(await acme.post(line, json={"connection_uuid": stored["uuid"]}))
    now = (await bindings(acme, SERVICE))["call"]
    assert (now["connection_uuid"], now["phone_number"]) == (stored["uuid"], made["phone_number"])
    assert SERVICE in conflict(await acme.delete(path))
    data(await acme.delete(f"{channels_of(SERVICE)}/call"))
    assert data(await acme.delete(path)) is None
    assert (await acme.get(path)).status_code == 404


async def test_a_gateway_is_a_host_without_a_scheme(acme):
    body = {"name": "X", "phone_number": "1", "gateway": "sip://sip.telnyx.com", "username": "a", "password": "b"}
    assert field(await acme.post(CONNECTIONS, json=body)) == "gateway"


async def test_a_shared_number_is_answered_by_the_agent_assigned_last(acme):
    line, body = f"{channels_of(SERVICE)}/call/sip-trunk", {"connection_uuid": OLD_CARRIER}
    conflict(await acme.post(line, json=body))
    data(await acme.post(line, json={**body, "force": True}))
    assert (await number_channels(acme, BOUND_NUMBER))["call"]["agent_uuid"] == SERVICE
    assert (await bindings(acme, SALES))["call"]["bound"] is True
    data(await acme.post(f"{channels_of(SALES)}/call/sip-trunk", json={**body, "force": True}))
    assert (await number_channels(acme, BOUND_NUMBER))["call"]["agent_uuid"] == SALES
    data(await acme.delete(f"{channels_of(SALES)}/call"))
    assert (await number_channels(acme, BOUND_NUMBER))["call"]["agent_uuid"] == SERVICE


async def test_a_connection_takes_the_place_of_a_bought_number(acme):
    data(await acme.post(f"{channels_of(SALES)}/call/sip-trunk", json={"connection_uuid": BERLIN}))
    assert (await bindings(acme, SALES))["call"]["phone_number_uuid"] is None
    data(await provision(acme, SERVICE, BOUND))


# External trunks


def trunk(agent: str = SERVICE, channel: str = "call", **more: object):
    return {"phone_number": BROUGHT, "agent_uuid": agent, "channel": channel, **more}


async def test_a_registered_trunk_is_listed_changed_and_deleted(acme):
    sip = {"gateway": "sip.acme.example", "port": 5060, "username": "acme", "password": "a-long-password"}
    made = data(await acme.post(TRUNKS, json=trunk(sip=sip, additional_settings={"ani_format": "e164"})), 201)
    assert (made["is_external"], made["source"]) == (True, "external")
    shown = made["channels"]["call"]
    assert (shown["bound"], shown["agent_uuid"]) == (True, SERVICE)
    assert shown["trunk"] == {
        "name": "call_trunk_12345678901",
        "direction": "both",
        "sip": {"gateway": "sip.acme.example", "port": 5060, "has_credentials": True},
        "additional_settings": {"ani_format": "e164"},
    }
    assert BROUGHT in [row["number"] for row in data(await acme.get(TRUNKS))["items"]]
    assert BROUGHT in await inventory(acme)
    key = {"phone_number": BROUGHT, "channel": "call"}
    change = {"name": "Chicago", "direction": "outbound", "sip": {"port": 5080, "username": ""}}
    changed = data(await acme.patch(TRUNKS, json={**key, **change}))["channels"]["call"]["trunk"]
    assert changed == {
        "name": "Chicago",
        "direction": "outbound",
        "sip": {"gateway": "sip.acme.example", "port": 5080, "has_credentials": False},
        "additional_settings": {"ani_format": "e164"},
    }
    cleared = data(await acme.patch(TRUNKS, json={**key, "additional_settings": {}}))["channels"]["call"]["trunk"]
    assert cleared == {**changed, "additional_settings": {}}
    assert data(await acme.delete(TRUNKS, params={**key, "phone_number": BROUGHT.lstrip("+")})) is None
    assert BROUGHT not in await inventory(acme)
    assert (await acme.delete(TRUNKS, params=key)).status_code == 404
    assert (await bindings(acme, SERVICE))["call"]["bound"] is False


async def test_only_bound_numbers_of_other_carriers_are_external_trunks(acme):
    rows = data(await acme.get(TRUNKS))["items"]
    assert [row["number"] for row in rows] == [LONDON]
    assert rows[0]["bindings"]["call"]["agent_uuid"] == DRAFT


async def test_a_trunk_is_refused_where_number_or_agent_is_taken(acme):
    conflict(await acme.post(TRUNKS, json={**trunk(), "phone_number": FREE_NUMBER}))
    conflict(await acme.post(TRUNKS, json={**trunk(), "phone_number": LONDON}))
    conflict(await acme.post(TRUNKS, json=trunk(SALES)))
    conflict(await acme.post(TRUNKS, json=trunk(SALES, "whatsapp")))
    assert (await acme.post(TRUNKS, json=trunk(UNKNOWN))).status_code == 404
    assert BROUGHT not in await inventory(acme)


async def test_one_number_on_both_channels_is_one_number_with_two_trunks(acme):
    first = data(await acme.post(TRUNKS, json=trunk()), 201)
    second = data(await acme.post(TRUNKS, json=trunk(DRAFT, "whatsapp", direction="inbound")), 201)
    assert second["phone_number_uuid"] == first["phone_number_uuid"]
    assert second["channels"]["call"]["agent_uuid"] == SERVICE
    assert second["channels"]["whatsapp"]["agent_uuid"] == DRAFT
    assert second["channels"]["whatsapp"]["trunk"]["direction"] is None
    key = {"phone_number": BROUGHT, "channel": "call"}
    data(await acme.delete(TRUNKS, params=key))
    left = await number_channels(acme, BROUGHT)
    assert (left["call"]["bound"], left["whatsapp"]["bound"]) == (False, True)
    data(await acme.delete(TRUNKS, params={**key, "channel": "whatsapp"}))
    assert BROUGHT not in await inventory(acme)


async def test_a_trunk_is_handed_over_with_all_that_it_has(acme):
    before = (await number_channels(acme, LONDON))["call"]
    body = {"phone_number": LONDON, "channel": "call", "agent_uuid": SERVICE}
    conflict(await acme.put(f"{TRUNKS}/assign", json={**body, "agent_uuid": SALES}))
    assert (await acme.put(f"{TRUNKS}/assign", json={**body, "agent_uuid": UNKNOWN})).status_code == 404
    assert (await acme.put(f"{TRUNKS}/assign", json={**body, "channel": "whatsapp"})).status_code == 404
    for _ in range(2):
        after = data(await acme.put(f"{TRUNKS}/assign", json=body))["channels"]["call"]
        assert after == {**before, "agent_uuid": SERVICE, "agent_name": "Service desk"}
    assert (await bindings(acme, SERVICE))["call"]["phone_number"] == LONDON
    assert (await bindings(acme, DRAFT))["call"]["bound"] is False


async def test_a_trunk_is_not_lost_by_giving_its_agent_another_line(acme):
    line = f"{channels_of(DRAFT)}/call"
    for refused in (
        await provision(acme, DRAFT, FREE),
        await acme.post(f"{line}/sip-trunk", json={"connection_uuid": BERLIN, "force": True}),
        await acme.delete(line),
    ):
        assert "delete_external_trunk" in conflict(refused)
    assert (await number_channels(acme, LONDON))["call"]["agent_uuid"] == DRAFT


async def test_calls_alone_have_direction_and_sip_access(acme):
    data(await acme.post(TRUNKS, json=trunk(channel="whatsapp", sip={"gateway": "sip.acme.example"})), 201)
    key = {"phone_number": BROUGHT, "channel": "whatsapp"}
    change = {"name": "Chats", "direction": "inbound", "sip": {"port": 5080}}
    changed = data(await acme.patch(TRUNKS, json={**key, **change}))["channels"]["whatsapp"]["trunk"]
    assert (changed["name"], changed["direction"]) == ("Chats", None)
    assert changed["sip"] == {"has_credentials": False}


async def test_a_bought_number_is_no_trunk(acme):
    key = {"phone_number": BOUND_NUMBER, "channel": "call"}
    assert (await acme.patch(TRUNKS, json={**key, "name": "Mine"})).status_code == 404
    assert (await acme.put(f"{TRUNKS}/assign", json={**key, "agent_uuid": SERVICE})).status_code == 404
    assert (await acme.delete(TRUNKS, params=key)).status_code == 404


async def test_an_external_number_goes_with_the_agent_that_answered_it(mihu, clock):
    engine = Engine(mihu, Store(), clock)
    with engine.store.transaction():
        records = Records(engine.store, mihu, "acme", clock, "test")
        for binding in records.all("agent_channels", agent_uuid=DRAFT):
            records.remove("agent_channels", binding["uuid"])
    headers = {"Authorization": "Bearer mihu_test_acme_full"}
    transport = httpx.ASGITransport(app=wrap(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://acme.localhost", headers=headers) as acme:
        assert LONDON not in await inventory(acme)
        assert (await acme.get(f"{NUMBERS}/{EXTERNAL}")).status_code == 404
        again = data(await acme.post(TRUNKS, json={**trunk(), "phone_number": LONDON}), 201)
        assert again["channels"]["call"]["trunk"]["sip"] == {"has_credentials": False}
        assert (await inventory(acme)).count(LONDON) == 1


# Extensions of a PBX


async def test_an_extension_is_registered_once_and_shows_no_password(acme):
    body = {
        "agent_uuid": SERVICE,
        "phone_number": "+12084439178",
        "registrar_server": "pbx.acme.example",
        "username_extension": "user-101",
        "pbx_password": "a-long-password",
    }
    made = data(await acme.post(CONNECTORS, json=body), 201)
    assert made["agent_name"] == "Service desk"
    assert (made["setup_mode"], made["connection_type"], made["status"]) == ("both", "udp", "active")
    assert made["pbx"] == {"registrar_server": "pbx.acme.example", "port": 5060, "username_extension": "user-101"}
    assert made["auth"] == {"has_separate_credentials": False, "username": None}
    conflict(await acme.post(CONNECTORS, json={**body, "agent_uuid": SALES}))
    login = {"username_extension": "user-102", "auth_username": "gate", "auth_password": "another-password"}
    other = await acme.post(CONNECTORS, json={**body, **login, "allowed_ip": "192.0.2.7"})
    assert data(other, 201)["auth"] == {"has_separate_credentials": True, "username": "gate"}
    assert data(other, 201)["inbound"] == {"allowed_ip": "192.0.2.7"}
    assert "password" not in other.text
    path = f"{CONNECTORS}/{made['pbx_extension_connector_uuid']}"
    assert data(await acme.get(path)) == made
    page = data(await acme.get(CONNECTORS, params={"per_page": 2, "page": 2}))
    assert (len(page["items"]), page["pagination"]["total"]) == (1, 3)
    assert data(await acme.delete(path)) is None
    assert (await acme.get(path)).status_code == 404
    data(await acme.post(CONNECTORS, json=body), 201)


# Tenants and roles


async def test_another_tenant_finds_nothing_of_this_one(acme, globex):
    for path in (
        f"{NUMBERS}/{BOUND}",
        f"{NUMBERS}/{BOUND}/channels",
        f"{CONNECTIONS}/{BERLIN}",
        f"{CONNECTORS}/{EXTENSION}",
    ):
        assert (await acme.get(path)).status_code == 200
        assert (await globex.get(path)).status_code == 404
    assert (await globex.get(channels_of(SALES))).status_code == 404
    assert (await globex.get(f"{NUMBERS}/channels", params={"number": BOUND_NUMBER})).status_code == 404
    assert (await globex.post(f"{NUMBERS}/{FREE}/release")).status_code == 404
    assert (await provision(globex, RECEPTION, FREE)).status_code == 404
    account = {"connection_uuid": SALES_WHATSAPP}
    assert (await globex.post(f"{channels_of(RECEPTION)}/whatsapp", json=account)).status_code == 404
    assert (await globex.delete(TRUNKS, params={"phone_number": LONDON, "channel": "call"})).status_code == 404
    assert not set(await inventory(globex)) & set(await inventory(acme))
    ours = {row["uuid"] for row in data(await acme.get(CONNECTIONS))["items"]}
    theirs = {row["uuid"] for row in data(await globex.get(CONNECTIONS))["items"]}
    assert ours
    assert theirs
    assert not ours & theirs


async def test_the_other_tenant_may_bring_the_same_number(acme, globex):
    data(await globex.delete(f"{channels_of(RECEPTION)}/call"))
    brought = {"phone_number": LONDON, "agent_uuid": RECEPTION, "channel": "call"}
    theirs = data(await globex.post(TRUNKS, json=brought), 201)
    assert theirs["channels"]["call"]["agent_uuid"] == RECEPTION
    assert (await number_channels(acme, LONDON))["call"]["agent_uuid"] == DRAFT


async def test_a_reading_token_changes_no_line(readonly):
    refused = await provision(readonly, SERVICE, FREE)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "INSUFFICIENT_PERMISSIONS"
    assert (await bindings(readonly, SERVICE))["call"]["bound"] is False
