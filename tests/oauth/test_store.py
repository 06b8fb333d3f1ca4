"""What the store holds, what a thief of it would learn, and a store that fails."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_value.aio.stores.memory import MemoryStore

from tests.oauth.conftest import SECRET, TENANT, Clock, Parts, Site, Stage, application, error_in, make_server
from tests.redis_server import needs_redis, running
from toolpress.errors import ConfigurationError
from toolpress.oauth import Pair, StoreUnavailable, open_store
from toolpress.oauth.ledger import Grant, Ledger
from toolpress.oauth.sealing import hashed, seal, unseal
from toolpress.oauth.store import Records
from toolpress.oauth.tokens import new_token


async def dump(store: MemoryStore) -> str:
    """Everything in the store: collections, keys, values."""
    found: dict[str, Any] = {}
    for collection in await store.collections():
        keys = await store.keys(collection)
        found[collection] = dict(zip(keys, await store.get_many(keys, collection=collection), strict=True))
    return json.dumps(found)


def encodings(text: str) -> set[str]:
    """The text as it might lie about: plain, escaped, hexadecimal, or in base64 at any offset."""
    raw = text.encode()
    spellings = {text, quote(text, safe=""), json.dumps(text)[1:-1], raw.hex(), raw[::-1].decode()}
    for offset in range(3):
        whole = base64.b64encode(b"x" * offset + raw).decode()
        middle = whole[4 if offset else 0 : -4]
        spellings |= {middle, middle.replace("+", "-").replace("/", "_")}
    return spellings


async def test_a_dump_reveals_nothing(site: Site) -> None:
    client_id = site.register()
    code = site.code(client_id)
    body = site.redeem(client_id, code).json()
    newer = site.refresh(client_id, body["refresh_token"]).json()
    own = site.credentials().json()
    open_code = site.code(TENANT)
    revoked = site.credentials().json()["access_token"]
    form = {"token": revoked, "client_id": TENANT, "client_secret": SECRET}
    assert site.http.post("/oauth/revoke", data=form).status_code == 200
    secrets = {TENANT, SECRET, code, open_code, revoked, own["access_token"], client_id, "127.0.0.1:7777"}
    secrets |= {part[name] for part in (body, newer) for name in ("access_token", "refresh_token")}
    text = await dump(site.store)
    assert hashed(own["access_token"]) in text, "the dump is what it should be"
    for secret in secrets:
        for spelling in encodings(secret) | encodings(secret.partition("_")[2] or secret):
            assert spelling not in text


async def test_secrets_of_any_length_look_alike(parts: Parts) -> None:
    ledger = Ledger(Records(parts.store, "product", parts.clock), parts.clock)
    for secret in ("x", "x" * 60):
        await ledger.grant_at_once(Grant(TENANT, "mcp"), Pair(TENANT, secret))
    text = json.loads(await dump(parts.store))
    assert len({len(record["sealed"]) for record in text["toolpress-product-access"].values()}) == 1


async def test_a_record_that_was_moved_or_changed_opens_nothing(site: Site) -> None:
    """Whoever can write to the store cannot give one token the rights of another."""
    mine, theirs = site.credentials("other", "key-of-other").json(), site.credentials().json()
    collection = "toolpress-product-access"
    names = [hashed(body["access_token"]) for body in (mine, theirs)]
    records = await site.store.get_many(names, collection=collection)
    assert records[0]
    assert records[1]
    await site.store.put(names[0], {**records[0], "sealed": records[1]["sealed"]}, collection=collection)
    assert site.call(mine["access_token"]).status_code == 401


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=600), st.text(min_size=1, max_size=5))
def test_what_is_sealed_opens_with_its_token_and_context_alone(text: str, other: str) -> None:
    token = new_token("access")
    sealed = seal(token, {"text": text}, "here")
    assert unseal(token, sealed, "here") == {"text": text}
    assert unseal(token, sealed, f"here{other}") is None
    assert unseal(token + other, sealed, "here") is None
    assert sealed != seal(token, {"text": text}, "here")


def test_a_pair_does_not_print_its_secret() -> None:
    assert SECRET not in repr(Pair(TENANT, SECRET))
    assert SECRET not in repr(Grant("x", "mcp", Pair(TENANT, SECRET)))


async def test_records_end_by_our_clock(parts: Parts) -> None:
    records = Records(parts.store, "product", parts.clock)
    await records.put("kind", "name", {"a": 1}, ends=parts.clock.now + 10)
    parts.clock.now += 9
    assert await records.get("kind", "name") == {"a": 1, "ends": parts.clock.now + 1}
    parts.clock.now += 1
    assert await records.get("kind", "name") is None


async def test_an_end_that_comes_in_the_midst_of_a_redemption(parts: Parts) -> None:
    """The replay is noticed after the first use was allowed and before its family is opened."""
    ledger = Ledger(Records(parts.store, "product", parts.clock), parts.clock)
    code = await ledger.read(await ledger.issue_code(Grant("tpd_x", "mcp", Pair(TENANT, SECRET), refreshable=True)))
    assert code
    await ledger.end(code.family)
    assert await ledger.redeem(code, Pair(TENANT, SECRET)) is None


class Broken(MemoryStore):
    """A store that fails, or never answers."""

    def __init__(self, *, hangs: bool = False) -> None:
        super().__init__()
        self._hangs = hangs

    async def _get_managed_entry(self, **_: Any) -> Any:
        if self._hangs:
            await asyncio.Event().wait()
        raise ConnectionError("no route to the store")

    _put_managed_entry = _delete_managed_entry = _get_managed_entry


def test_a_store_that_fails(parts: Parts, stage: Stage, site: Site) -> None:
    client_id = site.register()
    stage.app = application(make_server(parts, store=Broken()))
    for answer in (site.credentials(), site.redeem(client_id, "tpc_x"), site.refresh(client_id, "tpr_x")):
        assert error_in(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "1"
    refused = site.call("tpa_x")
    assert (refused.status_code, refused.json()["code"]) == (503, "STORE_UNAVAILABLE")
    page = site.decide(site.authorize(client_id), tenant=TENANT, secret=SECRET)
    assert page.status_code == 503
    assert "no route" not in page.text


async def test_a_store_that_hangs(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolpress.oauth.store._WAIT_S", 0.01)
    with pytest.raises(StoreUnavailable):
        await make_server(parts, store=Broken(hangs=True)).resolve("tpa_x")


async def test_without_a_url_the_store_is_memory() -> None:
    opened = open_store(None)
    assert isinstance(opened.keys, MemoryStore)
    await opened.aclose()


@pytest.mark.parametrize("url", ["memcached://localhost", "localhost:6379", "http://localhost"])
def test_stores_that_we_do_not_know(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Redis URL"):
        open_store(url)


def test_redis_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        open_store("redis://localhost")
    assert "toolpress[redis]" in str(caught.value.fix)


# py-key-value still uses SETEX, which redis-py is leaving behind.
old_words = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")


@needs_redis
def test_redis_urls_that_cannot_be_read() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_store("redis://localhost:port")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A redis-server of our own, on a socket, with a password that a URL has to escape."""
    with running(tmp_path, "--requirepass", "p@ss/word") as path:
        yield f"unix://:{quote('p@ss/word', safe='')}@{path}"


@needs_redis
@old_words
async def test_tokens_outlive_a_restart_in_redis(parts: Parts, redis_url: str) -> None:
    clock = Clock()
    first, second = open_store(redis_url), open_store(redis_url)
    try:
        before, after = (Ledger(Records(opened.keys, "product", clock), clock) for opened in (first, second))
        pair = Pair(TENANT, SECRET)
        code = await before.read(await before.issue_code(Grant("tpd_x", "mcp", pair, refreshable=True)))
        assert code
        tokens = await before.redeem(code, pair)
        assert tokens
        assert tokens.refresh_token
        await first.aclose()
        server = make_server(parts, store=second.keys, clock=clock)
        assert await server.resolve(tokens.access_token) == pair
        refresh = await after.read(tokens.refresh_token)
        assert refresh
        rotations = await asyncio.gather(*(after.rotate(refresh, pair) for _ in range(5)))
        assert len([tokens for tokens in rotations if tokens]) == 1
        assert await after.redeem(code, pair) is None
        assert await after.read(tokens.access_token) is None
    finally:
        await second.aclose()


@needs_redis
@old_words
async def test_redis_forgets_by_itself(redis_url: str) -> None:
    from importlib import import_module

    clock, opened = Clock(), open_store(redis_url)
    ledger = Ledger(Records(opened.keys, "product", clock), clock)
    await ledger.grant_at_once(Grant(TENANT, "mcp"), Pair(TENANT, SECRET))
    await ledger.issue_code(Grant("tpd_x", "mcp"))
    client = import_module("redis.asyncio").from_url(redis_url, decode_responses=True)
    keys = await client.keys("*")
    lives = {key: await client.ttl(key) for key in keys}
    await client.aclose()
    await opened.aclose()
    assert lives
    assert all(0 < life <= 2 * 3600 for life in lives.values()), lives


@needs_redis
async def test_a_redis_that_is_gone(parts: Parts, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    opened = open_store(f"redis://127.0.0.1:{port}")
    with pytest.raises(StoreUnavailable):
        await make_server(parts, store=opened.keys).resolve("tpa_x")
    await opened.aclose()
