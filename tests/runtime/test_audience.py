"""Who is told of what, and what leaves the process for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from mcp.server.subscriptions import ResourceUpdated, ToolsListChanged

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import EDITOR, MEMBER, OWNER, Product
from toolpress.audience import Audience, Event
from toolpress.bus import Bus, Changed, Missed, Notice, RoleSeen
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.errors import UpstreamUnavailable
from toolpress.executor import Executor
from toolpress.principal import Credential, Names

KEY = "a secret that every replica has, long enough"
LIVE = "notebook://notes"
OTHER = "nb_test_b_owner"
ALL = {item.uri for item in CatalogIndex(CATALOG).surface.resources}


class Tapped(Bus):
    """A bus, and what was told on it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Notice] = []

    def tell(self, notice: Any) -> None:
        self.told.append(notice)
        super().tell(notice)


class Stage:
    def __init__(self, product: Product, roles: tuple[str, ...] = CATALOG.roles, key: str = KEY) -> None:
        catalog = replace(CATALOG, roles=roles)
        self.executor = Executor(CatalogIndex(catalog), Client(catalog, transport=product.transport()))
        self.bus = Tapped()
        self.audience = Audience(self.executor, self.bus, key)

    async def listener(self, key: str, *uris: str) -> Listener:
        return Listener(self, await self.executor.caller_of(Credential(key)), uris)

    async def change(self, key: str = OWNER) -> None:
        tool = self.executor.index.get("create_note")
        assert tool is not None
        self.executor.on_change(await self.executor.caller_of(Credential(key)), tool)

    async def settled(self) -> None:
        """All that was to be told has been."""
        while self.audience._tasks:
            await asyncio.wait(self.audience._tasks, timeout=20)


class Listener:
    """What it heard; with `slow` it hears nothing before that is set, with `failure` it cannot say what it wants."""

    def __init__(self, stage: Stage, caller: Any, uris: tuple[str, ...]) -> None:
        self.heard: list[Event] = []
        self.begun = asyncio.Event()
        self.slow: asyncio.Event | None = None
        self.failure: Exception | None = None
        self._uris = uris
        self.leave = stage.audience.join(caller, self._wants, self._tell)

    async def _wants(self, uri: str) -> bool:
        if self.failure is not None:
            raise self.failure
        return uri in self._uris

    async def _tell(self, event: Event) -> None:
        self.begun.set()
        if self.slow is not None:
            await self.slow.wait()
        self.heard.append(event)


@pytest.fixture
def stage(product: Product) -> Stage:
    return Stage(product)


async def test_those_who_want_it_in_its_tenant_are_told_until_they_leave(stage: Stage) -> None:
    wants, does_not, stranger = [
        await stage.listener(key, *uris) for key, uris in ((EDITOR, [LIVE]), (EDITOR, []), (OTHER, [LIVE]))
    ]
    await stage.change()
    await stage.settled()
    assert [wants.heard, does_not.heard, stranger.heard] == [[ResourceUpdated(LIVE)], [], []]
    wants.leave()
    wants.leave()
    await stage.change()
    await stage.settled()
    assert len(wants.heard) == 1


async def test_who_does_not_want_it_is_not_asked_about_at_the_product(stage: Stage, product: Product) -> None:
    await stage.listener(EDITOR)
    stage.executor.identities.drop(Credential(EDITOR))
    await stage.change()
    asked = product.identity_calls
    await stage.settled()
    assert product.identity_calls == asked


async def test_one_that_cannot_be_asked_holds_up_no_other(stage: Stage) -> None:
    listeners = [await stage.listener(EDITOR, LIVE) for _ in range(3)]
    listeners[1].failure = UpstreamUnavailable("The store is away.")
    await stage.change()
    await stage.settled()
    assert [len(listener.heard) for listener in listeners] == [1, 0, 1]


async def test_what_changes_while_listeners_are_being_told_is_told_once_more(stage: Stage) -> None:
    listener = await stage.listener(EDITOR, LIVE)
    listener.slow = asyncio.Event()
    await stage.change()
    await asyncio.wait_for(listener.begun.wait(), 20)
    for _ in range(100):
        await stage.change()
    listener.slow.set()
    await stage.settled()
    assert listener.heard == [ResourceUpdated(LIVE)] * 2


async def test_whoever_may_have_missed_something_is_told_of_all_that_it_wants(stage: Stage) -> None:
    every, one, member = [
        await stage.listener(key, *uris) for key, uris in ((EDITOR, ALL), (OTHER, [LIVE]), (MEMBER, ALL))
    ]
    stage.bus.on_notice(Missed())
    await stage.settled()
    assert {event.uri for event in every.heard if isinstance(event, ResourceUpdated)} == ALL
    assert one.heard == [ResourceUpdated(LIVE)]
    assert member.heard == [], "it may see none of them"


async def test_a_role_is_told_of_when_it_is_another_than_before(stage: Stage) -> None:
    own, theirs = await stage.listener(EDITOR), await stage.listener(OWNER)
    names = Names(KEY)
    for role in ("editor", "member", "member", "editor"):
        stage.bus.on_notice(RoleSeen(names.owner(Credential(EDITOR)), role))
        await stage.settled()
    assert [own.heard, theirs.heard] == [[ToolsListChanged()] * 2, []]


async def test_what_travels_names_nobody_to_those_who_lack_the_key(stage: Stage, product: Product) -> None:
    await stage.change()
    names = Names(KEY)
    told = [RoleSeen(names.owner(Credential(OWNER)), "owner"), Changed(names.tenant("a"), LIVE)]
    assert stage.bus.told == told
    assert OWNER not in str(told)
    other = Stage(product, key="another secret")
    await other.change()
    assert all(mine != theirs for mine, theirs in zip(told, other.bus.told, strict=True))


async def test_where_there_is_one_role_nothing_is_said_of_it(product: Product) -> None:
    stage = Stage(product, roles=("owner",))
    await stage.executor.caller_of(Credential(OWNER))
    assert stage.bus.told == []


def test_names_are_kept_apart() -> None:
    names = Names(KEY)
    credentials = [Credential("k"), Credential("k", "t"), Credential("t\0k"), Credential("k\udc80")]
    assert len({*map(names.owner, credentials), names.tenant("k"), Names("").tenant("k")}) == 6
