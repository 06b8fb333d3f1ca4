"""Sessions that nobody has to remember: sealed ids, how long they are good, and those that were ended."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_value.aio.stores.memory import MemoryStore

from tests.runtime.fixture_catalog.catalog import CATALOG
from toolpress.contract import Sessions
from toolpress.oauth import StoreUnavailable
from toolpress.principal import Credential
from toolpress.sessions import Session, SessionBook
from toolpress_catalogs.zihin.catalog import CATALOG as ZIHIN

RULES = Sessions((("free", 24.0), ("pro", 168.0)), plan="plan")
KEY = "a secret that every replica has, long enough"
MINE, OTHER = Credential("nb_test_mine"), Credential("nb_test_other")
HOUR = 3600.0
PROTOCOL = "2025-06-18"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def book(clock: Clock, store: MemoryStore | None = None, **changes: Any) -> SessionBook:
    facts: dict[str, Any] = {"catalog": "notebook", "rules": RULES, "key": KEY, **changes}
    return SessionBook(facts["catalog"], facts["rules"], store or MemoryStore(), facts["key"], clock)


@pytest.mark.parametrize(("plan", "hours"), [("free", 24), ("pro", 168), ("unheard of", 24), (None, 24)])
async def test_a_session_lasts_as_long_as_the_plan_says(plan: str | None, hours: int) -> None:
    clock = Clock()
    sessions = book(clock)
    identifier = sessions.open(MINE, plan, PROTOCOL)
    clock.now += hours * HOUR - 1
    session = await sessions.read(identifier, MINE)
    assert session is not None
    assert session.protocol == PROTOCOL
    clock.now += 1
    assert await sessions.read(identifier, MINE) is None


@pytest.mark.parametrize(
    ("plan", "hours"), [("free", 24), ("basic", 7 * 24), ("pro", 7 * 24), ("enterprise", 30 * 24), ("core", 24)]
)
async def test_the_lifetimes_that_zihin_states(plan: str, hours: int) -> None:
    clock = Clock()
    assert ZIHIN.sessions is not None
    sessions = book(clock, rules=ZIHIN.sessions)
    identifier = sessions.open(MINE, plan, PROTOCOL)
    session = await sessions.read(identifier, MINE)
    assert session is not None
    assert session.ends - clock.now == hours * HOUR


async def test_any_replica_with_the_key_knows_it_and_none_without() -> None:
    clock = Clock()
    identifier = book(clock).open(MINE, "free", PROTOCOL)
    assert await book(clock).read(identifier, MINE) is not None
    assert await book(clock, key=KEY + "!").read(identifier, MINE) is None
    assert await book(clock, catalog="diary").read(identifier, MINE) is None


async def test_it_is_good_for_one_credential() -> None:
    clock = Clock()
    sessions = book(clock)
    identifier = sessions.open(MINE, "free", PROTOCOL)
    assert await sessions.read(identifier, OTHER) is None
    assert await sessions.read(identifier, Credential(MINE.key, "acme")) is None
    assert len({sessions.open(MINE, "free", PROTOCOL) for _ in range(100)}) == 100


async def test_the_id_is_printable_and_tells_nothing() -> None:
    identifier = book(Clock()).open(Credential("nb_test_mine", "acme"), "free", PROTOCOL)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40,100}", identifier)
    raw = base64.urlsafe_b64decode(identifier + "==")
    assert not any(text in raw for text in (b"nb_test", b"acme", PROTOCOL.encode(), b"free"))


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=90) | st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_id_is_no_session(text: str) -> None:
    assert asyncio.run(book(Clock()).read(text, MINE)) is None


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_an_id_with_one_changed_bit_is_none(data: st.DataObject) -> None:
    sessions = book(Clock())
    identifier = sessions.open(MINE, "free", PROTOCOL)
    raw = bytearray(base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert asyncio.run(sessions.read(base64.urlsafe_b64encode(raw).decode().rstrip("="), MINE)) is None


async def test_an_ended_session_is_over_for_every_replica_that_shares_the_store() -> None:
    clock, store = Clock(), MemoryStore()
    here, there, elsewhere = book(clock, store), book(clock, store), book(clock)
    identifier = here.open(MINE, "free", PROTOCOL)
    session = await there.read(identifier, MINE)
    assert session is not None
    await there.end(session)
    assert await here.read(identifier, MINE) is None
    assert not await here.lasts(session)
    assert await elsewhere.read(identifier, MINE) is not None, "without the store there is nothing to know it by"
    assert await here.read(here.open(MINE, "free", PROTOCOL), MINE) is not None


NOTES, FORMS = "notebook://notes", "notebook://forms/note"


async def opened(sessions: SessionBook, credential: Credential = MINE, plan: str = "free") -> Session:
    session = await sessions.read(sessions.open(credential, plan, PROTOCOL), credential)
    assert session is not None
    return session


async def test_what_a_session_is_subscribed_to_is_known_to_every_replica_that_shares_the_store() -> None:
    clock, store = Clock(), MemoryStore()
    here, there = book(clock, store), book(clock, store)
    mine, other = await opened(here), await opened(here)
    await here.subscribe(mine, MINE, NOTES)
    assert [await there.subscribed(session, uri) for session in (mine, other) for uri in (NOTES, FORMS)] == [
        True, False, False, False,
    ]  # fmt: skip
    await there.unsubscribe(mine, NOTES)
    await there.unsubscribe(mine, FORMS)
    assert not await here.subscribed(mine, NOTES)


async def test_subscriptions_of_one_session_that_come_at_once_are_all_kept() -> None:
    here, there = (book(clock, store) for clock, store in [(Clock(), MemoryStore())] * 2)
    session = await opened(here)
    uris = [f"notebook://notes/{number}" for number in range(20)]
    await asyncio.gather(*((here, there)[number % 2].subscribe(session, MINE, uri) for number, uri in enumerate(uris)))
    assert all([await here.subscribed(session, uri) for uri in uris])


async def test_a_subscription_ends_with_its_session() -> None:
    clock = Clock()
    sessions = book(clock)
    session = await opened(sessions)
    await sessions.subscribe(session, MINE, NOTES)
    clock.now = session.ends - 1
    assert await sessions.subscribed(session, NOTES)
    clock.now = session.ends
    assert not await sessions.subscribed(session, NOTES)


async def test_of_one_credential_the_newest_subscriptions_count() -> None:
    """A client that comes again and again and never says good-bye takes no more room than that."""
    clock, store = Clock(), MemoryStore()
    sessions = SessionBook("notebook", RULES, store, KEY, clock, most_subscriptions=3)
    theirs = await opened(sessions, OTHER)
    await sessions.subscribe(theirs, OTHER, NOTES)
    own = [await opened(sessions, plan="pro"), *[await opened(sessions) for _ in range(5)]]
    for session in (*own, own[3]):
        await sessions.subscribe(session, MINE, NOTES)
        clock.now += 1
    assert [await sessions.subscribed(session, NOTES) for session in own] == [False] * 3 + [True] * 3
    await sessions.subscribe(await opened(sessions), MINE, NOTES)
    assert [await sessions.subscribed(session, NOTES) for session in own] == [False] * 3 + [True, False, True]
    assert await sessions.subscribed(theirs, NOTES)
    everything = [
        str(await store.get_many(await store.keys(place), collection=place)) for place in await store.collections()
    ]
    assert not any(secret in text for text in everything for secret in (MINE.key, OTHER.key))


async def test_a_short_session_in_between_does_not_hide_a_long_one_from_the_limit() -> None:
    clock = Clock()
    sessions = SessionBook("notebook", RULES, MemoryStore(), KEY, clock, most_subscriptions=2)
    long = await opened(sessions, plan="pro")
    for session in (long, await opened(sessions, plan="free")):
        await sessions.subscribe(session, MINE, NOTES)
    clock.now += 25 * HOUR
    for _ in range(2):
        await sessions.subscribe(await opened(sessions), MINE, NOTES)
    assert not await sessions.subscribed(long, NOTES)


async def test_a_store_that_is_down_says_so() -> None:
    class Down(MemoryStore):
        async def get(self, *_: Any, **__: Any) -> Any:
            raise ConnectionError("down")

    sessions = book(Clock(), Down())
    with pytest.raises(StoreUnavailable):
        await sessions.read(sessions.open(MINE, "free", PROTOCOL), MINE)


def test_the_fixture_product_keeps_none() -> None:
    assert CATALOG.sessions is None
    assert replace(CATALOG, sessions=RULES).sessions == RULES
