"""Metrics of a real process, scraped after a known sequence of requests."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import modern
from tests.cli.test_serve import delay_next, until
from tests.processes import Server, run, serve
from tests.zihin.wire import answer_of, headers, initialize, key_of, message
from toolpress.telemetry.metrics import UNKNOWN

OWNER, MEMBER = key_of("owner"), key_of("member")
NOBODY = "5ec3e700-0000-4000-8000-000000000000"


def metrics_url(server: Server) -> str:
    found = re.search(r"^metrics  (\S+)$", server.log.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def scraped(url: str) -> dict[tuple[str, ...], float]:
    """The samples of ours by name and labels, without the catalogue; of a histogram its count alone."""
    text = httpx.get(url, trust_env=False).raise_for_status().text
    return {
        (
            sample.name.removeprefix("toolpress_"),
            *(value for label, value in sample.labels.items() if label != "catalog"),
        ): (sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("toolpress_") and not sample.name.endswith(("_bucket", "_sum", "_created"))
    }


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("zihin", "--metrics-port", "0") as server:
        yield server


def test_known_requests_give_exactly_these_numbers(server: Server) -> None:
    url = metrics_url(server)
    with httpx.Client(trust_env=False) as http:

        def call(key: str, tool: str, **arguments: object) -> int:
            return http.post(server.mcp_url, **modern.call(key, tool, arguments)).status_code

        rule = {"fault": "status=503", "count": 1, "operation": "list_agents"}
        limit = {"fault": "status=429;retry_after=600", "count": 1, "operation": "get_agent"}
        for fault in (rule, limit):
            http.post(f"{server.sandbox_url}/__sandbox__/faults", json=fault).raise_for_status()
        assert [call(OWNER, "list_agents") for _ in range(3)] == [200] * 3
        assert [call(OWNER, "get_agent", agent_id=NOBODY) for _ in range(2)] == [200] * 2
        call(OWNER, "get_agent", agent_id="no id")
        call(MEMBER, "create_agent", name="Desk")
        call(OWNER, "no_such_tool")
        call(OWNER, "another_one")
        for _ in range(2):
            http.post(server.mcp_url, **modern.request("tools/list", OWNER)).raise_for_status()
        assert call("zhn_test_nobody", "list_agents") == 401
        assert http.put(server.mcp_url).status_code == 405
        opened = http.post(server.mcp_url, headers=headers(OWNER), json=initialize())
        named = headers(OWNER, mcp_session_id=opened.headers["mcp-session-id"])
        with http.stream("GET", server.mcp_url, headers=named) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ": open"
            assert scraped(url)["open_streams", "session"] == 1
            assert http.delete(server.mcp_url, headers=named).status_code == 200
            assert not list(filter(None, lines)), "it has ended"
        answer = answer_of(http.post(server.mcp_url, headers=headers(OWNER), json=message("tools/list")))
        assert answer["error"]["data"]["code"] == "SESSION_REQUIRED"
    assert scraped(url) == {
        ("calls_total", "ok", "list_agents"): 3,
        ("calls_total", "RATE_LIMITED", "get_agent"): 1,
        ("calls_total", "UPSTREAM_ERROR", "get_agent"): 1,
        ("calls_total", "VALIDATION_ERROR", "get_agent"): 1,
        ("calls_total", "WRITE_BLOCKED", "create_agent"): 1,
        ("calls_total", "NOT_FOUND", UNKNOWN): 2,
        ("call_duration_seconds_count", "list_agents"): 3,
        ("call_duration_seconds_count", "get_agent"): 3,
        ("call_duration_seconds_count", "create_agent"): 1,
        ("upstream_duration_seconds_count", "whoami", "2xx"): 2,
        ("upstream_duration_seconds_count", "whoami", "4xx"): 1,
        ("upstream_duration_seconds_count", "list_agents", "2xx"): 3,
        ("upstream_duration_seconds_count", "list_agents", "5xx"): 1,
        ("upstream_duration_seconds_count", "get_agent", "4xx"): 2,
        ("lists_total", "tools/list"): 2,
        ("refused_total", "401"): 1,
        ("refused_total", "405"): 1,
        ("refused_total", "400"): 3,
        ("rate_limits_total", "upstream"): 1,
        ("sessions_total", "opened"): 1,
        ("sessions_total", "ended"): 1,
        ("open_streams", "session"): 0,
        ("draining",): 0,
    }


def test_readings_open_subscriptions_and_the_stop_are_seen() -> None:
    with serve("zihin", "--metrics-port", "0") as server, httpx.Client(trust_env=False) as http:
        url = metrics_url(server)
        read = modern.request("resources/read", OWNER, "zihin://agents", uri="zihin://agents")
        http.post(server.mcp_url, **read).raise_for_status()
        with http.stream("POST", server.mcp_url, **modern.listen(OWNER, "zihin://agents")) as stream:
            lines = stream.iter_lines()
            next(lines)
            seen = scraped(url)
            assert (seen["readings_total", "ok"], seen["open_streams", "subscription"], seen["draining",]) == (1, 1, 0)
            under_way = delay_next(server.sandbox_url, "list_agents", 1500)
            with ThreadPoolExecutor() as pool:
                call = pool.submit(httpx.post, server.mcp_url, trust_env=False, **modern.call(OWNER, "list_agents", {}))
                until(under_way)
                server.process.send_signal(signal.SIGTERM)
                until(lambda: scraped(url)["draining",] == 1)
                assert call.result().status_code == 200


def test_they_are_not_shown_on_the_main_port(server: Server) -> None:
    assert httpx.get(f"{server.origin}/metrics", trust_env=False).status_code == 404
    assert metrics_url(server).startswith("http://127.0.0.1:")


def test_what_the_process_itself_uses_is_among_them(server: Server) -> None:
    families = {each.name for each in text_string_to_metric_families(httpx.get(metrics_url(server)).text)}
    assert {"process_resident_memory_bytes", "process_open_fds"} <= families


def test_catalogues_are_told_apart() -> None:
    with serve("mihu", "zihin", env={"TOOLPRESS_METRICS_PORT": "0"}) as server, httpx.Client(trust_env=False) as http:
        for path in ("/mihu/mcp", "/zihin/mcp", "/zihin/mcp", "/mcp"):
            assert http.post(f"{server.origin}{path}").status_code in (401, 404)
        text = http.get(metrics_url(server)).text
    assert 'toolpress_refused_total{catalog="mihu",status="401"} 1.0' in text
    assert 'toolpress_refused_total{catalog="zihin",status="401"} 2.0' in text


def test_a_port_that_is_taken_is_named(server: Server) -> None:
    taken = metrics_url(server).split(":")[2].removesuffix("/metrics")
    done = run("serve", "zihin", "--sandbox", "--port", "0", "--metrics-port", taken)
    assert done.returncode == 3
    assert f"Cannot show metrics on 127.0.0.1:{taken}" in done.stderr
