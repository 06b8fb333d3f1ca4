"""`toolpress doctor`: a line for each check, and a fix below each that fails."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from tests.cli.conftest import CLOSED, MEMBER, OWNER, REVOKED, Command, Ran, Scratch
from toolpress.catalog import CatalogIndex
from toolpress.oauth.tokens import PREFIXES


def findings(ran: Ran) -> dict[str, tuple[str, str, str | None]]:
    """What was checked: its mark, its text, its fix."""
    found = re.findall(r"^(ok|FAIL|skip) +([^:\n]+): (.*)(?:\n +fix: (.*))?$", ran.out, re.MULTILINE)
    assert all(bool(fix) == (mark == "FAIL") for mark, _, _, fix in found)
    broken = sum(mark == "FAIL" for mark, *_ in found)
    assert ran.out.splitlines()[-1] == (f"{broken} broken" if broken else "nothing is broken")
    assert ran.code == (1 if broken else 0)
    assert ran.err == ""
    return {what: (mark, text, fix or None) for mark, what, text, fix in found}


def test_all_is_well_with_a_running_sandbox_and_its_key(
    toolpress: Command, sandbox: str, zihin: CatalogIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZIHIN_API_KEY", MEMBER)
    found = findings(toolpress("doctor", "zihin", "--port", "0", "--base-url", sandbox))
    assert {what: mark for what, (mark, _, _) in found.items()} == dict.fromkeys(
        ("settings", "port", "zihin", "zihin upstream", "zihin key"), "ok"
    )
    assert found["zihin"][1] == f"{len(zihin.tools)} tools, version {zihin.catalog.version}"
    assert found["zihin upstream"][1].startswith(f"{sandbox} answers (")
    assert "ZIHIN_API_KEY is a key of role member in tenant " in found["zihin key"][1]


def test_every_installed_catalogue_is_checked(
    toolpress: Command, sandbox: str, notebook_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLPRESS_ZIHIN_BASE_URL", sandbox)
    monkeypatch.setenv("TOOLPRESS_NOTEBOOK_BASE_URL", CLOSED)
    found = findings(toolpress("doctor", "--port", "0"))
    assert (found["zihin upstream"][0], found["notebook upstream"][0]) == ("ok", "FAIL")


def test_a_port_that_is_taken(toolpress: Command, sandbox: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = findings(toolpress("doctor", "zihin", "--port", str(port), "--base-url", sandbox))
    assert found["port"] == (
        "FAIL",
        f"Cannot listen on 127.0.0.1:{port}: Address already in use.",
        "Stop what uses the port, or choose another address with --host and --port (port 0 takes a free one).",
    )
    assert found["zihin upstream"][0] == "ok"


@pytest.mark.parametrize("host", ["nowhere.invalid", "é" * 70, "203.0.113.1"])
def test_a_host_that_is_not_this_machine(toolpress: Command, sandbox: str, host: str) -> None:
    found = findings(toolpress("doctor", "zihin", "--host", host, "--port", "0", "--base-url", sandbox))
    mark, text, _ = found["port"]
    assert mark == "FAIL"
    assert re.fullmatch(rf"Cannot listen on {host}:0: [^:()]+\.", text)
    assert "Unknown error" not in text


def test_an_upstream_that_does_not_answer(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIHIN_API_KEY", OWNER)
    found = findings(toolpress("doctor", "zihin", "--port", "0", "--base-url", CLOSED))
    mark, text, fix = found["zihin upstream"]
    assert mark == "FAIL"
    assert text.startswith(f"{CLOSED} does not answer: ")
    assert fix is not None
    assert "TOOLPRESS_ZIHIN_BASE_URL" in fix
    assert found["zihin key"] == ("skip", "ZIHIN_API_KEY looks right; the upstream could not be asked", None)


def test_an_address_that_is_none(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_ZIHIN_BASE_URL", "llm.example")
    mark, text, fix = findings(toolpress("doctor", "zihin", "--port", "0"))["zihin upstream"]
    assert (mark, text[:12]) == ("FAIL", "The base URL")
    assert fix is not None
    assert "--base-url" in fix


def test_a_wrong_setting_is_named(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_GRACE_S", "soon")
    found = findings(toolpress("doctor", "zihin"))
    assert found.keys() == {"settings"}
    assert "TOOLPRESS_GRACE_S" in found["settings"][1]
    assert found["settings"][2] == "Correct the environment variable."


@pytest.mark.parametrize(
    ("key", "mark", "told"),
    [
        ("", "skip", "ZIHIN_API_KEY is not set"),
        ("not-a-key", "FAIL", "The API key is malformed."),
        (REVOKED, "FAIL", "The API key is unknown, revoked or expired."),
    ],
)
def test_a_key_that_will_not_do(
    toolpress: Command, sandbox: str, monkeypatch: pytest.MonkeyPatch, key: str, mark: str, told: str
) -> None:
    monkeypatch.setenv("ZIHIN_API_KEY", key)
    found = findings(toolpress("doctor", "zihin", "--port", "0", "--base-url", sandbox))
    assert found["zihin key"][0] == mark
    assert told in found["zihin key"][1]
    assert key == "" or key not in found["zihin key"][1]


def test_with_the_sandbox_there_is_no_upstream_to_ask(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_SANDBOX", "1")
    found = findings(toolpress("doctor", "zihin", "--port", "0", "--base-url", CLOSED))
    assert found["zihin upstream"][0] == "skip"
    assert "zihin key" not in found


def test_catalogues_that_cannot_be_had(toolpress: Command, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, _, fix = findings(toolpress("doctor", "nothing", "--port", "0"))["nothing"]
    assert (mark, fix) == (
        "FAIL",
        "Use an installed name, or package.module:ATTR for one that is only importable.",
    )
    monkeypatch.setattr("toolpress.cli.doctor.installed", dict)
    assert findings(toolpress("doctor", "--port", "0"))["catalogues"][0] == "FAIL"


FULL, READONLY = "mihu_test_acme_full", "mihu_test_acme_readonly"
NOT_MADE_HERE = "The upstream answered 401: wrong tenant, or wrong or expired API token."


@pytest.mark.parametrize("token", [FULL, READONLY])
def test_a_tenant_and_its_token(
    toolpress: Command, mihu_hosts: str, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("MIHU_API_TOKEN", token)
    found = findings(toolpress("doctor", "mihu", "--port", "0", "--tenant", "acme", "--base-url", mihu_hosts))
    assert {mark for mark, _, _ in found.values()} == {"ok"}
    assert found["mihu upstream"][1].startswith(f"{mihu_hosts.replace('{tenant}', 'acme')} answers (")
    assert found["mihu key"][1] == "MIHU_API_TOKEN is good in tenant acme; what it may do, only calls show"


@pytest.mark.parametrize("token", [FULL, ""])
def test_a_tenant_that_does_not_exist(
    toolpress: Command, mihu_hosts: str, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("MIHU_API_TOKEN", token)
    found = findings(toolpress("doctor", "mihu", "--port", "0", "--tenant", "acmee", "--base-url", mihu_hosts))
    address = mihu_hosts.replace("{tenant}", "acmee")
    fix = f"Check the spelling of the subdomain: does {address} resolve?"
    assert found["mihu upstream"] == ("FAIL", "The upstream answered 404: there is no such tenant.", fix)
    assert found["mihu key"][0] == "skip"


def test_a_tenant_whose_host_does_not_resolve(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    known = socket.getaddrinfo

    def lookup(host: Any, *rest: Any, **more: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return known(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    hosts = "http://{tenant}.nowhere.invalid"
    found = findings(toolpress("doctor", "mihu", "--port", "0", "--tenant", "acme", "--base-url", hosts))
    assert found["mihu upstream"] == (
        "FAIL",
        "http://acme.nowhere.invalid does not resolve: there is no such tenant, or this machine is offline",
        "Check the spelling of the subdomain: does http://acme.nowhere.invalid resolve?",
    )


@pytest.mark.parametrize(
    ("tenant", "token", "mark", "told"),
    [
        ("", "", "skip", "MIHU_TENANT is not set; HTTP callers name theirs"),
        ("", FULL, "FAIL", "Missing tenant context."),
        ("acme.mihu.ai", FULL, "FAIL", "The tenant is not a subdomain."),
        ("Acme", "", "FAIL", "The tenant is not a subdomain."),
    ],
)
def test_without_a_usable_tenant_no_host_is_asked(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, tenant: str, token: str, mark: str, told: str
) -> None:
    monkeypatch.setenv("MIHU_TENANT", tenant)
    monkeypatch.setenv("MIHU_API_TOKEN", token)
    found = findings(toolpress("doctor", "mihu", "--port", "0", "--base-url", "http://{tenant}.localhost:9"))
    assert found["mihu tenant"][0] == mark
    assert found["mihu tenant"][1].startswith(told)
    assert not found.keys() & {"mihu upstream", "mihu key"}


@pytest.mark.parametrize(
    ("tenant", "token", "told"),
    [
        ("acme", "mihu_test_acme_revoked", NOT_MADE_HERE),
        ("globex", FULL, NOT_MADE_HERE),
        ("acme", PREFIXES["access"] + "x", "MIHU_API_TOKEN holds an OAuth token that a Toolpress server minted"),
        ("acme", PREFIXES["refresh"] + "x", "MIHU_API_TOKEN holds an OAuth token that a Toolpress server minted"),
        ("acme", "two words", "The API key is malformed."),
    ],
)
def test_a_token_that_will_not_do(
    toolpress: Command, mihu_hosts: str, monkeypatch: pytest.MonkeyPatch, tenant: str, token: str, told: str
) -> None:
    monkeypatch.setenv("MIHU_TENANT", tenant)
    monkeypatch.setenv("MIHU_API_TOKEN", token)
    ran = toolpress("doctor", "mihu", "--port", "0", "--base-url", mihu_hosts)
    mark, text, _ = findings(ran)["mihu key"]
    assert mark == "FAIL"
    assert text.startswith(told)
    assert token not in ran.out
