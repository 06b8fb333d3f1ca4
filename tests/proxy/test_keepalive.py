"""An idle link is asked for its tools; what that finds decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, REQUEST_TIMEOUT

from toolpress.proxy.failures import Kind, classify
from toolpress.proxy.keepalive import keep_alive
from toolpress.proxy.lists import Lists
from toolpress.proxy.upstream import Upstream


class OverError(Exception):
    """The test has seen enough."""


@dataclass
class Probe:
    """An upstream with one link, lists that fail as told, and a clock that stops after some ticks."""

    error: Exception | None = None
    busy: bool = False
    gone: bool = False
    ticks: int = 3
    looked: list[str] = field(default_factory=list)
    reported: list[BaseException] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def link(self) -> Any:
        return None if self.gone else self

    async def use(self, send: Callable[[Any], Awaitable[Any]]) -> Any:
        return await send("client")

    async def look(self, client: Any, name: str) -> None:
        assert client == "client"
        self.looked.append(name)
        if self.error is not None:
            raise self.error

    def report(self, link: Any, error: BaseException) -> bool:
        assert link is self
        self.reported.append(error)
        return False

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == self.ticks:
            raise OverError
        self.slept.append(seconds)

    async def run(self) -> None:
        with pytest.raises(OverError):
            await keep_alive(cast("Upstream", self), cast("Lists", self), 30, self.sleep)


async def test_an_idle_link_is_asked_at_each_interval() -> None:
    probe = Probe()
    await probe.run()
    assert (probe.slept, probe.looked, probe.reported) == ([30, 30, 30], ["tools"] * 3, [])


@pytest.mark.parametrize("state", ["busy", "gone"])
async def test_nothing_is_asked_while_a_call_runs_or_no_link_is_there(state: str) -> None:
    probe = Probe(**{state: True})
    await probe.run()
    assert (len(probe.slept), probe.looked) == (3, [])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MCPError(INTERNAL_ERROR, "revoked", {"status": 401}), Kind.AUTH),
        (MCPError(CONNECTION_CLOSED, "gone"), Kind.CONNECTION),
        (MCPError(REQUEST_TIMEOUT, "slow"), Kind.CONNECTION),
        (MCPError(INTERNAL_ERROR, "sick"), Kind.CONNECTION),
        (ValueError("nonsense"), Kind.CONNECTION),
    ],
)
async def test_a_refused_key_is_reported_as_such_and_all_else_as_a_lost_link(error: Exception, kind: Kind) -> None:
    probe = Probe(error, ticks=1)
    await probe.run()
    [reported] = probe.reported
    assert classify(reported).kind is kind
    assert classify(reported).message == str(error)
