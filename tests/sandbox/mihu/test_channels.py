"""The lines of agents: given, exchanged and taken away."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.channel_ids import (
    BERLIN,
    BOUND,
    BOUND_NUMBER,
    CONNECTIONS,
    CONNECTORS,
    DRAFT,
    EXTENSION,
    EXTERNAL,
    FREE,
    FREE_NUMBER,
    INSTAGRAM,
    LONDON,
    NUMBERS,
    OTHER_INSTAGRAM,
    PAGE,
    RECEPTION,
    SALES,
    SALES_WHATSAPP,
    SERVICE,
    SERVICE_WHATSAPP,
    TRUNKS,
    UNKNOWN,
    bindings,
    buy,
    channels_of,
    conflict,
    inventory,
    number_channels,
    offers,
    provision,
)


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
