"""Who may see and call what: every role, tool and way of connecting, against a table copied by hand from the page."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client as McpClient

from tests.processes import Server
from tests.zihin.wire import WAYS, Send, Way, key_of, over_handshake, payload
from toolpress.authorize import outranks
from toolpress.catalog import CatalogIndex
from toolpress.contract import Catalog
from toolpress.embedded import running_sandbox
from toolpress.principal import Credential, Principal
from toolpress.server import build_server
from toolpress.settings import Settings
from toolpress_catalogs.zihin.catalog import CATALOG
from toolpress_codegen.press import run_generate

ROOT = Path(__file__).parents[2]

# The page's tables: its tools by category, who may use a category, and its numbers.
TOOLS = {
    "consumer": "whoami list_published_agents chat_with_agent list_agent_sessions get_session_history",
    "consumer-profile": "get_consumer_profile list_consumers list_consumer_sessions",
    "consumer-ops": "set_consumer_denylist set_session_control send_manual_message cancel_agent_turn",
    "builder-read": """
        list_agents get_agent
        list_schemas get_schema
        list_triggers get_trigger list_trigger_executions get_trigger_execution get_session_trigger_context
        list_connections get_connection
        get_connection_schema get_connection_semantic
        list_mcp_servers get_mcp_server
        list_api_keys get_api_key
        list_csps get_csp get_effective_csps
        list_secrets
        get_agent_full list_agent_tools validate_agent_schemas validate_schema_data get_agent_metrics
        get_agent_budget list_agent_budgets
        list_approvals list_approval_policies get_approval_policy
        get_agent_lineage get_tenant_health get_execution_trace get_session_agent_tree
        list_versions get_version compare_versions list_snapshots get_snapshot list_agent_history
        list_agent_memory get_scheduler_status
        get_execution_diagnostics
    """,  # the page counts 44 and names 43; the last one is known from the product's own guides
    "builder-write": """
        create_agent update_agent delete_agent clone_agent publish_agent
        create_schema update_schema delete_schema
        create_trigger update_trigger delete_trigger toggle_trigger
        create_connection update_connection delete_connection test_connection
        refresh_connection_schema
        create_mcp_server update_mcp_server delete_mcp_server test_mcp_server invalidate_mcp_cache
        create_api_key update_api_key delete_api_key
        create_csp update_csp delete_csp toggle_csp
        create_secret update_secret delete_secret
        toggle_schema test_trigger
        set_agent_budget
        create_approval_policy update_approval_policy
        rollback_version rollback_snapshot
        delete_agent_memory
    """,
}
SIZES = {"consumer": 5, "consumer-profile": 3, "consumer-ops": 4, "builder-read": 44, "builder-write": 40}
ROLES = {
    "owner": {"consumer", "consumer-profile", "consumer-ops", "builder-read", "builder-write"},
    "admin": {"consumer", "consumer-profile", "consumer-ops", "builder-read", "builder-write"},
    "editor": {"consumer", "consumer-profile", "builder-read"},
    "member": {"consumer"},
}
AVAILABLE = {"owner": 96, "admin": 96, "editor": 52, "member": 5}
READS = {"consumer-profile", "builder-read"}
"""Categories that hold nothing but reads; what is outside them and hidden is a write."""

CATEGORY = {tool: category for category, names in TOOLS.items() for tool in names.split()}
NOBODYS = "no_such_tool"


def visible(role: str) -> set[str]:
    return {tool for tool, category in CATEGORY.items() if category in ROLES[role]}


def test_the_table_has_the_numbers_of_the_page() -> None:
    assert Counter(CATEGORY.values()) == SIZES
    assert {role: len(visible(role)) for role in ROLES} == AVAILABLE
    assert list(ROLES) == list(CATALOG.roles)


def seen(send: Send, tool: str) -> tuple[str, Any]:
    """How a call with an argument that no tool has is answered: before or after the role was looked at."""
    answer = send("tools/call", {"name": tool, "arguments": {"no_such_argument": 1}})
    if "error" in answer:
        return "error", (answer["error"]["code"], answer["error"]["message"].replace(tool, NOBODYS))
    said = payload(answer)
    assert answer["result"]["isError"] is True
    assert (said["success"], said["outcome"]) == (False, "not_sent")
    return "code", said["code"]


@pytest.fixture
def server(zihin_server: Server) -> Iterator[Server]:
    httpx.post(f"{zihin_server.sandbox_url}/__sandbox__/reset").raise_for_status()
    yield zihin_server
    httpx.post(f"{zihin_server.sandbox_url}/__sandbox__/reset").raise_for_status()


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("role", ROLES)
def test_every_tool_is_listed_described_and_called_as_the_page_says(role: str, way: Way, server: Server) -> None:
    index, wrong, checks = CatalogIndex(CATALOG), [], 0
    with way.connect(server, key_of(role)) as send:
        listed = {entry["name"]: entry for entry in send("tools/list", {})["result"]["tools"]}
        unknown = seen(send, NOBODYS)
        assert unknown[0] == "error"
        for tool, category in CATEGORY.items():
            allowed = category in ROLES[role]
            expected = {
                "list": allowed,
                "describe": index.listing(tool) if allowed else None,
                "call": ("code", "VALIDATION_ERROR")
                if allowed
                else unknown
                if category in READS
                else ("code", "WRITE_BLOCKED"),
            }
            got = {"list": tool in listed, "describe": listed.get(tool), "call": seen(send, tool)}
            checks += len(expected)
            wrong += [f"{tool} {what}: {got[what]}" for what in expected if got[what] != expected[what]]
    assert wrong == []
    assert checks == 3 * 96
    assert listed.keys() == visible(role)
    sent = httpx.get(f"{server.sandbox_url}/__sandbox__/requests").json()["requests"]
    assert {entry["tool"] for entry in sent} <= {"whoami"}, "nothing but the question who calls may reach the product"


def test_listing_and_calling_ask_one_function() -> None:
    """Audiences are read in one module, and in nothing that decides beside it."""
    readers = set()
    for path in (ROOT / "runtime" / "toolpress").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "categories":
                readers.add(path.name)
    assert readers == {"authorize.py"}


# Nobody gives away more than they have.


@pytest.mark.parametrize(
    ("caller", "wanted", "refused"),
    [
        ("owner", "owner", False),
        ("owner", "admin", False),
        ("admin", "owner", True),
        ("admin", "admin", False),
        ("admin", None, False),
        ("editor", "admin", True),
        ("editor", "editor", False),
        ("member", "editor", True),
        ("nobody", "member", True),
        ("admin", "emperor", False),
        ("admin", ["owner"], False),
    ],
)
def test_which_roles_outrank_which(caller: str, wanted: object, refused: bool) -> None:
    assert outranks(wanted, Principal(caller, "t", "f"), CATALOG) is refused


def create_key(send: Send, **arguments: object) -> dict[str, Any]:
    return payload(send("tools/call", {"name": "create_api_key", "arguments": {"name": "New", **arguments}}))


def test_a_key_above_the_callers_role_is_refused_before_it_is_sent(server: Server) -> None:
    with over_handshake(server, key_of("admin")) as send:
        refused = create_key(send, role="owner")
        assert (refused["code"], refused["field"], refused["outcome"]) == ("ROLE_ESCALATION_DENIED", "role", "not_sent")
        sent = httpx.get(f"{server.sandbox_url}/__sandbox__/requests", params={"tool": "create_api_key"}).json()
        assert sent["requests"] == []
        assert create_key(send, role="admin")["success"] is True
        assert create_key(send)["data"]["role"] == "admin", "left out, it is the page's default"
    with over_handshake(server, key_of("owner")) as send:
        assert create_key(send, role="owner")["data"]["role"] == "owner"
    with over_handshake(server, key_of("editor")) as send:
        assert create_key(send, role="member")["code"] == "WRITE_BLOCKED"


def test_the_product_refuses_it_too(server: Server) -> None:
    answer = httpx.post(
        f"{server.sandbox_url}/api/keys",
        headers={"X-Api-Key": key_of("admin")},
        json={"name": "New", "role": "owner"},
    )
    assert answer.status_code == 403
    assert "ROLE_ESCALATION_DENIED" in answer.text


# A tool that is added to a category is protected by that alone.

ADDED = """
  - name: delete_all_memory
    title: Delete all memory
    category: builder-write
    effect: delete
    annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false}
    description: Take every memory entry of an agent away at once. To take one alone use delete_agent_memory.
    request: {method: DELETE, path: '/api/agents/{agent_id}/memory'}
    input:
      required: [agent_id]
      properties:
        agent_id: {type: string, format: uuid, description: Agent whose memory is emptied.}
    errors:
      NOT_FOUND:
        when: The tenant has no such agent.
        example: {input: {agent_id: ffffffff-ffff-4fff-8fff-ffffffffffff}}
    examples:
      - input: {agent_id: 0a000000-0000-4000-8000-000000000001}
    sandbox: {handler: memory.list_agent_memory}
    source: {observed: inferred}

  - name: invite_person
    title: Invite person
    category: builder-read
    effect: create
    annotations: {readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false}
    description: Let somebody into the tenant with a role, without a key of their own. For a key use create_api_key.
    request: {method: POST, path: /api/invitations}
    input:
      properties:
        role:
          type: string
          enum: [owner, admin, editor, member]
          default: admin
          role_ceiling: true
          description: What the person may do; at most the caller's own role.
    errors:
      ROLE_ESCALATION_DENIED:
        when: The wanted role stands above the caller's.
        example: {role: editor, input: {}}
    examples:
      - input: {}
    sandbox: {do: create, of: platform_errors}
    source: {observed: inferred}
"""


def larger(size: re.Match[str]) -> str:
    return f"size: {int(size[1]) + 1}"


@pytest.fixture(scope="module")
def enlarged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The catalogue with two more entries in a manifest, pressed anew: a write for builders, one for editors too."""
    root = tmp_path_factory.mktemp("enlarged")
    specs = root / "specs" / "zihin"
    shutil.copytree(ROOT / "specs" / "zihin", specs)
    for file, change in (
        ("memory.yaml", lambda text: text.rstrip("\n") + "\n" + ADDED),
        ("server.yaml", lambda text: re.sub(r"size: (40|44)", larger, text).replace("catalog: zihin", "catalog: more")),
    ):
        (specs / file).write_text(change((specs / file).read_text(encoding="utf-8")), encoding="utf-8")
    specs.rename(root / "specs" / "more")
    assert run_generate(root=root) == 0
    package = import_module("toolpress_catalogs")
    place = str(root / "generated" / "toolpress_catalogs")
    package.__path__.append(place)
    invalidate_caches()
    try:
        catalog = import_module("toolpress_catalogs.more.catalog").CATALOG
        assert isinstance(catalog, Catalog)
        yield catalog
    finally:
        package.__path__.remove(place)
        for name in [name for name in sys.modules if name.startswith("toolpress_catalogs.more")]:
            del sys.modules[name]


@pytest.mark.parametrize("role", ROLES)
async def test_a_tool_added_to_a_category_is_protected_without_another_line(role: str, enlarged: Catalog) -> None:
    index = CatalogIndex(enlarged)
    with running_sandbox(index) as address:
        built = build_server(Settings(), enlarged, credential=Credential(key_of(role)), base_url=address, stdio=True)
        async with McpClient(built.mcp) as client:
            listed = {tool.name for tool in await client.list_tools()}
            called = await client.call_tool_mcp("delete_all_memory", {"no_such_argument": 1})
    allowed = "builder-write" in ROLES[role]
    assert ("delete_all_memory" in listed, "invite_person" in listed) == (allowed, "builder-read" in ROLES[role])
    assert called.structured_content["code"] == ("VALIDATION_ERROR" if allowed else "WRITE_BLOCKED")


@pytest.mark.parametrize(
    ("role", "given", "denied"),
    [
        ("editor", {}, True),
        ("editor", {"role": "admin"}, True),
        ("editor", {"role": "editor"}, False),
        ("admin", {}, False),
    ],
)
async def test_a_role_that_is_left_out_is_the_default_that_the_product_takes(
    role: str, given: dict[str, str], denied: bool, enlarged: Catalog
) -> None:
    with running_sandbox(CatalogIndex(enlarged)) as address:
        built = build_server(Settings(), enlarged, credential=Credential(key_of(role)), base_url=address, stdio=True)
        async with McpClient(built.mcp) as client:
            called = await client.call_tool_mcp("invite_person", given)
    assert called.is_error is denied
    assert (called.structured_content.get("code") == "ROLE_ESCALATION_DENIED") is denied
