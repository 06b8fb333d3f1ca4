"""How a run ends: the exit code, the last line, and no secret in any."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.processes import TOOLPRESS
from tests.proxy.children import HELLO, bare, payload, piped, proxied, read, write
from tests.proxy.conftest import Setup
from tests.proxy.presets import KEY, TENANTED, ZIHIN
from tests.proxy.servers import free_port, until

UNKNOWN = "zhn_test_0123456789abcdef"


def ran(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One run that ends by itself."""
    return subprocess.run(
        [*TOOLPRESS, "proxy", *words],
        env=bare(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_no_key_names_the_variable_with_an_example() -> None:
    done = ran("zihin", env={})
    assert (done.returncode, done.stdout) == (1, "")
    assert "ZIHIN_API_KEY=zhn_live_... toolpress proxy zihin" in done.stderr
    assert done.stderr.startswith(f"toolpress proxy: toolpress {done.stderr.split()[3]} for {ZIHIN.title}\n")


@pytest.mark.parametrize("key", ["sk_live_0123456789abcdef", "zhn_0123456789abcdef", "zhn_live_with blanks"])
def test_a_key_of_another_kind_names_the_prefixes(key: str) -> None:
    done = ran("zihin", env={"ZIHIN_API_KEY": key})
    assert (done.returncode, done.stdout) == (1, "")
    assert all(prefix in done.stderr for prefix in ("zhn_live_", "zhn_test_", "zhn_dev_"))
    assert key not in done.stderr


def test_a_missing_tenant_names_its_variable() -> None:
    assert TENANTED.tenancy is not None
    done = ran(TENANTED.name, env={TENANTED.authentication.environment: UNKNOWN})
    assert done.returncode == 1
    assert TENANTED.tenancy.environment in done.stderr


def test_an_unknown_key_says_to_check_it(setup: Setup) -> None:
    done = ran("zihin", env={**setup.env, "ZIHIN_API_KEY": UNKNOWN})
    assert (done.returncode, done.stdout) == (1, "")
    assert "Check ZIHIN_API_KEY: the key is unknown, inactive or not of this server." in done.stderr
    assert UNKNOWN not in done.stderr
    assert UNKNOWN[-6:] in done.stderr


def test_a_server_that_is_not_there_says_to_check_network_and_address() -> None:
    done = ran("zihin", "--url", f"http://127.0.0.1:{free_port()}/mcp", env={"ZIHIN_API_KEY": KEY})
    assert (done.returncode, done.stdout) == (1, "")
    assert "Check the network and the address (--url)" in done.stderr


def test_a_host_that_does_not_exist() -> None:
    done = ran("zihin", env={"ZIHIN_API_KEY": KEY, "ZIHIN_MCP_URL": "http://nowhere.invalid/mcp"})
    assert done.returncode == 1
    assert "Check the network and the address (ZIHIN_MCP_URL)" in done.stderr


@pytest.mark.parametrize("path", ["/mpc", "/healthz", "/"])
def test_an_address_without_an_mcp_server(setup: Setup, path: str) -> None:
    url = setup.url.removesuffix("/mcp") + path
    done = ran("zihin", "--url", url, env={"ZIHIN_API_KEY": KEY})
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no MCP server there; most end in /mcp" in done.stderr


@pytest.mark.parametrize("url", ["llm.zihin.ai/mcp", "ftp://llm.zihin.ai/mcp"])
def test_what_is_no_address(url: str) -> None:
    done = ran("zihin", env={"ZIHIN_API_KEY": KEY, "ZIHIN_MCP_URL": url})
    assert (done.returncode, done.stdout) == (1, "")
    assert "ZIHIN_MCP_URL is not the address of an MCP server" in done.stderr


def test_a_header_whose_variable_is_missing() -> None:
    done = ran("--url", "http://127.0.0.1:9/mcp", "--header", "X-Api-Key: $NOT_SET", env={})
    assert done.returncode == 1
    assert "NOT_SET" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [((), 2), (("--url", "http://h/mcp", "--header", "x"), 2), (("zihin", "--timeout", "0"), 2), (("nothing",), 3)],
)
def test_wrong_words_and_unknown_catalogues_end_as_with_every_command(words: tuple[str, ...], code: int) -> None:
    assert ran(*words, env={}).returncode == code


def test_a_limit_out_of_range_is_a_warning(setup: Setup) -> None:
    done = ran("zihin", env={**setup.env, "ZIHIN_MCP_CALL_TIMEOUT_MS": "300"})
    assert done.returncode == 0
    assert "ZIHIN_MCP_CALL_TIMEOUT_MS goes from 1000 to 1800000, in milliseconds; using 1 s" in done.stderr


def test_the_end_of_stdin_ends_it_well(setup: Setup) -> None:
    done = ran("zihin", env=setup.env)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("toolpress proxy: the host has closed stdin\n")
    assert KEY not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_even_while_a_call_runs(setup: Setup, number: signal.Signals) -> None:
    setup.fault("latency=30000", "list_agents")
    with piped("zihin", env=setup.env) as process:
        write(process, *HELLO, {"id": 1, "method": "tools/call", "params": {"name": "list_agents", "arguments": {}}})
        assert read(process)["id"] == 0
        until(lambda: not setup.faulty())
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr
        assert f"stopped by {number.name}" in process.stderr.read().decode()


def test_a_signal_ends_it_while_it_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
        with piped("zihin", "--url", url, env={"ZIHIN_API_KEY": KEY}) as process:
            silent.accept()[0].close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, 1)


def test_a_host_that_reads_no_more_does_not_keep_it_from_ending(setup: Setup) -> None:
    with piped("zihin", env=setup.env) as process:
        write(process, *HELLO, *({"id": number, "method": "tools/list"} for number in range(1, 5)))
        assert process.stderr
        line = b""
        while b"ready" not in line:
            line = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


async def test_a_key_that_is_revoked_meanwhile_ends_it_after_the_answer(setup: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", env=setup.env) as owner:
        made = payload(await owner.call("create_api_key", {"name": "Short-lived", "role": "admin"}))
        key, identifier = made["data"]["api_key"], made["data"]["id"]
        (tmp_path / "second").mkdir()
        async with proxied(tmp_path / "second", "zihin", env={**setup.env, "ZIHIN_API_KEY": key}) as child:
            assert payload(await child.call("list_agents"))["success"] is True
            assert payload(await owner.call("delete_api_key", {"key_id": identifier}))["success"] is True
            refused = payload(await child.call("list_agents"))
            assert refused["code"] == "INVALID_API_KEY"
            last = payload(await child.call("list_agents"))
            assert last["code"] == "INVALID_API_KEY"
            await child.said("The key is no longer accepted: update ZIHIN_API_KEY and restart.")
            assert key not in child.log.read_text(encoding="utf-8")
