"""compose.yaml, and what it says as processes on this machine: two replicas behind a proxy, a store, a product.

`--dialogues N` sets how many dialogues are led while a replica is killed (48 unless told).
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.cli.test_serve import until
from tests.deploy import contacts
from tests.docs.pages import ROOT
from tests.docs.servers import free_port
from tests.modern import call, request
from tests.processes import Server, sandbox, serve_product
from tests.redis_server import running
from tests.zihin.wire import HANDSHAKE, answer_of, headers, key_of, message, open_session
from toolpress.catalog import find_catalog
from toolpress.cli.parser import parse
from toolpress.embedded import sandbox_base_url
from toolpress.settings import Settings, base_url_variable

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = {name: service for name, service in SERVICES.items() if "build" in service}
CADDYFILE: str = COMPOSE["configs"]["caddyfile"]["content"]
SECRET = "a secret of this test, of 32 characters or more"
OWNER = key_of("owner")
CLIENTS = 8


@dataclass(frozen=True)
class Topology:
    """The replicas, and the address of the proxy before them."""

    proxy: str
    replicas: list[Server]


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server")
    with ExitStack() as processes:
        port = str(free_port())
        processes.enter_context(running(tmp_path_factory.mktemp("redis"), "--bind", "127.0.0.1", "--port", port))
        products = {}
        for name in ("mihu", "zihin"):
            url, _ = processes.enter_context(sandbox(name))
            httpx.post(f"{url}/__sandbox__/rate-limits", json={"enabled": False}).raise_for_status()
            products[base_url_variable(name)] = sandbox_base_url(find_catalog(name), url)
        replicas = []
        for service in REPLICAS.values():
            _, *catalogs = service["command"]
            said = {name: here(value, port) for name, value in service["environment"].items()}
            replicas.append(processes.enter_context(serve_product(*catalogs, env=products | said)))
        yield Topology(processes.enter_context(round_robin(*(server.origin for server in replicas))), replicas)


def here(value: str, store_port: str) -> str:
    """A value of compose.yaml on this machine."""
    given = {"TOOLPRESS_SESSION_KEY": SECRET, "TOOLPRESS_PUBLIC_URL": ""}
    told = re.sub(r"\$\{(\w+):[^}]*\}", lambda variable: given[variable[1]], value)
    return told.replace("redis:6379", f"127.0.0.1:{store_port}")


@contextmanager
def round_robin(*replicas: str) -> Iterator[str]:
    """The proxy as a process; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.deploy.round_robin:app", "--port", str(port), "--no-access-log"]
    environment = {**os.environ, "REPLICAS": " ".join(replicas)}
    with subprocess.Popen([*command, "--log-level", "critical"], cwd=ROOT, env=environment) as process:
        try:
            until(lambda: process.poll() is not None or reached(f"http://127.0.0.1:{port}/readyz"))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def reached(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False


def test_the_replicas_differ_in_nothing_and_start_what_the_image_has() -> None:
    assert len(REPLICAS) == 2
    first, second = REPLICAS.values()
    assert first == second
    assert first["build"] == "."
    assert parse(first["command"]).command == "serve"
    known = {f"TOOLPRESS_{name.upper()}" for name in Settings.model_fields} | {"FORWARDED_ALLOW_IPS"}
    assert first["environment"].keys() <= known
    assert first["read_only"]
    assert int(first["stop_grace_period"].removesuffix("s")) > Settings.model_fields["grace_s"].default


def test_the_services_name_one_another() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
    proxied = re.search(r"reverse_proxy (.*) \{", CADDYFILE)
    assert proxied
    exposed = re.search(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert exposed
    assert proxied[1].split() == [f"{name}:{exposed[1]}" for name in REPLICAS]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    for replica in REPLICAS.values():
        assert urlsplit(replica["environment"]["TOOLPRESS_STORE_URL"]).hostname in SERVICES


def test_a_probe_of_the_proxy_is_answered(topology: Topology) -> None:
    probed = re.search(r"health_uri /(\w+)$", CADDYFILE, re.MULTILINE)
    assert probed
    for name, server in zip(REPLICAS, topology.replicas, strict=True):
        assert httpx.get(f"{server.origin}/{probed[1]}", headers={"Host": f"{name}:8000"}).status_code == 200
        refused = [httpx.post(server.mcp_url, headers={"Host": f"{host}:8000"}) for host in (name, "elsewhere")]
        assert [answer.status_code for answer in refused] == [401, 421]


def test_a_session_is_the_same_at_all_replicas(topology: Topology) -> None:
    here, there = (server.catalogs["zihin"]["mcp"] for server in topology.replicas)
    with httpx.Client() as http:
        session = open_session(http, here, OWNER)
        named = headers(OWNER, mcp_session_id=session, mcp_protocol_version=HANDSHAKE)
        listed = answer_of(http.post(there, headers=named, json=message("tools/list")))
        assert listed["result"]["tools"]
        assert http.delete(there, headers=named).is_success
        assert http.post(here, headers=named, json=message("tools/list")).status_code == 404, "ended for all"


def test_an_access_token_is_good_at_all_replicas(topology: Topology) -> None:
    here, there = topology.replicas
    tenant, secret = contacts.CREDENTIAL["X-Mihu-Tenant"], contacts.CREDENTIAL["Authorization"].split()[1]
    form = {"grant_type": "client_credentials", "client_id": tenant, "client_secret": secret}
    token = httpx.post(f"{here.origin}/mihu/oauth/token", data=form).json()["access_token"]
    asked = request("tools/list", {"Authorization": f"Bearer {token}"})
    assert httpx.post(there.catalogs["mihu"]["mcp"], **asked).json()["result"]["tools"]


@dataclass
class Tally:
    """What clients saw: `cut` are requests that were under way at a replica that died."""

    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0
    written: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)

    async def ask(self, client: httpx.AsyncClient, path: str, wire: dict[str, Any], *, again: bool) -> Any:
        """The result; None for one that was cut off, if it may not be asked again."""
        answer = await client.post(path, **wire)
        self.statuses[answer.status_code] += 1
        if answer.status_code == 502:
            self.cut += 1
            assert self.cut < 100, "nobody answers any more"
            return await self.ask(client, path, wire, again=again) if again else None
        result = answer.json()["result"]
        assert not result.get("isError"), result
        return answer

    async def dialogue(self, client: httpx.AsyncClient, number: int) -> None:
        """Look round, write one contact and find it; and a few questions to the other product."""
        marker = f"dialogue {number}."
        for method in ("server/discover", "tools/list"):
            assert await self.ask(client, "/mihu/mcp", request(method, contacts.CREDENTIAL), again=True)
        sent = await self.ask(client, "/mihu/mcp", contacts.write(marker), again=False)
        (self.written if sent else self.in_doubt).add(marker)
        found = contacts.named(await self.ask(client, "/mihu/mcp", contacts.read(marker), again=True))
        assert found[marker] == 1 or marker in self.in_doubt
        for tool in ("whoami", "list_published_agents"):
            assert await self.ask(client, "/zihin/mcp", call(OWNER, tool, {}), again=True)


async def test_a_replica_that_is_killed_costs_no_dialogue(topology: Topology, pytestconfig: pytest.Config) -> None:
    """The last of this module: one of the replicas is gone then."""
    dialogues = int(pytestconfig.getoption("--dialogues"))
    tally, numbers = Tally(), iter(range(dialogues))
    dying, _ = topology.replicas

    async def lead() -> None:
        async with httpx.AsyncClient(base_url=topology.proxy, timeout=60) as client:
            for number in numbers:
                if number == dialogues // 2:
                    dying.process.kill()
                await tally.dialogue(client, number)

    await asyncio.gather(*(lead() for _ in range(CLIENTS)))
    done = await contacts.written(f"{topology.proxy}/mihu/mcp", "dialogue ")
    assert dying.process.wait(20) == -signal.SIGKILL
    assert tally.statuses.keys() <= {200, 502}, "no session is lost, no token, no key"
    assert tally.cut <= CLIENTS, "what was under way, at most one request of each client"
    assert len(tally.written) + len(tally.in_doubt) == dialogues
    assert set(done.values()) == {1}, "nothing is written twice"
    assert tally.written <= done.keys() <= tally.written | tally.in_doubt
    print(f"{dialogues} dialogues, {tally.statuses.total()} requests: {dict(tally.statuses)}")
