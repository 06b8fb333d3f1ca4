"""The official MCP conformance suite against the authorization server, every scenario that it has for one.

The suite takes the method `none` wherever a server offers it, with a client secret in hand too. It therefore stands
here for an application that registered itself, and a person brings tenant and API token to the consent page.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.javascript import NODE, SUITE
from tests.oauth.conftest import form_of
from tests.processes import Server

pytestmark = pytest.mark.usefixtures("foreign")


def test_every_scenario_passes(mihu_server: Server, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with httpx.Client(trust_env=False) as http:
        client = {"client_name": "Conformance suite", "redirect_uris": [f"http://127.0.0.1:{port}/callback"]}
        client_id = http.post(f"{mihu_server.base_url}/oauth/register", json=client).json()["client_id"]
        words = ["authorization", "--url", mihu_server.base_url, "--client-id", client_id, "--port", port,
                 "--resource", mihu_server.mcp_url, "--output-dir", str(tmp_path)]  # fmt: skip
        with subprocess.Popen(
            [NODE, SUITE, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as suite:
            limit = threading.Timer(60, suite.kill)
            limit.start()
            output = "".join(answered(suite.stdout or iter(()), mihu_server.base_url, http))
            limit.cancel()
    assert suite.returncode == 0, output

    checks = [check for file in tmp_path.rglob("checks.json") for check in json.loads(file.read_text("utf-8"))]
    assert {check["status"] for check in checks} == {"SUCCESS"}, output
    assert {check["name"] for check in checks} >= {"AuthorizationServerMetadata", "AuthorizationCodeGrant"}, output


def answered(lines: Iterator[str], issuer: str, person: httpx.Client) -> Iterator[str]:
    """The suite's output; when it waits for the person, the person opens the page that it names and says yes."""
    url = ""
    for line in lines:
        yield line
        if line.startswith(f"{issuer}/oauth/authorize?"):
            url = line.strip()
        if line.startswith("Callback server started"):
            page = person.get(url)
            typed = {"tenant": "acme", "secret": "mihu_test_acme_full", "decision": "allow"}
            form = form_of(page)
            person.post(page.url.join(form.action), data={**form.fields, **typed}, follow_redirects=True)
