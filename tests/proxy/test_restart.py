"""The server goes and comes back: work goes on, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anyio

from tests.proxy.children import payload, proxied
from tests.proxy.conftest import Setup
from tests.proxy.line import line_to


def agent(name: str) -> dict[str, Any]:
    return {"name": name, "llm_config": {"model": "auto"}}


def names(setup: Setup) -> list[str]:
    """The agents that the product was asked to make, in order."""
    return [request["body"]["name"] for request in setup.asked("create_agent")]


async def test_a_call_to_a_dead_server_is_not_sent_and_later_ones_wait_for_it(own: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", env=own.env) as child:
        assert payload(await child.call("create_agent", agent("before")))["success"] is True
        own.server.kill()
        refused = payload(await child.call("create_agent", agent("refused")))
        assert (refused["outcome"], refused["retryable"]) == ("not_sent", True)
        await child.said("reconnecting in 1 s, attempt 1 of 10")
        with anyio.move_on_after(0.1) as patience:
            await child.call("create_agent", agent("given up while it waits"))
        assert patience.cancelled_caught
        waiting = asyncio.create_task(child.call("create_agent", agent("after")))
        assert len((await child.client.list_tools()).tools) > 0, "lists are there all the time"
        own.server.start()
        assert payload(await waiting)["success"] is True
        await child.said("connected again")
        await child.said("whoami: ", times=2)
    assert names(own) == ["before", "after"]


async def test_a_write_whose_answer_is_lost_with_the_server_is_not_repeated(own: Setup, tmp_path: Path) -> None:
    with line_to(own.url) as (line, url):
        async with proxied(tmp_path, "zihin", "--url", url, env=own.env) as child:
            await child.said("whoami: ")
            line.lose_next("create_agent", own.server.kill)
            lost = payload(await child.call("create_agent", agent("lost")))
            assert (lost["code"], lost["outcome"], lost["retryable"]) == ("UPSTREAM_UNAVAILABLE", "unknown", False)
            assert "Look whether it happened" in lost["fix"]
            own.server.start()
            assert payload(await child.call("create_agent", agent("after")))["success"] is True
    assert names(own) == ["lost", "after"]


async def test_a_read_whose_answer_is_lost_may_be_repeated_by_the_host(setup: Setup, tmp_path: Path) -> None:
    with line_to(setup.url) as (line, url):
        async with proxied(tmp_path, "zihin", "--url", url, env=setup.env) as child:
            await child.said("whoami: ")
            line.lose_next("list_agents", lambda: None)
            lost = payload(await child.call("list_agents"))
            assert lost["retryable"] is True
            assert "outcome" not in lost
            assert payload(await child.call("list_agents"))["success"] is True
    assert len(setup.asked("list_agents")) == 2


async def test_the_keepalive_finds_a_restart_before_any_call_does(own: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", "--keepalive", "0.2", env=own.env) as child:
        own.server.kill()
        await child.said("reconnecting in 1 s, attempt 1 of 10")
        own.server.start()
        await child.said("connected again")
        assert payload(await child.call("create_agent", agent("after")))["success"] is True
    assert names(own) == ["after"]


async def test_a_call_that_waits_longer_than_its_limit_was_not_sent(own: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", "--timeout", "1", env=own.env) as child:
        own.server.kill()
        assert (await child.call("create_agent", agent("refused"))).is_error is True
        late = payload(await child.call("create_agent", agent("late")))
        assert (late["outcome"], late["retryable"]) == ("not_sent", True)
        assert "was not sent" in late["error"]
    assert names(own) == []
