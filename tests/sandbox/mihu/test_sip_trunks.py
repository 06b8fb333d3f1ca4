"""Numbers of other carriers: SIP connections, external trunks and extensions of a PBX."""

from __future__ import annotations

import httpx

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.channel_ids import (
    BERLIN,
    BOUND,
    BOUND_NUMBER,
    BROUGHT,
    CONNECTIONS,
    CONNECTORS,
    DRAFT,
    EXTERNAL,
    FREE,
    FREE_NUMBER,
    LONDON,
    NUMBERS,
    OLD_CARRIER,
    SALES,
    SERVICE,
    TRUNKS,
    UNKNOWN,
    bindings,
    channels_of,
    conflict,
    inventory,
    number_channels,
    provision,
)
from toolpress_sandbox.app import wrap
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.records import Records
from toolpress_sandbox.store import Store

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
