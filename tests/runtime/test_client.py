"""The typed functions, through the whole line but the server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.fixture_catalog.models.notes import CreateNoteMeta, CreateNoteMetaAuthor
from tests.runtime.fixture_catalog.tools import notes
from tests.runtime.product import OWNER, Product
from toolpress.client import Client
from toolpress.contract import UNSET
from toolpress.errors import InvalidArguments, Unauthenticated, UpstreamRefused
from toolpress.principal import Credential


async def call(product: Product, function: Any, *args: Any, **kwargs: Any) -> Any:
    async with Client(CATALOG, key=OWNER, transport=product.transport()) as client:
        return await function(client, *args, **kwargs)


async def test_a_read_with_a_query(product: Product) -> None:
    result = await call(product, notes.list_notes, tags=["a", "b"], include_archived=False)
    assert result == {"success": True, "notes": [{"id": "n1"}], "count": 1}
    seen = product.seen[0]
    assert seen.target == "/api/notes?filter%5Btags%5D%5B%5D=a&filter%5Btags%5D%5B%5D=b&includeArchived=false"
    assert seen.headers["x-api-key"] == OWNER
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["user-agent"].startswith("toolpress/")
    assert "content-type" not in seen.headers


async def test_a_write_with_models_unset_and_null(product: Product) -> None:
    meta = CreateNoteMeta(author=CreateNoteMetaAuthor(name="Ada"))
    await call(product, notes.create_note, "Title", meta=meta, remind_at=None, extra={"a": UNSET, "b": [UNSET, 1]})
    assert product.seen[0].body == {
        "title": "Title",
        "meta": {"author": {"name": "Ada"}},
        "remindAt": None,
        "extra": {"b": [1]},
    }


async def test_a_switch(product: Product) -> None:
    assert (await call(product, notes.move_note, "n1", archived=False))["note"] == {"id": "n1", "archived": False}
    assert product.seen[0].method == "DELETE"


async def test_a_stream(product: Product) -> None:
    result = await call(product, notes.ask_note, "n1", "why?")
    assert result == {"success": True, "answer": "42", "session_id": "s1", "tokens": 7}
    assert product.seen[0].headers["accept"].startswith("text/event-stream")


async def test_a_path_value_stays_one_segment_over_the_whole_line(product: Product) -> None:
    with pytest.raises(UpstreamRefused):
        await call(product, notes.get_note, "n1/archive?x=1#y%2F")
    assert product.seen[0].target == "/api/notes/n1%2Farchive%3Fx%3D1%23y%252F"


async def test_errors_and_wrong_arguments(product: Product) -> None:
    with pytest.raises(UpstreamRefused) as refused:
        await call(product, notes.get_note, "n9")
    assert refused.value.code == "NOT_FOUND"
    with pytest.raises(InvalidArguments):
        await call(product, notes.create_note, "")
    assert len(product.seen) == 1


async def test_keys(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Client(CATALOG, transport=product.transport()) as client:
        with pytest.raises(Unauthenticated, match="No API key") as caught:
            await notes.whoami(client)
        assert caught.value.code == "MISSING_API_KEY"
        assert (await notes.whoami(client.for_caller(Credential(OWNER))))["role"] == "owner"
        with pytest.raises(Unauthenticated, match="malformed"):
            await notes.whoami(client.for_caller(Credential("sk_other")))
    monkeypatch.setenv("NOTEBOOK_API_KEY", OWNER)
    async with Client(CATALOG, transport=product.transport()) as client:
        assert (await notes.whoami(client))["tenant_id"] == "a"


async def test_another_base_url(product: Product) -> None:
    async with Client(CATALOG, key=OWNER, base_url="http://other.example/", transport=product.transport()) as client:
        assert client.upstream.base_url == "http://other.example"
        await notes.whoami(client)
    assert product.seen[0].headers["host"] == "other.example"
