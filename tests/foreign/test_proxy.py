"""A TypeScript host through the proxy while the server dies and comes back: work goes on, nothing is sent twice."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.test_typescript import HERE, OWNER
from tests.processes import TOOLPRESS
from tests.proxy.children import bare
from tests.proxy.conftest import Setup
from tests.proxy.line import line_to
from tests.proxy.servers import before, running, sandbox, until

pytestmark = pytest.mark.usefixtures("foreign")


@dataclass(frozen=True)
class Host:
    """The node process: it is told what to call, and says what came of it."""

    process: subprocess.Popen[str]
    log: Path

    def begin(self, name: str) -> None:
        """Let it create an agent of that name."""
        assert self.process.stdin
        arguments = {"name": name, "llm_config": {"model": "auto"}}
        print(json.dumps(["create_agent", arguments]), file=self.process.stdin, flush=True)

    def result(self) -> dict[str, Any]:
        line = self.line()
        return {"isError": line.get("isError", False), **json.loads(line["content"][0]["text"])}

    def create(self, name: str) -> dict[str, Any]:
        self.begin(name)
        return self.result()

    def line(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.log.read_text(encoding="utf-8")
        return json.loads(line)

    def said(self, text: str) -> None:
        until(lambda: text in self.log.read_text(encoding="utf-8"))


@contextmanager
def host(sdk: str, url: str, log: Path) -> Iterator[Host]:
    job = {"sdk": sdk, "command": [*TOOLPRESS, "proxy", "zihin"]}
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            ["node", str(HERE / "steps.mjs"), json.dumps(job)],
            env=bare({"ZIHIN_API_KEY": OWNER, "ZIHIN_MCP_URL": url}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    with process:
        try:
            yield Host(process, log)
            assert process.stdin
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("sdk", ["v1", "v2"])
def test_work_goes_on_and_nothing_is_sent_twice(sdk: str, tmp_path: Path) -> None:
    with (
        sandbox("zihin", tmp_path) as sandbox_url,
        running(before(sandbox_url, "zihin", tmp_path)) as server,
        line_to(server.url) as (line, url),
        host(sdk, url, tmp_path / "host-log") as client,
    ):
        setup = Setup(server, sandbox_url)
        assert len(client.line()) == 96
        client.said("whoami: ")
        assert client.create("first")["success"] is True

        setup.fault("reset_after_commit", "create_agent")
        broken = client.create("broken behind the server")
        assert (broken["isError"], broken["outcome"]) == (True, "unknown")

        line.lose_next("create_agent", server.kill)
        lost = client.create("lost with the server")
        assert (lost["isError"], lost["outcome"], lost["retryable"]) == (True, "unknown", False)
        client.begin("asked while it is down")
        client.said("reconnecting in 1 s, attempt 1 of 10")
        server.start()
        assert client.result()["success"] is True

        server.kill()
        refused = client.create("refused")
        assert refused["isError"] is True
        assert refused["outcome"] in ("not_sent", "unknown"), "the line answers for a dead server, then hangs up"
        server.start()
        assert client.create("last")["success"] is True
        assert OWNER not in client.log.read_text(encoding="utf-8")

        sent = [request["body"]["name"] for request in setup.asked("create_agent")]
    assert sent == ["first", "broken behind the server", "lost with the server", "asked while it is down", "last"]
