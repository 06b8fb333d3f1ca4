"""What a foreign client needs to know of each catalogue: how to log in, and three calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolpress.catalog import find_catalog

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Product:
    """`read` and `write` succeed on a fresh sandbox; `failing` fails with `code`."""

    name: str
    headers: dict[str, str]
    environment: dict[str, str]
    read: Call
    write: Call
    failing: Call
    code: str

    def __str__(self) -> str:
        return self.name

    @property
    def tools(self) -> set[str]:
        return {tool.name for tool in find_catalog(self.name).tools}

    @property
    def calls(self) -> list[Call]:
        return [self.read, self.write, self.failing]


PRODUCTS = (
    Product(
        "zihin",
        headers={"Authorization": "Bearer zhn_test_acme_owner"},
        environment={"ZIHIN_API_KEY": "zhn_test_acme_owner"},
        read=("list_agents", {"status": "published"}),
        write=("create_agent", {"name": "Foreign desk", "llm_config": {"model": "openai.gpt-4.1-nano"}}),
        failing=("get_agent", {"agent_id": "ffffffff-ffff-4fff-8fff-ffffffffffff"}),
        code="NOT_FOUND",
    ),
    Product(
        "mihu",
        headers={"Authorization": "Bearer mihu_test_acme_full", "X-Mihu-Tenant": "acme"},
        environment={"MIHU_API_TOKEN": "mihu_test_acme_full", "MIHU_TENANT": "acme"},
        read=("list_agents", {}),
        write=("create_contact", {"phone_number": "+905551112299"}),
        failing=("get_contact", {"uuid": "ffffffff-ffff-4fff-8fff-ffffffffffff"}),
        code="RESOURCE_NOT_FOUND",
    ),
)
