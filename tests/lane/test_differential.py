"""Every example of every tool, and every list, answered on the lane and by plain FastMCP: the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests import modern
from tests.processes import Server, serve
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.drive import Keys
from toolpress.examples import cases
from toolpress.lane import LIST_METHODS
from toolpress.principal import Credential

HANDSHAKE = "2025-11-25"
ERAS = (modern.VERSION, HANDSHAKE)
MADE_ANEW = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"  # times
    r"|\b[A-Za-z0-9_-]{24,}\b"  # secrets
    r"|(localhost|127\.0\.0\.1):\d+"  # the two sandboxes
)


class Side:
    """One of the two servers, in both eras."""

    def __init__(self, server: Server, index: CatalogIndex, http: httpx.Client) -> None:
        self._server = server
        self._keys = Keys(index)
        self._http = http
        self._sessions: dict[Credential, str] = {}

    def reset(self) -> None:
        self._http.post(f"{self._server.sandbox_url}/__sandbox__/reset").raise_for_status()

    def ask(self, era: str, key: Credential, method: str, **params: Any) -> tuple[int, str]:
        named = params.get("name")
        request = modern.request(method, key.key, named, **params)
        headers = {**request["headers"], **self._keys.headers(key)}
        if era == HANDSHAKE:
            del request["json"]["params"]["_meta"], headers["Mcp-Method"]
            headers.pop("Mcp-Name", None)
            headers |= {"MCP-Protocol-Version": era, "mcp-session-id": self._session(key)}
        answer = self._http.post(self._server.mcp_url, json=request["json"], headers=headers)
        return answer.status_code, answer.text.removeprefix("event: message\ndata: ").rstrip("\n")

    def _session(self, key: Credential) -> str:
        if key not in self._sessions:
            hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}
            headers = {"Accept": "application/json, text/event-stream", **self._keys.headers(key)}
            answer = self._http.post(self._server.mcp_url, json=body, headers=headers)
            self._sessions[key] = answer.headers.get("mcp-session-id", "")
        return self._sessions[key]


@pytest.fixture(scope="module", params=sorted(installed()))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[CatalogIndex, Side, Side]]:
    index = CatalogIndex(find_catalog(request.param))
    with ExitStack() as stack:
        quick = stack.enter_context(serve(request.param, env={"TOOLPRESS_FAST_LANE": "1"}))
        plain = stack.enter_context(serve(request.param, env={"TOOLPRESS_FAST_LANE": "0"}))
        http = stack.enter_context(httpx.Client(trust_env=False, timeout=60))
        yield index, Side(quick, index, http), Side(plain, index, http)


def said(answer: tuple[int, str]) -> str:
    """The answer with its members in their order; how JSON writes a letter beyond ASCII is no difference."""
    status, text = answer
    return f"{status} {MADE_ANEW.sub('*', json.dumps(json.loads(text)))}"


def test_every_call_says_the_same(pair: tuple[CatalogIndex, Side, Side]) -> None:
    index, quick, plain = pair
    keys, different, tools = Keys(index), [], set()
    for case in cases(index.sandbox):
        if case.revoked:
            continue  # the gate refuses it before there is a lane
        quick.reset()
        plain.reset()
        for era in ERAS:
            answers = [
                side.ask(era, keys.of(case), "tools/call", name=case.tool, arguments=case.arguments)
                for side in (quick, plain)
            ]
            if said(answers[0]) != said(answers[1]):
                different.append((case.tool, era, *answers))
        tools.add(case.tool)
    assert different == []
    assert tools == {tool.name for tool in index.tools}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("method", sorted(LIST_METHODS))
def test_every_list_says_the_same_the_first_time_and_later(
    pair: tuple[CatalogIndex, Side, Side], era: str, method: str
) -> None:
    if era == HANDSHAKE and method == "server/discover":
        return
    index, quick, plain = pair
    keys = Keys(index)
    for role in index.catalog.roles:
        key = next(k for case in cases(index.sandbox) if (k := keys.of(case)) and case.role in (role, None))
        wanted = _parsed(plain.ask(era, key, method))
        assert [_parsed(quick.ask(era, key, method)) for _ in range(3)] == [wanted] * 3


def _parsed(answer: tuple[int, str]) -> tuple[int, Any]:
    return answer[0], json.loads(answer[1])
