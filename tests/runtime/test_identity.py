"""Who a key belongs to: asked once, believed for a while, forgotten at once when refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER, Product
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.contract import Sessions
from toolpress.errors import Unauthenticated, UpstreamGarbled, UpstreamUnavailable
from toolpress.executor import Executor
from toolpress.identity import IdentityCache
from toolpress.principal import Caller, Credential, Principal
from toolpress.whoami import whoami

K = Credential("k")


class Asked:
    """A question whose answer a test controls."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None

    async def __call__(self, credential: Credential) -> Principal:
        self.keys.append(credential.key)
        number = len(self.keys)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Principal(f"role{number}", "t", credential.fingerprint)


async def test_an_answer_is_believed_for_its_time() -> None:
    asked, now = Asked(), [0.0]
    cache = IdentityCache(asked, ttl_s=30, clock=lambda: now[0])
    assert (await cache.principal(K)).role == "role1"
    now[0] = 29.9
    assert (await cache.principal(K)).role == "role1"
    now[0] = 30.0
    assert (await cache.principal(K)).role == "role2"


async def test_callers_share_one_question() -> None:
    asked = Asked()
    asked.gate = asyncio.Event()
    cache = IdentityCache(asked, ttl_s=30)
    waiting = [asyncio.ensure_future(cache.principal(K)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    asked.gate.set()
    answers = await asyncio.gather(*waiting[1:])
    assert asked.keys == ["k"]
    assert {answer.role for answer in answers} == {"role1"}
    assert waiting[0].cancelled()


async def test_refusals_are_not_kept() -> None:
    asked = Asked()
    asked.error = Unauthenticated("no")
    cache = IdentityCache(asked, ttl_s=30)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await cache.principal(K)
    assert len(asked.keys) == 2


async def test_a_dropped_key_is_asked_again_even_when_an_answer_was_on_its_way() -> None:
    asked = Asked()
    cache = IdentityCache(asked, ttl_s=30)
    await cache.principal(K)
    cache.drop(K)
    asked.gate = asyncio.Event()
    waiting = asyncio.ensure_future(cache.principal(K))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cache.drop(K)
    asked.gate.set()
    assert (await waiting).role == "role2"
    assert (await cache.principal(K)).role == "role3"


async def test_the_least_used_key_makes_room() -> None:
    asked = Asked()
    cache = IdentityCache(asked, ttl_s=30, max_size=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        await cache.principal(Credential(key))
    assert asked.keys == ["a", "b", "c", "b"]


@pytest.mark.parametrize(("setting", "believed"), [(None, 30.0), (1000.0, 30.0), (30.0, 30.0), (5.0, 5.0), (0.0, 0.0)])
async def test_a_setting_shortens_the_time_and_never_lengthens_it(
    product: Product, setting: float | None, believed: float
) -> None:
    assert CATALOG.authentication.identity.ttl_s == 30
    now = [0.0]
    client = Client(CATALOG, transport=product.transport())
    executor = Executor(CatalogIndex(CATALOG), client, identity_ttl_s=setting, clock=lambda: now[0])
    asked = []
    async with client:
        for moment in (0.0, believed * 0.99, believed, believed * 1.99):
            now[0] = moment
            await executor.caller_of(Credential(OWNER))
            asked.append(product.identity_calls)
    assert asked == ([1, 1, 2, 2] if believed else [1, 2, 3, 4])


async def test_whoami_reads_the_plan_where_sessions_depend_on_it(product: Product) -> None:
    async with Client(replace(CATALOG, sessions=Sessions((("a", 1.0),), plan="tenant_id"))) as client:
        client.upstream._transport = product.transport()
        assert (await whoami(client, Credential(OWNER))).plan == "a"
    async with Client(CATALOG, transport=product.transport()) as client:
        assert (await whoami(client, Credential(OWNER))).plan is None


async def test_whoami_reads_role_and_tenant(product: Product) -> None:
    async with Client(CATALOG, transport=product.transport()) as client:
        principal = await whoami(client, Credential(OWNER))
    assert (principal.role, principal.tenant) == ("owner", "a")
    assert OWNER not in repr(Caller("notebook", principal, Credential(OWNER)))


async def test_whoami_tells_a_bad_key_from_a_bad_upstream(product: Product) -> None:
    async with Client(CATALOG, transport=product.transport()) as client:
        with pytest.raises(Unauthenticated):
            await whoami(client, Credential("nb_test_nobody"))
        product.keys["nb_test_odd"] = (None, "a")  # type: ignore[assignment]
        with pytest.raises(UpstreamGarbled, match="whom"):
            await whoami(client, Credential("nb_test_odd"))
        product.down = True
        with pytest.raises(UpstreamUnavailable):
            await whoami(client, Credential(OWNER))
