"""The clients of a soak: those that call and wait, and those that vanish, leave sessions behind or drop streams."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import aiohttp

from benchmarks.wire import HELLO, META, MODERN

KEY = "zhn_test_acme_owner"
AGENT = "0a000000-0000-4000-8000-000000000001"
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_agents", {}),
    ("get_agent", {"agent_id": AGENT}),
    ("whoami", {}),
    ("list_published_agents", {}),
)
WATCHED = "zihin://agents"
LISTS_EVERY = 25
MOST_UNDER_WAY = 200
"""Calls that are due wait while so many are not answered, as they would in clients."""
BOTH = "application/json, text/event-stream"
HEADERS = {"X-Api-Key": KEY, "Accept": BOTH, "Content-Type": "application/json"}
Sent = dict[str, Any]


def modern(method: str, params: dict[str, Any], named: str | None = None) -> Sent:
    headers = HEADERS | {"MCP-Protocol-Version": MODERN, "Mcp-Method": method} | ({"Mcp-Name": named} if named else {})
    return {
        "headers": headers,
        "json": {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": META}},
    }


def tool_call(name: str, arguments: dict[str, Any]) -> Sent:
    return modern("tools/call", {"name": name, "arguments": arguments}, name)


@dataclass
class Load:
    """What the clients do to one server, and what came of it: outcomes by phase, by kind."""

    url: str
    stuck_after_s: float
    phase: Callable[[], str]
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    stuck: int = 0
    under_way: int = 0
    oddities: Counter[str] = field(default_factory=Counter)

    def opened(self) -> aiohttp.ClientSession:
        limit = aiohttp.ClientTimeout(total=self.stuck_after_s)
        return aiohttp.ClientSession(timeout=limit, connector=aiohttp.TCPConnector(limit=0))

    async def call(self, http: aiohttp.ClientSession, sent: Sent) -> None:
        phase = self.phase()
        with self._counted():
            kind = await self._outcome(http, sent)
        if self.phase() == phase:  # what ran across a change of phases belongs to neither
            self.outcomes.setdefault(phase, Counter())[kind] += 1

    async def _outcome(self, http: aiohttp.ClientSession, sent: Sent) -> str:
        try:
            async with http.post(self.url, **sent) as answer:
                if answer.status != 200:
                    await answer.read()
                    return f"http {answer.status}"
                result = (await answer.json())["result"]
        except TimeoutError:
            self.stuck += 1
            return "stuck"
        except (aiohttp.ClientError, OSError) as error:
            return type(error).__name__
        return str(result["structuredContent"]["code"]) if result.get("isError") else "ok"

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def closed_loop(self, clients: int, seconds: float) -> float:
        """Calls a second of that many clients that do nothing else."""
        over, answered = time.monotonic() + seconds, 0

        async def client() -> None:
            nonlocal answered
            for call in cycle(CALLS):
                if time.monotonic() > over:
                    return
                await self.call(http, tool_call(*call))
                answered += 1

        async with self.opened() as http:
            await asyncio.gather(*(client() for _ in range(clients)))
        return answered / seconds

    async def paced(self, per_second: float, over: float) -> None:
        """Calls at an even pace until `over`, as long as their answers come."""
        running: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        async with self.opened() as http:
            for number, call in enumerate(cycle(CALLS)):
                due += 1 / per_second
                if due > over:
                    break
                await asyncio.sleep(max(due - time.monotonic(), 0))
                if len(running) >= MOST_UNDER_WAY:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    due = max(due, time.monotonic())
                sent = tool_call(*call) if number % LISTS_EVERY else modern("tools/list", {})
                task = asyncio.create_task(self.call(http, sent))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.gather(*running)

    async def odd(self, every_s: float, over: float) -> None:
        """Clients that behave badly, one after the other until `over`."""
        for client in cycle((self.vanish, self.abandon, self.subscribe)):
            await asyncio.sleep(every_s)
            if time.monotonic() > over:
                return
            try:
                async with self.opened() as http:
                    await client(http)
                self.oddities[client.__name__] += 1
            except (aiohttp.ClientError, OSError) as error:
                self.oddities[f"{client.__name__} ({type(error).__name__})"] += 1

    async def vanish(self, http: aiohttp.ClientSession) -> None:
        """Sends a call and goes before the answer is there."""
        task = asyncio.create_task(self._outcome(http, tool_call(*random.choice(CALLS))))
        await asyncio.sleep(random.uniform(0.001, 0.05))
        task.cancel()
        await asyncio.wait([task])

    async def abandon(self, http: aiohttp.ClientSession) -> None:
        """Opens a session and a stream for it, and ends neither, or only one of them."""
        async with http.post(self.url, headers=HEADERS, json=HELLO) as opened:
            await opened.read()
            opened.raise_for_status()
            named = HEADERS | {"mcp-session-id": opened.headers["mcp-session-id"]}
        async with http.get(self.url, headers=named) as stream:
            await stream.content.readline()
        if random.random() < 0.5:
            await (await http.delete(self.url, headers=named)).read()

    async def subscribe(self, http: aiohttp.ClientSession) -> None:
        """Listens for changes, hears that it may, and drops the stream."""
        wanted = {"notifications": {"resourceSubscriptions": [WATCHED]}}
        async with http.post(self.url, **modern("subscriptions/listen", wanted)) as stream:
            await stream.content.readline()
