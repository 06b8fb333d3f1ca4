"""`toolpress serve --workers` as real processes: one port, one key, one sandbox, one end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import AGENT, OWNER, Command
from tests.cli.test_serve import delay_next, until
from tests.modern import call
from tests.processes import Server, run, serve, workers_of
from tests.zihin.wire import HANDSHAKE, answer_of, headers, message, open_session
from toolpress.cli.listening import reserve
from toolpress.errors import ConfigurationError

TWO = ("--workers", "2")
APART = "are known to one worker alone: set TOOLPRESS_STORE_URL"
CLIENTS = 16
CALLS = 20
BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError)
"""What a client may see of a worker that died; no timeout is among them."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Two catalogues behind two workers; its own address is that of zihin."""
    with serve("zihin", "mihu", *TWO) as server:
        yield server


def answers(server: Server) -> bool:
    """Whether a new connection is answered."""
    try:
        return httpx.post(server.mcp_url, **call(OWNER, "whoami", {})).status_code == 200
    except BROKEN:
        return False


def test_workers_share_the_port_and_the_sandbox(server: Server) -> None:
    assert len(workers_of(server.process)) == 2
    assert answers(server)
    assert httpx.get(f"{server.sandbox_url}/__sandbox__/requests").json()["requests"], "they ask the one that is told"


def test_it_says_how_many_they_are_and_what_they_do_not_share(server: Server) -> None:
    log = server.log.read_text(encoding="utf-8")
    assert "\n2 workers\n" in log
    assert f"access tokens and ended sessions {APART}" in log


def test_the_key_of_the_sessions_is_on_no_command_line(server: Server) -> None:
    for pid in workers_of(server.process):
        variables = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
        [key] = [text.partition("=")[2] for text in variables if text.startswith("TOOLPRESS_SESSION_KEY=")]
        assert len(key) >= 32
        assert key not in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def test_workers_that_were_killed_are_replaced_and_sessions_go_on(server: Server) -> None:
    with httpx.Client() as http:
        session = open_session(http, server.mcp_url, OWNER)
    before = workers_of(server.process)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not workers_of(server.process) & before and answers(server))
    log = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    ended = {line["worker"]: line for line in log if line["event"] == "worker ended"}
    assert ended.keys() == before
    assert {line["exit_code"] for line in ended.values()} == {-signal.SIGKILL}
    assert all(line["pause_s"] > 0 for line in ended.values()), "they had not lived long"
    named = headers(OWNER, mcp_session_id=session, mcp_protocol_version=HANDSHAKE)
    assert answer_of(httpx.post(server.mcp_url, headers=named, json=message("tools/list")))["result"]["tools"]


def test_workers_do_not_outlive_a_parent_that_was_killed(server: Server) -> None:
    """The last of those that share a server."""
    workers = workers_of(server.process)
    server.process.kill()
    server.process.wait(20)
    until(lambda: not any(runs(pid) for pid in workers))


def runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


async def test_they_drain_together_and_a_second_interrupt_ends_the_wait() -> None:
    with serve("zihin", *TWO, env={"TOOLPRESS_STORE_URL": "redis://127.0.0.1:9"}) as server:
        assert APART not in server.log.read_text(encoding="utf-8"), "with a store they share all"
        async with httpx.AsyncClient(timeout=60) as client:
            calls = []
            for milliseconds in (2000, 60_000):
                under_way = delay_next(server.sandbox_url, "get_agent", milliseconds)
                asked = call(OWNER, "get_agent", {"agent_id": AGENT})
                calls.append(asyncio.create_task(client.post(server.mcp_url, **asked)))
                await asyncio.to_thread(until, under_way)
            server.process.send_signal(signal.SIGINT)
            while (ready := await readiness(server)) == 200:
                pass
            assert (ready, calls[0].done()) == (503, False)
            assert (await calls[0]).json()["result"]["structuredContent"]["agent"]["id"] == AGENT
            server.process.send_signal(signal.SIGINT)
            assert (await calls[1]).status_code == 500
        assert await asyncio.to_thread(server.process.wait, 20) == 0


async def readiness(server: Server) -> int:
    """What a new connection is told; a worker that leaves at once may close it unanswered, and is asked no more."""
    async with httpx.AsyncClient() as client:
        while True:
            try:
                return (await client.get(f"{server.base_url}/readyz")).status_code
            except BROKEN:
                assert server.process.poll() is None


def test_what_the_command_line_adds_is_in_each_worker(tmp_path: Path) -> None:
    (tmp_path / "added.py").write_text(
        "import os\ndef extend(mcp):\n    mcp.tool(lambda: os.getpid(), name='process_id')\n", encoding="utf-8"
    )
    extended = ("--extend", "added:extend")
    with serve("zihin", *TWO, *extended, env={"PYTHONPATH": str(tmp_path)}) as server:
        workers, seen = workers_of(server.process), set[int]()
        for _ in range(200):  # each time a new connection, which the kernel gives to either
            answer = httpx.post(server.mcp_url, **call(OWNER, "process_id", {})).json()["result"]
            seen.add(int(answer["content"][0]["text"]))
            if seen == workers:
                break
        assert seen == workers


def test_sessions_that_a_process_keeps_go_with_one(toolpress: Command) -> None:
    ran = toolpress("serve", "zihin", "--sandbox", "--stateful", *TWO)
    assert (ran.code, ran.complaint.startswith("toolpress serve: --stateful goes with one process")) == (3, True)


def test_what_keeps_workers_from_starting_is_one_line() -> None:
    done = run("serve", "zihin", "--sandbox", "--port", "0", *TWO, env={"TOOLPRESS_STORE_URL": "memcached://x"})
    assert done.returncode == 3
    assert done.stderr.startswith("toolpress serve: The store must be a Redis URL. Set TOOLPRESS_STORE_URL=")
    assert len(done.stderr.splitlines()) == 1


def test_a_worker_that_never_answers_ends_the_server(tmp_path: Path) -> None:
    """A catalogue that only this process can load, as after a broken update."""
    module = tmp_path / "once.py"
    module.write_text(
        "import os, sys\n"
        "if sys.argv[0].endswith('worker.py'): os._exit(7)\n"
        "from toolpress_catalogs.zihin.catalog import CATALOG\n",
        encoding="utf-8",
    )
    done = run("serve", "once:CATALOG", "--port", "0", *TWO, env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == (
        "toolpress serve: A worker ended with code 7 before it answered. What it wrote to stderr says why.\n"
    )


def test_an_announcement_that_cannot_be_written_ends_all_workers(tmp_path: Path) -> None:
    file = tmp_path / "no" / "folder.json"
    done = run("serve", "zihin", "--sandbox", "--port", "0", *TWO, "--announce", str(file))
    assert done.returncode == 3
    assert done.stderr.startswith(f"toolpress serve: Cannot write {file}: ")
    assert len(done.stderr.splitlines()) == 1


def test_workers_are_for_http(toolpress: Command) -> None:
    ran = toolpress("serve", "zihin", "--sandbox", "--transport", "stdio", *TWO)
    assert (ran.code, ran.complaint.startswith("toolpress serve: --workers goes with HTTP. ")) == (3, True)


def test_a_port_that_other_workers_share_is_taken() -> None:
    with reserve("127.0.0.1", 0) as first:
        address = first.getsockname()
        first.listen()
        with pytest.raises(ConfigurationError, match="Address already in use"):
            reserve(*address)
