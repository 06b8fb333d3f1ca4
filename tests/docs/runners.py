"""What running a command of a page means, and when it has worked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from itertools import takewhile
from urllib.parse import urlsplit

import httpx
import pytest

from tests.docs.commands import SERVER, Command, Place, output, saved_modules
from tests.docs.pages import ROOT, table
from tests.docs.products import PRODUCTS, Product
from tests.docs.servers import serving, status, tools_over_http, tools_over_stdio
from toolpress.cli.parser import parse
from toolpress.client import Client
from toolpress.embedded import sandbox_base_url
from toolpress.whoami import whoami

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
    (product,) = _served(command)
    if command.option("--format") is None:
        assert re.search(rf"Tools: +{len(product.tools)}$", text, re.MULTILINE), text
    else:
        assert _names(text) == product.tools


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


def _docker(command: Command, _place: Place) -> None:
    """Not run: tests/deploy does what these files say. Here they are there, and know the command's words."""
    if command.words[1] == "compose":
        text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
        assert all(f"${{{name}:" in text for name in command.environment)
    elif command.words[1] == "build":
        assert (ROOT / command.words[-1] / "Dockerfile").exists()
    else:
        parse(command.words[command.words.index("toolpress") + 1 :])


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
    (product,) = (PRODUCTS[name] for name in PRODUCTS if f"{SERVER}/{name}/mcp" in command.words)
    assert _names(text) == product.tools


def _sandbox(command: Command, place: Place) -> None:
    product = PRODUCTS[command.words[2]]
    with serving(command, place, "/__sandbox__/health") as served:
        assert asyncio.run(_role(product, sandbox_base_url(product.catalog, served.url))) == product.catalog.roles[0]
    assert served.code() == 0, served.log()


async def _role(product: Product, base_url: str) -> str:
    async with Client(product.catalog, base_url=base_url) as client:
        return (await whoami(client, product.credential)).role


def _proxies(command: Command, place: Place) -> None:
    words, product = [place.real(word) for word in command.words], PRODUCTS["zihin"]
    assert asyncio.run(tools_over_stdio(product, words, place.environment(command))) == product.tools


def _serves(command: Command, place: Place) -> None:
    products = _served(command)
    if _speaks_stdio(command):
        words, (product,) = [place.real(word) for word in command.words], products
        assert asyncio.run(tools_over_stdio(product, words, place.environment(command))) == product.tools
        return
    path = _mounted_at(command)
    with serving(command, place, f"{path}/readyz") as served:
        for product in products:
            endpoint = f"{served.url}{path}{f'/{product.catalog.name}' if products[1:] else ''}/mcp"
            assert asyncio.run(tools_over_http(product, endpoint)) == product.tools
        _keeps_to_its_names(command, served.url)
    assert served.code() == _documented_end(command), served.log()
    tools = [product.catalog.authentication.identity.tool for product in products]
    assert [line["tool"] for line in served.calls()] == tools, served.log()


def _served(command: Command) -> list[Product]:
    """The catalogues that the command serves."""
    if command.words[:2] == ("toolpress", "serve"):
        return [PRODUCTS[name] for name in takewhile(lambda word: not word.startswith("-"), command.words[2:])]
    named = command.environment.get("TOOLPRESS_CATALOG") or ",".join(_created(command))
    return [PRODUCTS[name] for name in named.split(",")]


def _created(command: Command) -> list[str]:
    """What the saved module creates that the command runs."""
    return [match[1] for text in _modules(command) for match in re.finditer(r'create_app\("(\S+)"\)', text)]


def _modules(command: Command) -> list[str]:
    names = saved_modules()
    return [text for name, text in names.items() if f"{name.removesuffix('.py')}:app" in command.words]


def _keeps_to_its_names(command: Command, url: str) -> None:
    """Which hosts it answers for, and which it names itself."""
    for host in filter(None, command.environment.get("TOOLPRESS_ALLOWED_HOSTS", "").split(",")):
        assert [status(url, host), status(url, f"not.{host}")] == [200, 421]
    if public := command.environment.get("TOOLPRESS_PUBLIC_URL"):
        document = httpx.get(f"{url}/.well-known/oauth-authorization-server/mihu", trust_env=False).json()
        assert document["issuer"] == f"{public}/mihu"
        assert status(url, urlsplit(public).netloc) == 200


def _speaks_stdio(command: Command) -> bool:
    transport = command.option("--transport")
    return transport == "stdio" or (transport is None and command.words[0] == "fastmcp")


def _mounted_at(command: Command) -> str:
    """Where a saved module mounts the server, as its text says."""
    return next((endpoints(text)[0].removesuffix("/mcp") for text in _modules(command)), "")


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
    ("docker",): _docker,
    ("nox",): _nox,
    ("npx",): _npx,
    ("pip", "install"): _pip,
}
