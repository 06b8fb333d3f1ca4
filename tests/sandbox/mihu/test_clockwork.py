"""What time brings by itself costs a request nothing while nothing is due."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.listing_runs import created, people
from tests.sandbox.mihu.messages import sms
from tests.sandbox.mihu.telephony import placed
from toolpress_sandbox.clock import Clock

TAGS = "/api/v1/tags"


async def documents_read(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many JSON documents, and so rows, one request reads."""
    seen: list[object] = []
    loads = json.loads
    with monkeypatch.context() as patched:
        patched.setattr(json, "loads", lambda text, **more: seen.append(text) or loads(text, **more))
        answer = await client.get(TAGS)
    data(answer)
    return len(seen)


async def test_an_idle_request_reads_the_same_few_rows_whatever_has_piled_up(
    acme: httpx.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(86400)
    data(await acme.get(TAGS))
    before = await documents_read(acme, monkeypatch)
    for _ in range(20):
        await placed(acme)
        await sms(acme)
    clock.advance(86400)
    await created(acme, people(300), auto_start=True, rule={"start_time": "22:00", "end_time": "23:00"})
    for _ in range(3):
        data(await acme.get(TAGS))
    assert await documents_read(acme, monkeypatch) == before
