"""What a test takes from an answer of the mihu sandbox."""

from __future__ import annotations

from typing import Any

import httpx


def data(response: httpx.Response, status: int = 200) -> Any:
    """The `data` of an answer that must have this status."""
    assert response.status_code == status, response.text
    return response.json()["data"]


def field(response: httpx.Response) -> str:
    """The member that a 422 names."""
    assert response.status_code == 422, response.text
    named: str = response.json()["error"]["field"]
    return named


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The `data` of what is at a path of the API."""
    return data(await client.get(f"/api/v1/{path}", params=query))
