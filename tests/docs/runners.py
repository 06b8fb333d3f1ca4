"""What running a command of a page means, and when it has worked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution

import httpx
import pytest

from tests.docs.commands import OWNER, SERVER, Command, Place, output, saved_modules
from tests.docs.pages import ROOT, table
from tests.docs.servers import TOOLS, serving, status, tools_over_http, tools_over_stdio

Runner = Callable[[Command, Place], None]


def runner_of(command: Command) -> Runner:
    """The longest known beginning of its words decides; a command that nobody runs is a failure."""
    found = RUNNERS.get(command.words[:2]) or RUNNERS.get(command.words[:1])
    if found is None:
        pytest.fail(f"nobody runs: {command}. Add a runner to tests/docs/runners.py")
    return found


def endpoints(text: str) -> list[str]:
    """The paths of the MCP endpoints that a text names."""
    return re.findall(re.escape(SERVER) + r"(/\S*mcp)\b", text)


def ends(command: Command, place: Place) -> None:
    code, text = output(command, place)
    assert code == 0, text


def _generate(command: Command, place: Place) -> None:
    """Never writes: the folder's files are the checkout's."""
    ends(Command((*command.words, "--check"), command.environment), place)


def _inspects(command: Command, place: Place) -> None:
    code, text = output(command, place)
    assert code == 0, text
    if command.option("--format") is None:
        assert re.search(rf"Tools: +{len(TOOLS)}$", text, re.MULTILINE), text
    else:
        assert _names(text) == TOOLS


def _names(text: str) -> set[str]:
    """The tools of the first JSON object in a program's output."""
    listed, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])
    return {tool["name"] for tool in listed["tools"]}


def _curl(command: Command, place: Place) -> None:
    assert any(re.match(r"-\w*f", word) for word in command.words), "without -f a refusal would pass"
    ends(command, place)


def _nox(command: Command, place: Place) -> None:
    """Only listed: these tests are one of its sessions."""
    code, text = output(Command((*command.words, "--list"), command.environment), place)
    assert code == 0, text
    assert re.search(r"^\* tests ", text, re.MULTILINE), text


def _pip(command: Command, _place: Place) -> None:
    """What a reader is told to install is here already."""
    for name in command.words[2:]:
        try:
            distribution(name)
        except PackageNotFoundError:
            assert shutil.which(name), f"{name} is not installed"


def _npx(command: Command, place: Place) -> None:
    if not place.foreign:
        pytest.skip("needs node and a network: --run-foreign")
    text = (ROOT / "docs/connect.md").read_text(encoding="utf-8")
    wanted = re.search(r"Node\.js (\d+)\.(\d+) or newer", text)
    assert wanted, "docs/connect.md says which Node.js the Inspector needs"
    _, version = output(Command(("node", "--version")), place)
    if tuple(map(int, version.strip("v\n").split(".")[:2])) < tuple(map(int, wanted.groups())):
        pytest.skip(f"the Inspector needs {wanted[0]}, here is {version.strip()}")
    asked = Command(("npx", "--yes", *command.words[1:]), {**command.environment, "HOME": os.environ["HOME"]})
    code, text = output(asked, place)
    assert code == 0, text
    assert _names(text) == TOOLS


def _sandbox(command: Command, place: Place) -> None:
    with serving(command, place, "/__sandbox__/health") as served:
        answer = httpx.get(f"{served.url}/api/v1/whoami", headers={"X-Api-Key": OWNER}, trust_env=False)
        assert answer.json()["role"] == "owner"
    assert served.code() == 0, served.log()


def _proxies(command: Command, place: Place) -> None:
    words = [place.real(word) for word in command.words]
    assert asyncio.run(tools_over_stdio(words, place.environment(command))) == TOOLS


def _serves(command: Command, place: Place) -> None:
    if _speaks_stdio(command):
        words = [place.real(word) for word in command.words]
        assert asyncio.run(tools_over_stdio(words, place.environment(command))) == TOOLS
        return
    path = _mounted_at(command)
    with serving(command, place, f"{path}/readyz") as served:
        assert asyncio.run(tools_over_http(f"{served.url}{path}/mcp", {"X-Api-Key": OWNER})) == TOOLS
        for host in filter(None, command.environment.get("TOOLPRESS_ALLOWED_HOSTS", "").split(",")):
            assert [status(served.url, host), status(served.url, f"not.{host}")] == [200, 421]
    assert served.code() == _documented_end(command), served.log()
    assert [line["tool"] for line in served.calls()] == ["whoami"], served.log()


def _speaks_stdio(command: Command) -> bool:
    transport = command.option("--transport")
    return transport == "stdio" or (transport is None and command.words[0] == "fastmcp")


def _mounted_at(command: Command) -> str:
    """Where a saved module mounts the server, as its text says."""
    for name, text in saved_modules().items():
        if f"{name.removesuffix('.py')}:app" in command.words:
            return endpoints(text)[0].removesuffix("/mcp")
    return ""


def _documented_end(command: Command) -> int:
    """The exit code after SIGTERM, by the table of forms."""
    rows = {row[0].split("`")[1]: int(row[2]) for row in table("docs/deploy.md", "Deploy") if row[2].isdigit()}
    code = rows.get(" ".join(command.words[:2]), rows.get(command.words[0]))
    assert code is not None, f"the table of forms in docs/deploy.md has no {command.words[0]}"
    return code


RUNNERS: dict[tuple[str, ...], Runner] = {
    ("toolpress",): ends,
    ("toolpress", "generate"): _generate,
    ("toolpress", "proxy"): _proxies,
    ("toolpress", "sandbox"): _sandbox,
    ("toolpress", "serve"): _serves,
    ("fastmcp", "inspect"): _inspects,
    ("fastmcp", "run"): _serves,
    ("uvicorn",): _serves,
    ("granian",): _serves,
    ("gunicorn",): _serves,
    ("curl",): _curl,
    ("nox",): _nox,
    ("npx",): _npx,
    ("pip", "install"): _pip,
}
