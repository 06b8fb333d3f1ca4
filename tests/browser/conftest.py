"""A person with a Chromium, and an application on the same machine that waits for their return."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastmcp import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.javascript import run
from tests.oauth.conftest import VERIFIER, challenge
from tests.processes import Server
from tests.runtime.conftest import listening

STATE = "a state & more"


@dataclass
class Application:
    """A web application of another site: it sends the person to a server and hears the answer at its own address."""

    server: Server
    address: str = ""
    sends_to: str = ""
    arrivals: list[Request] = field(default_factory=list)

    @property
    def port(self) -> str:
        return self.address.rpartition(":")[2]

    @property
    def home(self) -> str:
        """Its front page. The server is at 127.0.0.1: to a browser that is another site than localhost."""
        return f"http://localhost:{self.port}/"

    @property
    def callback(self) -> str:
        return f"{self.address}/callback"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._front_page),
                Route("/connect", self._send_away, methods=["POST"]),
                Route("/callback", self._arrive),
            ]
        )

    async def _front_page(self, _request: Request) -> Response:
        return HTMLResponse('<form method="post" action="/connect"><button>Connect</button></form>')

    async def _send_away(self, _request: Request) -> Response:
        return RedirectResponse(self.sends_to, 303)

    async def _arrive(self, request: Request) -> Response:
        self.arrivals.append(request)
        return PlainTextResponse("You can close this page.")

    def register(self, *redirect_uris: str) -> str:
        metadata = {"client_name": "Desk app", "redirect_uris": redirect_uris}
        answer = httpx.post(f"{self.server.base_url}/oauth/register", json=metadata, trust_env=False)
        return str(answer.raise_for_status().json()["client_id"])

    def ask(self, client_id: str, redirect_uri: str) -> str:
        """Get ready to ask as this client; the page on which the person begins."""
        request = {
            "response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "state": STATE,
            "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256", "resource": self.server.mcp_url,
        }  # fmt: skip
        self.sends_to = f"{self.server.base_url}/oauth/authorize?{urlencode(request)}"
        return self.home

    def response(self) -> dict[str, str]:
        """The one authorization response that came."""
        (arrival,) = self.arrivals
        return dict(arrival.query_params)

    def redeem(self, client_id: str, redirect_uri: str, **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": self.response()["code"], "client_id": client_id,
                "redirect_uri": redirect_uri, "code_verifier": VERIFIER, **more}  # fmt: skip
        return httpx.post(f"{self.server.base_url}/oauth/token", data=form, trust_env=False)

    def tools(self, token: str) -> set[str]:
        async def listed() -> set[str]:
            async with Client(self.server.mcp_url, auth=token) as client:
                return {tool.name for tool in await client.list_tools()}

        return asyncio.run(listed())


@pytest.fixture
def application(mihu_server: Server) -> Iterator[Application]:
    application = Application(mihu_server)
    with listening(application.app()) as application.address:
        yield application


@pytest.fixture(scope="session")
def chromium(foreign: None) -> str:
    """The program; without one there is nothing to see."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    return found


@dataclass(frozen=True)
class Walk:
    """What was seen on the way, and the folder in which the browser kept what it keeps."""

    pages: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    console: list[str]
    history: list[str]
    profile: Path


@pytest.fixture
def walk(chromium: str, tmp_path: Path) -> Callable[..., Walk]:
    """Walks with a new browser: `walk(url, answers=..., back=...)`; the words are explained in `walk.mjs`."""

    def walked(url: str, **job: Any) -> Walk:
        profile = tmp_path / "profile"
        given = {"hand": "mouse", "scripts": True, "answers": [], "back": None, "picture": None, **job}
        seen = run(Path(__file__).with_name("walk.mjs"), browser=chromium, profile=str(profile), url=url, **given)
        return Walk(**seen, profile=profile)

    return walked
