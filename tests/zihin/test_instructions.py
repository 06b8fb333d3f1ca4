"""What a client is told at the start: by role, in both eras, and never of what the role may not use."""

from __future__ import annotations

import re

import httpx
import pytest
from fastmcp import Client as McpClient
from fastmcp.client.transports import StdioTransport

from tests import modern
from tests.processes import TOOLPRESS, Server
from tests.zihin.conftest import ROLES, connect, every_era, key_of
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex, find_catalog

INDEX = CatalogIndex(find_catalog("zihin"))
TEXTS = dict(INDEX.surface.instructions)
LONGEST = 2048
"""Some clients cut instructions here."""

FOR_ALL = ("whoami", "tenant", "role", "plan", "UUID", "success: false", "warnings", "chat_with_agent", "session_id")
POINTS = {
    "member": ("list_published_agents", "list_agent_sessions", "get_session_history"),
    "editor": ("get_agent_metrics", "list_agent_tools", "get_execution_diagnostics", "get_execution_trace",
               "get_tenant_health", "get_agent_budget", "list_agent_history", "list_approvals", "role admin or owner"),
    "admin": ("zihin://schemas/{type}", "validate_schema_data", "must equal tool_definition.name", "${name}",
              "prefix + secret_ref", "create_agent", "validate_agent_schemas", "publish_agent", "test_trigger",
              "delete_*", "rollback_*", "cancel_agent_turn", "set_session_control manual_handoff",
              "send_manual_message", "shown once", "PLAN_LIMIT_REACHED", "MODEL_TIER_RESTRICTED", "QUOTA_EXCEEDED",
              "setup-agent", "add-tool", "configure-webhook"),
}  # fmt: skip


@every_era
@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_told_its_own(zihin_server: Server, era: str, role: str) -> None:
    if era == "legacy":
        async with connect(zihin_server, role) as client:
            assert client.initialize_result is not None
            told = client.initialize_result.instructions
    else:
        async with httpx.AsyncClient() as http:
            answer = await http.post(zihin_server.mcp_url, **modern.request("server/discover", key_of(role)))
        told = answer.json()["result"]["instructions"]
    assert told == TEXTS[role]


async def test_over_stdio_too() -> None:
    command, *words = TOOLPRESS
    env = {"ZIHIN_API_KEY": key_of("member")}
    arguments = [*words, "serve", "zihin", "--sandbox", "--transport", "stdio"]
    async with McpClient(StdioTransport(command, arguments, env=env), mode="legacy") as client:
        assert client.initialize_result is not None
        assert client.initialize_result.instructions == TEXTS["member"]


@pytest.mark.parametrize("role", ROLES)
def test_no_text_names_a_tool_that_its_role_cannot_call(role: str) -> None:
    words = set(re.findall(r"[a-z_]+", TEXTS[role]))
    named = {tool for tool in INDEX.tools if tool.name in words}
    assert named
    assert [tool.name for tool in named if role not in audience(tool, INDEX.catalog)] == []


def test_a_member_hears_nothing_of_resources_and_prompts() -> None:
    for item in (*INDEX.surface.resources, *INDEX.surface.templates):
        assert item.uri not in TEXTS["member"]
    for prompt in INDEX.surface.prompts:
        assert prompt.name not in TEXTS["member"]


@pytest.mark.parametrize("role", ROLES)
def test_every_point_is_made_and_the_text_is_read_whole(role: str) -> None:
    points = (*FOR_ALL, *POINTS["admin" if role == "owner" else role])
    assert [point for point in points if point not in TEXTS[role]] == []
    assert role in TEXTS[role]
    assert len(TEXTS[role]) <= LONGEST
