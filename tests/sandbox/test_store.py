from __future__ import annotations

from pathlib import Path

import pytest

from toolpress_sandbox.clock import Clock, iso, parse_iso
from toolpress_sandbox.definition import Definition, parse
from toolpress_sandbox.identifiers import uuid_of
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal
from toolpress_sandbox.seed import ForeignFileError, plant
from toolpress_sandbox.store import Store

NOW = parse_iso("2026-03-10T12:00:00Z")


def definition(**data: object) -> Definition:
    return parse(
        {
            "catalog": "toy",
            "authentication": {"accept": [{"header": "X-Key"}]},
            "roles": ["owner"],
            "categories": {},
            "operations": [],
            "data": {
                "collections": {
                    "tenants": {"label": "Tenant"},
                    "boxes": {"label": "Box", "versioned": "box", "defaults": {"tags": []}, "soft_delete": True},
                    "lids": {"label": "Lid", "parent": "box_id"},
                },
                **data,
            },
        }
    )


@pytest.fixture
def records() -> Records:
    return Records(Store(), definition(), "t1", Clock(lambda: NOW), "key-1")


def test_a_transaction_commits_wholly_or_not_at_all() -> None:
    store = Store()

    def fail_half_way() -> None:
        with store.transaction():
            store.write("t", "boxes", "1", {"id": "1"}, now="x")
            assert store.next_number() == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with store.transaction():
        assert store.read("t", "boxes", "1") is None
        assert store.next_number() == 1, "a rolled-back request gives its numbers back"


def test_rows_of_another_tenant_do_not_exist(records: Records) -> None:
    row = records.insert("boxes", {"name": "A"})
    assert records.get("boxes", row["id"]) == row
    with pytest.raises(Refusal, match="Box not found"):
        records.elsewhere("t2").get("boxes", row["id"])


def test_filters_know_booleans_null_and_parents(records: Records) -> None:
    records.insert("lids", {"box_id": "b", "open": True, "note": None})
    records.insert("lids", {"box_id": "b", "open": False})
    records.insert("lids", {"box_id": "c", "open": True})
    assert len(records.all("lids", box_id="b")) == 2
    assert len(records.all("lids", box_id="b", open=True)) == 1
    assert len(records.all("lids", open=True)) == 2
    assert len(records.all("lids", note=None)) == 3


def test_defaults_are_not_shared_between_rows(records: Records) -> None:
    first = records.insert("boxes", {"name": "A"})
    first["tags"].append("x")
    assert records.insert("boxes", {"name": "B"})["tags"] == []


def test_versions_keep_every_state_but_not_bookkeeping(records: Records) -> None:
    row = records.insert("boxes", {"name": "A"})
    records.update("boxes", row["id"], {"name": "B"}, changelog="better")
    records.update("boxes", row["id"], {"opened": 3}, quiet=True)
    records.remove("boxes", row["id"])
    versions = records.versions("box", row["id"])
    assert [(v["version"], v["change_type"], v["data"]["name"]) for v in versions] == [
        (3, "delete", "B"),
        (2, "update", "B"),
        (1, "create", "A"),
    ]
    assert (versions[1]["changelog"], versions[1]["changed_by"]) == ("better", "key-1")


def test_a_soft_deleted_row_is_hidden_and_can_be_restored(records: Records) -> None:
    row = records.insert("boxes", {"name": "A"})
    records.remove("boxes", row["id"])
    assert records.find("boxes", row["id"]) is None
    assert [item["name"] for item in records.all("boxes", deleted=True)] == ["A"]
    assert records.restore("boxes", row, change="rollback")["version"] == 3
    assert records.get("boxes", row["id"])["name"] == "A"


def test_ids_are_uuids_and_the_same_in_every_run() -> None:
    first = uuid_of("toy", 1)
    assert first == uuid_of("toy", 1) != uuid_of("toy", 2)
    assert (first[14], first[19] in "89ab") == ("4", True)


def test_seed_values_are_worked_out() -> None:
    seeded = definition(
        tenants=[{"id": "t1", "slug": "one", "name": "One"}],
        seed={
            "one": {
                "boxes": [
                    {
                        "id": "b",
                        "name": "B",
                        "at": "@-1d2h",
                        "month": "@month",
                        "hash": {"$hash": "x"},
                        "$before": [{"name": "A"}],
                    }
                ],
                "lids": [{"id": "l", "box_id": "b", "copy": {"$row": ["boxes", "b"], "$with": {"name": "C"}}}],
            }
        },
    )
    store = Store()
    clock = Clock(lambda: NOW)
    assert plant(store, seeded, clock) is True
    assert plant(store, seeded, clock) is False, "a seeded store stays as it is"
    rows = Records(store, seeded, "t1", clock, "k")
    box = rows.get("boxes", "b")
    assert (box["name"], box["version"], box["at"]) == ("B", 2, "2026-03-09T10:00:00.000Z")
    assert box["month"] == "2026-03-01T00:00:00.000Z"
    assert box["hash"] != "x"
    assert rows.get("lids", "l")["copy"]["name"] == "C"
    assert [v["data"]["name"] for v in rows.versions("box", "b")] == ["B", "A"]


def test_a_file_of_another_catalogue_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store = Store(path)
    plant(store, definition(), Clock())
    store.close()
    foreign = parse({**definition().raw, "catalog": "other"})
    reopened = Store(path)
    with pytest.raises(ForeignFileError, match="belongs to catalogue toy"):
        plant(reopened, foreign, Clock())
    reopened.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at. " * 40, encoding="utf-8")
    with pytest.raises(OSError, match="no usable data file"):
        Store(str(path))


def test_the_clock_moves_and_returns() -> None:
    clock = Clock(lambda: NOW)
    assert iso(clock.advance(90)) == "2026-03-10T12:01:30.000Z"
    assert iso(clock.set(parse_iso("2027-01-01T00:00:00+01:00"))) == "2026-12-31T23:00:00.000Z"
    clock.reset()
    assert clock.now() == NOW


@pytest.mark.parametrize("indexed", [(), ("colour", "open")])
def test_rows_are_found_by_indexed_members_as_by_others(records: Records, indexed: tuple[str, ...]) -> None:
    store = Store()
    if indexed:
        store.index("boxes", indexed)
    for number, row in enumerate(({"colour": "red"}, {"colour": "red", "open": True}, {"colour": None}, {"size": 3})):
        store.write("t", "boxes", str(number), {"id": number, **row}, now="x")
    store.write("t", "lids", "9", {"id": 9, "colour": "red"}, now="x")
    store.write("other", "boxes", "1", {"id": 8, "colour": "red"}, now="x")

    def found(**equals: object) -> list[int]:
        return [row["id"] for row in store.select("t", "boxes", equals)]

    assert found(colour="red") == [0, 1]
    assert found(colour="red", open=True) == [1]
    assert found(colour=None) == [2, 3]
    assert found(size=3, colour=None) == [3]
    assert store.locate("boxes", {"colour": "red", "id": 8}) == ("other", {"id": 8, "colour": "red"})


def test_only_plain_names_are_indexed() -> None:
    with pytest.raises(ValueError, match="plain name"):
        Store().index("boxes", ["a'); --"])


def test_what_came_after_a_mark_is_read_once_and_in_order(records: Records) -> None:
    first = records.insert("boxes", {"name": "A"})
    rows, mark = records.newer("boxes", 0)
    assert rows == [first]
    records.update("boxes", first["id"], {"name": "AA"})
    records.insert("lids", {"box_id": first["id"]})
    assert records.newer("boxes", mark) == ([], mark)
    later = [records.insert("boxes", {"name": name}) for name in ("B", "C")]
    records.remove("boxes", later[0]["id"])
    assert records.newer("boxes", mark)[0] == later[1:]


def test_the_first_of_some_rows_or_none(records: Records) -> None:
    rows = [records.insert("boxes", {"name": "A"}) for _ in range(2)]
    assert records.first("boxes", name="A") == rows[0]
    assert records.first("boxes", name="B") is None
