"""`toolpress config`: what it prints starts and connects, and what is wrong with a file is said with line and fix."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER, Command, Ran
from tests.docs.products import PRODUCTS
from tests.docs.servers import tools_over_http, tools_over_stdio
from tests.processes import Server, run
from tests.proxy.children import bare
from toolpress.hosts.known import HOSTS, NAMES, Host, host_of
from toolpress.hosts.writing import KEY, TENANT

CONNECTING = [host.name for host in HOSTS if host.url]


ZIHIN = PRODUCTS["zihin"]


def entry(host: Host, text: str) -> dict[str, Any]:
    """The one server of a file."""
    data = tomllib.loads(text) if host.toml else json.loads(text)
    assert list(data) == [host.root]
    [found] = data[host.root].values()
    return dict(found)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_prints_for_a_client_starts_the_proxy(name: str, zihin_server: Server) -> None:
    ran = run("config", name, "zihin", "--key", OWNER, "--url", zihin_server.mcp_url)
    assert ran.returncode == 0
    found = entry(host_of(name), ran.stdout)
    assert set(found) - {"type"} == {"command", "args", "env"}
    assert found.get("type", "stdio") == "stdio"
    listed = tools_over_stdio(ZIHIN, [found["command"], *found["args"]], bare(found["env"]))
    assert asyncio.run(listed) == ZIHIN.tools


@pytest.mark.parametrize("name", CONNECTING)
def test_what_it_prints_for_a_client_connects(toolpress: Command, name: str, zihin_server: Server) -> None:
    host = host_of(name)
    ran = toolpress("config", name, "zihin", "--http", "--key", OWNER, "--url", zihin_server.mcp_url)
    found = entry(host, ran.out)
    assert set(found) - {"type"} == {host.url[0], host.headers}
    assert found.get("type", "http") == "http"
    assert asyncio.run(tools_over_http(ZIHIN, found[host.url[0]], found[host.headers])) == ZIHIN.tools


@pytest.mark.parametrize("name", NAMES)
def test_it_says_where_the_file_lies_on_each_system(toolpress: Command, name: str) -> None:
    ran = toolpress("config", name, "zihin")
    places = host_of(name).places
    assert [line.split()[-1] for line in ran.err.splitlines()[1:]] == [place.path.split()[-1] for place in places]
    assert all(place.path in ran.err for place in places)
    assert {"Windows", "macOS"} <= {word for place in places for word in place.scope.replace("and", " ").split()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("catalog", ["zihin", "mihu"])
def test_what_it_prints_is_good_once_the_placeholders_are_filled(
    toolpress: Command, tmp_path: Path, name: str, catalog: str
) -> None:
    file = tmp_path / "file"
    for way in ([], ["--http"]) if host_of(name).url else ([],):
        file.write_text(toolpress("config", name, catalog, *way).out, encoding="utf-8")
        bad = toolpress("config", name, "--check", str(file))
        assert bad.code == 1
        assert f"put your key in place of {KEY}" in bad.out
        text = file.read_text(encoding="utf-8").replace(KEY, "zhn_live_0123456789").replace(TENANT, "minders")
        file.write_text(text, encoding="utf-8")
        good = toolpress("config", name, "--check", str(file))
        assert (good.code, good.out) == (0, f"{file}: 1 server, nothing is wrong\n")


def test_a_client_that_only_starts_programs_cannot_connect(toolpress: Command) -> None:
    ran = toolpress("config", "claude-desktop", "zihin", "--http")
    assert ran.code == 2
    assert "Leave --http out" in ran.complaint


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("cursor",), 2, "Name one of: "),
        (("cursor", "nothing"), 3, "No catalogue is called nothing"),
        (("cursor", "zihin", "--url", "nowhere"), 3, "--url is not the address"),
        (("cursor", "--check", "/no/such/file"), 3, "Cannot read /no/such/file: No such file or directory."),
    ],
)
def test_what_it_cannot_do(toolpress: Command, words: tuple[str, ...], code: int, complaint: str) -> None:
    ran = toolpress("config", *words)
    assert (ran.code, complaint in ran.complaint) == (code, True)


def checked(toolpress: Command, tmp_path: Path, client: str, text: str) -> list[tuple[int, str, str, str]]:
    """Line, field, what was expected and the fix of each fault."""
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    ran: Ran = toolpress("config", client, "--check", str(file))
    assert ran.err == ""
    found = []
    for line in ran.out.splitlines():
        if "nothing is wrong" in line:
            continue
        place, rest = line.removeprefix(f"{file}:").split(": ", 1)
        field, rest = rest.split(": ", 1)
        expected, fix = rest.rsplit(" -> ", 1)
        found.append((int(place), field, expected, fix))
    assert ran.code == (1 if found else 0)
    return found


PROXY = '"command": "toolpress", "args": ["proxy", "zihin"], "env": {"ZIHIN_API_KEY": "zhn_live_0123456789"}'
ADDRESS, PREFIXES = "Write it as in https://tools.example.com/mcp.", "one of: zhn_live_, zhn_test_, zhn_dev_."


def json_entry(members: str, root: str = "mcpServers") -> str:
    """A file with one server, whose members begin in line 4."""
    return f'{{\n  "{root}": {{\n    "mine": {{\n      {members}\n    }}\n  }}\n}}\n'


def with_variable(name: str, value: str) -> str:
    return PROXY.replace("{", f'{{"{name}": "{value}", ', 1)


FILES = [
    ("cursor", "", 1, "file", "look for a missing quote"),
    ("cursor", "[]", 1, "file", "begin with {"),
    ("cursor", "{}", 1, "file", "put the servers into mcpServers"),
    ("cursor", json_entry(PROXY, "servers"), 2, "servers", "rename servers to mcpServers"),
    ("vscode", json_entry(PROXY), 2, "mcpServers", "rename mcpServers to servers"),
    ("cursor", '{"mcpServers": []}', 1, "mcpServers", "write a name before each server"),
    ("cursor", '{"mcpServers":\n {"a": "x"}}', 2, "mcpServers.a", "write command and args"),
    ("cursor", '{"mcpServers": {"a": {}},\n}', 2, "file", "remove it"),
    ("cursor", '{\n// mine\n"mcpServers": {}}', 2, "file", "remove the comment"),
    ("cursor", "{'mcpServers': {}}", 1, "file", "use double quotes"),
    ("cursor", '{"a": 1,\n\n"a": 2}', 3, "file", "keep one of them"),
    ("cursor", '{"a" 1}', 1, "file", 'write "name": value'),
    ("cursor", '{"a": 1 "b": 2}', 1, "file", "separate members by commas"),
    ("cursor", '{"a":\n', 2, "file", "look for a missing quote"),
    ("cursor", "{} {}", 1, "file", "remove it, or put it inside"),
    ("codex", "[mcp_servers.mine\n", 1, "file", "correct the line"),
    ("codex", "a = 1\na = 2\n", 2, "file", "correct the line"),
    ("codex", "[mcpServers.mine]\n", 1, "mcpServers", "rename mcpServers to mcp_servers"),
    ("codex", '[mcp_servers."my own"]\nurl = "nowhere"\n', 2, "mcp_servers.my own.url", ADDRESS),
    (
        "codex",
        '[mcp_servers.a]\ncommand = "toolpress"\nargs = ["proxy", "zihin"]\n[mcp_servers.a.env]\nZIHIN_API_KEY = "x"\n',
        5,
        "mcp_servers.a.env.ZIHIN_API_KEY",
        PREFIXES,
    ),
]

ENTRIES = [
    ("cursor", '"comand": "x"', 4, "comand", "rename comand to command"),
    ("cursor", '"note": "comes to nothing"', 3, "", "say how the server is reached"),
    ("cursor", '"command": ""', 4, "command", "write it in quotes"),
    ("cursor", '"command": "npx -y x"', 4, "command", "put what follows npx into args"),
    ("cursor", '"command": "x",\n"args": "y"', 5, "args", "write each argument for itself"),
    ("cursor", '"command": "x", "args": ["a",\n7]', 5, "args.1", "put it in double quotes"),
    ("cursor", '"command": "x", "env": ["A=b"]', 4, "env", 'write it as in {"NAME": "value"}'),
    ("cursor", '"command": "x", "env": {\n\n"A": 1}', 6, "env.A", "put it in double quotes"),
    ("cursor", '"command": "x", "url": "https://h/mcp"', 4, "url", "remove one of the two"),
    ("cursor", '"command": "x", "type": "http"', 4, "type", "write stdio"),
    ("cursor", '"command": "x", "arsg": []', 4, "arsg", "rename arsg to args"),
    ("cursor", '"url": "https://h/mcp", "type": "stdio"', 4, "type", "write http"),
    ("cursor", '"url": "h/mcp"', 4, "url", ADDRESS),
    ("cursor", '"url": 7', 4, "url", ADDRESS),
    ("cursor", '"serverUrl": "https://h/mcp"', 4, "serverUrl", "rename serverUrl to url"),
    ("cursor", '"url": "https://h/mcp", "headers": []', 4, "headers", "write it as in"),
    ("claude-desktop", '"url": "https://h/mcp"', 4, "url", "start the proxy instead: toolpress config claude-desktop"),
    ("cursor", '"command": "toolpress", "args": ["proxy", "zihim"]', 4, "args.1", "write zihin"),
    ("cursor", '"command": "/v/toolpress", "args": ["proxy"]', 4, "args", "add one of: mihu, zihin"),
    ("cursor", '"command": "toolpress", "args": ["proxy", "zihin"]', 3, "env", "add it, or set it"),
    ("cursor", PROXY.replace("zhn_live_", "sk_"), 4, "env.ZIHIN_API_KEY", PREFIXES),
    ("cursor", with_variable("ZIHIN_MCP_URL", "llm"), 4, "env.ZIHIN_MCP_URL", ADDRESS),
    ("cursor", with_variable("ZIHIN_MCP_CALL_TIMEOUT_MS", "5 min"), 4, "env.ZIHIN_MCP_CALL_TIMEOUT_MS", "write 300000"),
    (
        "cursor",
        PROXY.replace("zihin", "mihu").replace('{"ZIHIN_API_KEY"', '{"MIHU_TENANT": "A.b", "MIHU_API_TOKEN"'),
        4,
        "env.MIHU_TENANT",
        "Send the first label of the workspace's host",
    ),
    ("cursor", '"url": "https://llm.zihin.ai/mcp"', 3, "headers", "Send one of: X-Api-Key: <key>"),
    (
        "cursor",
        '"command": "python", "args": ["-m", "toolpress", "proxy", "zihin"], "env": {"ZIHIN_API_KEY": "x"}',
        4,
        "env.ZIHIN_API_KEY",
        PREFIXES,
    ),
    (
        "cursor",
        '"url": "https://mcp.mihu.ai/mcp", "headers": {"Authorization": "Bearer t"}',
        4,
        "headers",
        "add it, with the first label of the host",
    ),
]


@pytest.mark.parametrize(("client", "text", "line", "field", "fix"), FILES)
def test_a_fault_of_a_file_has_its_line_its_field_and_its_fix(
    toolpress: Command, tmp_path: Path, client: str, text: str, line: int, field: str, fix: str
) -> None:
    [found] = checked(toolpress, tmp_path, client, text)
    assert (found[0], found[1], fix in found[3]) == (line, field, True)
    assert found[2]


@pytest.mark.parametrize(("client", "members", "line", "field", "fix"), ENTRIES)
def test_a_fault_of_a_server_has_its_line_its_field_and_its_fix(
    toolpress: Command, tmp_path: Path, client: str, members: str, line: int, field: str, fix: str
) -> None:
    [found] = checked(toolpress, tmp_path, client, json_entry(members))
    assert (found[0], found[1]) == (line, f"mcpServers.mine.{field}".rstrip("."))
    assert "expected" in found[2]
    assert fix in found[3]


@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("cursor", json_entry(PROXY)),
        ("cursor", json_entry(PROXY.replace("zhn_live_0123456789", "${env:KEY}"))),
        ("cursor", json_entry('"command": "npx", "args": ["-y", "anything"], "other": {"a": [1, null]}')),
        ("cursor", json_entry('"url": "${env:URL}", "headers": {"X-Api-Key": "${env:KEY}"}')),
        ("cursor", json_entry('"command": "toolpress", "args": ["proxy", "--url", "https://h/mcp"]')),
        ("cursor", json_entry('"command": "/a folder/toolpress serve"')),
        ("windsurf", json_entry('"serverUrl": "https://h/mcp"')),
        ("windsurf", json_entry('"url": "https://h/mcp"')),
        ("vscode", '{\n// mine\n"servers": {/* none */},\n}'),
        ("codex", '[mcp_servers.m]\ncommand = "toolpress"\nargs = ["proxy", "zihin"]\nenv_vars = ["ZIHIN_API_KEY"]\n'),
        ("codex", '[mcp_servers.m]\nurl = "https://llm.zihin.ai/mcp"\nbearer_token_env_var = "ZIHIN_API_KEY"\n'),
        ("codex", 'model = "x"\n[mcp_servers]\n'),
        ("cursor", "\ufeff" + json_entry(PROXY)),
    ],
)
def test_what_is_good_is_left_alone(toolpress: Command, tmp_path: Path, client: str, text: str) -> None:
    assert checked(toolpress, tmp_path, client, text) == []


def test_all_faults_of_all_servers_are_said_at_once(toolpress: Command, tmp_path: Path) -> None:
    servers = {
        "first": {"comand": "x"},
        "second": {"command": "toolpress", "args": ["proxy", "zihin"], "env": {"ZIHIN_API_KEY": KEY}},
        "third": {"url": "h", "headers": {"A": 1}},
    }
    found = checked(toolpress, tmp_path, "cursor", json.dumps({"mcpServers": servers}, indent=1))
    assert {field.split(".")[1] for _, field, _, _ in found} == set(servers)
    assert [line for line, *_ in found] == sorted(line for line, *_ in found)


def test_a_wrong_key_is_not_repeated(toolpress: Command, tmp_path: Path) -> None:
    [found] = checked(toolpress, tmp_path, "cursor", json_entry(PROXY.replace("zhn_live_", "topsecret_")))
    assert "topsecret" not in " ".join(map(str, found))


def test_a_file_that_is_no_text(toolpress: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe{")
    ran = toolpress("config", "cursor", "--check", str(tmp_path / "file"))
    assert (ran.code, "it is not UTF-8" in ran.complaint) == (3, True)
