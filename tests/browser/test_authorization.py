"""A person connects an application in a real Chromium: consent page, way back, and the token that comes of it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import pytest

from tests.browser.conftest import STATE, Application, Walk
from tests.docs.pages import ROOT
from toolpress_catalogs.mihu.catalog import CATALOG

CONNECT = {"typed": {}, "press": "Connect"}
SECRET, FOREIGN_SECRET = "mihu_test_acme_full", "mihu_test_globex_full"
WRONG = {"typed": {"Tenant": "acme", "API token": FOREIGN_SECRET}, "press": "Allow"}
RIGHT = {"typed": {"Tenant": "acme", "API token": SECRET}, "press": "Allow"}
PICTURE = ROOT / "docs" / "mihu" / "consent.png"
TOOLS = {tool.name for tool in CATALOG.tools}

pytestmark = pytest.mark.usefixtures("chromium")

Go = Callable[..., Walk]


def assert_kept_private(walk: Walk, application: Application) -> None:
    """No API token in an address, a header, the console or anything that the browser wrote to its disk."""
    (arrival,) = application.arrivals
    said = json.dumps([walk.requests, walk.history, walk.console, str(arrival.url), arrival.headers.items()])
    kept = [file for file in walk.profile.rglob("*") if file.is_file()]
    assert any(application.server.base_url.encode() in file.read_bytes() for file in kept), "it keeps the addresses"
    for secret in (SECRET, FOREIGN_SECRET):
        assert secret not in said
        assert [file for file in kept if secret.encode() in file.read_bytes()] == []
    assert "referer" not in arrival.headers


def assert_within_policy(walk: Walk) -> None:
    """Nothing on the console but the statuses of refused forms."""
    assert [line for line in walk.console if not line.startswith("Failed to load resource:")] == []


@pytest.mark.parametrize(
    ("registered", "host", "way"),
    [
        ("http://127.0.0.1:{port}/callback", "127.0.0.1", {"scripts": False, "hand": "mouse"}),
        ("http://localhost/callback", "localhost", {"scripts": True, "hand": "keyboard"}),
    ],
    ids=["without scripts", "on any port of localhost, by keyboard"],
)
def test_a_registered_application(
    registered: str, host: str, way: dict[str, object], application: Application, walk: Go
) -> None:
    redirect_uri = f"http://{host}:{application.port}/callback"
    client_id = application.register(registered.format(port=application.port))
    start = application.ask(client_id, redirect_uri)
    seen = walk(start, answers=[CONNECT, WRONG, RIGHT], back=redirect_uri, **way)

    _, first, second, last = seen.pages
    assert first["heading"] == second["heading"] == "Connect to Mihu"
    assert "Desk app, by its own account" in first["text"]
    assert f"{host}:{application.port}" in first["text"]
    assert first["labels"] == second["labels"] == ["Tenant", "API token"]
    assert [first["alerts"], second["alerts"]] == [
        [], ["The tenant and the API token do not belong together. Check both and try again."]
    ]  # fmt: skip
    assert last["text"] == "You can close this page."
    assert_kept_private(seen, application)
    assert_within_policy(seen)

    response = application.response()
    assert (response["state"], response["iss"]) == (STATE, application.server.base_url)
    token = application.redeem(client_id, redirect_uri).json()
    assert application.tools(token["access_token"]) == TOOLS
    assert token["refresh_token"].startswith("tpr_")


def test_a_tenant_as_the_client_is_only_asked_to_confirm(application: Application, walk: Go) -> None:
    start = application.ask("acme", application.callback)
    allow = {"typed": {}, "press": "Allow"}
    seen = walk(start, answers=[CONNECT, allow], back=application.callback, hand="keyboard")

    page = seen.pages[1]
    assert page["labels"] == []
    assert "acme" in page["text"].splitlines()
    assert_kept_private(seen, application)
    assert_within_policy(seen)
    assert application.redeem("acme", application.callback).status_code == 401
    token = application.redeem("acme", application.callback, client_secret=SECRET).json()
    assert application.tools(token["access_token"]) == TOOLS


def test_refusing(application: Application, walk: Go) -> None:
    client_id = application.register(application.callback)
    start = application.ask(client_id, application.callback)
    refuse = {"typed": {}, "press": "Refuse"}
    seen = walk(start, answers=[CONNECT, refuse], back=application.callback, scripts=False)

    assert_within_policy(seen)
    response = application.response()
    assert "code" not in response
    assert (response["error"], response["state"]) == ("access_denied", STATE)
    assert response["iss"] == application.server.base_url


def test_the_picture_in_the_docs(application: Application, walk: Go, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-expected"):
        redirect_uri = "https://desk.example/callback"
        client_id = application.register(redirect_uri)
        application.ask(client_id, redirect_uri)
        walk(application.sends_to, picture=str(PICTURE))
    content = PICTURE.read_bytes()
    assert struct.unpack(">I", content[16:20]) == (800,)
    assert len(content) < 80_000
