"""Seeded numbers, connections and their agents, and what tests of channels do with them again and again."""

from __future__ import annotations

from tests.sandbox.mihu.answers import data

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
