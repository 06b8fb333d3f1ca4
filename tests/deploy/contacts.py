"""Contacts with markers in their names: what was written, how often, and by requests of the 2026-07-28 era."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import httpx

from tests.modern import call
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.credentials import calling
from toolpress.embedded import default_credential

INDEX = CatalogIndex(find_catalog("mihu"))
CREDENTIAL = calling(default_credential(INDEX), INDEX.catalog)


def write(marker: str) -> dict[str, Any]:
    """The request that makes one more contact of this name; the product takes any number of them."""
    return call(CREDENTIAL, "create_contact", {"phone_number": "+905550000000", "name": marker})


def read(marker: str, page: int = 1) -> dict[str, Any]:
    return call(CREDENTIAL, "list_contacts", {"search": marker, "page": page, "per_page": 100})


def named(answer: httpx.Response) -> Counter[str]:
    """The names on a page that was read."""
    return Counter(contact["name"] for contact in _page(answer)["data"])


async def written(url: str, marker: str) -> Counter[str]:
    """How often each name with the marker in it was written, as the product itself has it."""
    names: Counter[str] = Counter()
    async with httpx.AsyncClient(timeout=60) as client:
        for page in count(1):
            answer = await client.post(url, **read(marker, page))
            names += named(answer)
            if page == _page(answer)["last_page"]:
                return names
    raise AssertionError("there is a last page")


def _page(answer: httpx.Response) -> dict[str, Any]:
    return dict(answer.json()["result"]["structuredContent"]["data"])
