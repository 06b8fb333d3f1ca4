from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.sandbox.wire import OWNER
from toolpress_sandbox.serve import run_in_thread

HEADERS = {"X-Api-Key": OWNER}


def agents(url: str) -> dict[str, str]:
    rows = httpx.get(f"{url}/api/agents", headers=HEADERS, trust_env=False).json()["data"]
    return {row["name"]: row["id"] for row in rows}


def create(url: str, name: str) -> str:
    response = httpx.post(f"{url}/api/agents", headers=HEADERS, json={"name": name}, trust_env=False)
    created: str = response.json()["data"]["id"]
    return created


def test_a_file_keeps_the_state_across_restarts(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    with run_in_thread("zihin", data=path) as url:
        first = create(url, "First")
        made = httpx.post(f"{url}/api/keys", headers=HEADERS, json={"name": "K"}, trust_env=False)
        key = made.json()["data"]["api_key"]
    with run_in_thread("zihin", data=path) as url:
        assert agents(url)["First"] == first
        assert create(url, "Second") != first, "ids go on where they were"
        whoami = httpx.get(f"{url}/api/v1/whoami", headers={"X-Api-Key": key}, trust_env=False)
        assert whoami.json()["role"] == "admin"
        httpx.post(f"{url}/__sandbox__/reset", trust_env=False)
    with run_in_thread("zihin", data=path) as url:
        assert not {"First", "Second"} & agents(url).keys()


def test_memory_forgets(tmp_path: Path) -> None:
    with run_in_thread("zihin") as url:
        create(url, "First")
    with run_in_thread("zihin") as url:
        assert "First" not in agents(url)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_an_os_error() -> None:
    with run_in_thread("zihin") as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), run_in_thread("zihin", port=port):
            pass
