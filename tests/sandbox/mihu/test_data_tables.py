"""Data tables: typed columns, and rows that must fit them."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.flow_ids import CALLS, CARS, NEWCOMERS_TABLE, PARTS, TREATMENTS, UNKNOWN, rows_of

TABLES = "/api/v1/data/tables"
KESTREL = "94000000-0000-4000-8000-000000000001"
COLUMNS = [
    {"name": "sku", "data_type": "text"},
    {"name": "price", "data_type": "number"},
    {"name": "sold", "data_type": "boolean"},
    {"name": "from", "data_type": "date"},
    {"name": "seen", "data_type": "datetime"},
]
ROW = {"sku": "A-1", "price": 9.5, "sold": False, "from": "2026-03-01", "seen": "2026-03-01T10:00:00.000Z"}


async def made(client, **members):
    return data(await client.post(TABLES, json={"name": "Stock", "columns": COLUMNS, **members}), 201)


async def test_a_table_is_made_found_renamed_and_deleted_with_its_rows(acme):
    response = await acme.post(TABLES, json={"name": "Stock", "columns": COLUMNS, "description": "What is there."})
    assert response.json()["message"] == "Table created successfully"
    table = data(response, 201)
    assert table["type"] == "custom_table"
    assert [{name: column[name] for name in ("name", "data_type")} for column in table["columns"]] == COLUMNS
    assert len({column["uuid"] for column in table["columns"]}) == len(COLUMNS)
    one = f"{TABLES}/{table['uuid']}"
    assert data(await acme.get(one)) == table
    assert data(await acme.put(one, json={"name": "Shelf"})) == {**table, "name": "Shelf"}
    assert data(await acme.put(one, json={"description": None}))["description"] is None
    row = data(await acme.post(f"{one}/rows", json={"rows": [ROW]}), 201)["rows"][0]["uuid"]
    assert data(await acme.delete(one)) is None
    for path in ("", "/rows", f"/rows/{row}"):
        assert (await acme.get(one + path)).status_code == 404


async def test_tables_are_listed_newest_first_searched_and_in_pages(acme):
    pages = [data(await acme.get(TABLES, params={"per_page": 3, "page": number})) for number in (1, 2)]
    assert [row["uuid"] for page in pages for row in page["items"]] == [PARTS, CALLS, NEWCOMERS_TABLE, CARS]
    for text in ("CATALOGUE", "look a model"):
        assert [row["uuid"] for row in data(await acme.get(TABLES, params={"search": text}))["items"]] == [CARS]


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ([], "columns"),
        ([{"name": "sku"}], "columns.0.data_type"),
        ([*COLUMNS, {"name": "sku", "data_type": "number"}], f"columns.{len(COLUMNS)}.name"),
        ([{"name": "sku", "data_type": "colour"}], "columns.0.data_type"),
    ],
)
async def test_a_table_needs_columns_with_names_and_known_types(acme, columns, wrong):
    before = data(await acme.get(TABLES))["pagination"]["total"]
    assert field(await acme.post(TABLES, json={"name": "Stock", "columns": columns})) == wrong
    assert data(await acme.get(TABLES))["pagination"]["total"] == before


async def test_a_row_is_added_changed_value_by_value_and_deleted(acme):
    rows = f"{TABLES}/{(await made(acme))['uuid']}/rows"
    added = data(await acme.post(rows, json={"rows": [ROW, {"sku": "A-2"}]}), 201)
    assert added["created"] == 2
    first, second = added["rows"]
    assert first["values"] == ROW
    assert second["values"] == {**dict.fromkeys(ROW), "sku": "A-2"}
    one = f"{rows}/{first['uuid']}"
    assert data(await acme.get(one)) == first
    changed = data(await acme.put(one, json={"values": {"price": 8, "seen": None}}))
    assert changed["values"] == {**ROW, "price": 8, "seen": None}
    assert data(await acme.delete(one)) is None
    assert [row["uuid"] for row in data(await acme.get(rows))["data"]] == [second["uuid"]]
    assert (await acme.delete(one)).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sku", 1),
        ("price", "1"),
        ("price", True),
        ("sold", "yes"),
        ("from", "tomorrow"),
        ("from", 20260301),
        ("seen", "noon"),
        ("colour", "red"),
    ],
)
async def test_a_value_that_does_not_fit_names_its_column_and_nothing_is_kept(acme, name, value):
    table = (await made(acme))["uuid"]
    rows = f"{TABLES}/{table}/rows"
    assert field(await acme.post(rows, json={"rows": [ROW, {name: value}]})) == f"rows.1.{name}"
    assert await rows_of(acme, table) == []
    row = data(await acme.post(rows, json={"rows": [ROW]}), 201)["rows"][0]["uuid"]
    assert field(await acme.put(f"{rows}/{row}", json={"values": {"sku": "B", name: value}})) == f"values.{name}"
    assert await rows_of(acme, table) == [ROW]


async def test_rows_come_in_their_order_in_pages_and_by_any_text(acme):
    table = (await made(acme))["uuid"]
    rows = f"{TABLES}/{table}/rows"
    await acme.post(rows, json={"rows": [{"sku": f"S-{number}"} for number in range(5)]})
    pages = [data(await acme.get(rows, params={"per_page": 2, "page": number})) for number in (1, 2, 3, 4)]
    assert [row["values"]["sku"] for page in pages for row in page["data"]] == [f"S-{number}" for number in range(5)]
    assert {(page["last_page"], page["total"], page["per_page"]) for page in pages} == {(3, 5, 2)}
    found = data(await acme.get(f"{TABLES}/{CARS}/rows", params={"search": "KESTREL"}))
    assert [row["values"]["model"] for row in found["data"]] == ["Kestrel", "Kestrel Electric"]
    assert data(await acme.get(f"{TABLES}/{CARS}/rows", params={"search": "28400"}))["total"] == 0


async def test_rows_are_found_in_their_own_table_and_tenant_alone(acme, globex):
    assert (await acme.get(f"{TABLES}/{CARS}/rows/{KESTREL}")).status_code == 200
    for client, table, row in ((acme, PARTS, KESTREL), (acme, CARS, UNKNOWN), (globex, CARS, KESTREL)):
        one = f"{TABLES}/{table}/rows/{row}"
        assert (await client.get(one)).status_code == 404
        assert (await client.put(one, json={"values": {}})).status_code == 404
        assert (await client.delete(one)).status_code == 404
    assert [row["uuid"] for row in data(await globex.get(TABLES))["items"]] == [TREATMENTS]
    assert (await globex.post(f"{TABLES}/{CARS}/rows", json={"rows": [{"model": "Theirs"}]})).status_code == 404
    assert (await globex.delete(f"{TABLES}/{CARS}")).status_code == 404
    assert "Theirs" not in [row["model"] for row in await rows_of(acme, CARS)]
