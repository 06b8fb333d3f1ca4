"""The contract that is shown is the contract that counts: for dry runs, for writes, and for data made from it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.ids import AGENT, CONNECTION, MCP_SERVER
from tests.zihin.drawn import altered, documents
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.client import Client
from toolpress.errors import ToolpressError
from toolpress_sandbox.app import create_app
from toolpress_sandbox.zihin import contract_rules

INDEX = CatalogIndex(find_catalog("zihin"))
SHOWN = {item.name: json.loads(item.text or "") for item in INDEX.surface.resources if "/schemas/" in item.uri}
DATA = (
    "api_config", "persona_config", "db_config", "skill_config", "workflow_config", "mcp_tool_config",
    "mcp_resource_config",
)  # fmt: skip
ENTITIES = {"trigger_config": "create_trigger", "csp_config": "create_csp", "approval_policy": "create_approval_policy"}
KINDS = (*DATA, *ENTITIES)
every_kind = pytest.mark.parametrize("kind", KINDS)
moderate = settings(deadline=None, max_examples=25)


class Product:
    """The sandbox behind the catalogue's own client."""

    def __init__(self, key: str = "zhn_test_acme_owner") -> None:
        transport = httpx.ASGITransport(app=create_app("zihin"))
        self.client = Client(INDEX.catalog, key, base_url="http://sandbox", transport=transport)
        self.made = 0

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return await self.client.call(INDEX.operation(INDEX.require(tool)), arguments)

    async def judged(self, kind: str, document: Any) -> dict[str, Any]:
        return await self.call("validate_schema_data", schema_type=kind, schema_data=document)

    async def created(self, kind: str, document: Any) -> dict[str, Any]:
        """Through the tool that stores such documents, given what that tool takes."""
        if kind in DATA:
            return await self.call("create_schema", agent_id=AGENT(1), schema_type=kind, schema_data=document)
        tool = ENTITIES[kind]
        takes = INDEX.listing(tool)["inputSchema"]["properties"]
        return await self.call(tool, **{name: value for name, value in document.items() if name in takes})


@contextmanager
def running() -> Iterator[tuple[Product, Callable[..., Any]]]:
    product = Product()
    with asyncio.Runner() as runner:
        yield product, lambda work: runner.run(work)


def mended(kind: str, document: Any, number: int = 0) -> Any:
    """The document with what the rules beyond its schema ask: references to what exists, names that agree."""
    if kind == "api_config":
        tool, api = document["tool_definition"], document["editor_schema"]["api"]
        tool["input_schema"]["properties"] = {"item": {"type": "string"}}
        for endpoint in api["endpoints"]:
            endpoint |= {"name": tool["name"], "path": "/items/${item}"}
        if "secret_ref" in api.get("auth", {}):
            api["auth"]["secret_ref"] = "crm_token"
    elif kind == "db_config":
        document["connection_id"] = CONNECTION(1)
        document["tool_definition"]["input_schema"]["properties"] = {"item": {"type": "string"}}
        document |= {"query_template": "SELECT 1 WHERE id = $1", "parameter_mapping": ["item"]}
    elif kind == "skill_config":
        document["skill"]["name"] += f" {number}"  # two skills of one name are another rule
    elif kind == "workflow_config":
        for place, step in enumerate(document["workflow"]["steps"]):
            step |= {"id": f"s{place}", "next": ["s0"]}
    elif kind in ("mcp_tool_config", "mcp_resource_config"):
        document["mcp_server_id"] = MCP_SERVER(1)
    elif kind == "trigger_config":
        _mend_trigger(document)
    elif kind == "csp_config":
        document |= {"scope_target_id": AGENT(1)}
        if document["policy_type"] == "schedule":
            document["rules"].pop("timezone", None)
    return {name: value for name, value in document.items() if value is not None}


def _mend_trigger(document: Any) -> None:
    kind, config = document["trigger_type"], document["trigger_config"]
    document["agent_id"] = AGENT(1)
    if kind == "db_event":
        config["connection_id"] = CONNECTION(1)
    if kind == "schedule":
        config["cron"] = "0 9 * * 1-5"
        config.pop("timezone", None)
    if kind == "webhook":
        config["session_strategy"] = {"mode": "derive", "fields": ["user"]}
        config.setdefault("context_mapping", {})["user"] = "$.user"
        config["execution"] = {"mode": "async", "callback": {"url": "https://hooks.example.com"}}
    if "output" in config:
        config["output"]["webhook_url"] = "https://hooks.example.com"
        config["output"].pop("target", None)


def test_there_are_the_ten_of_the_page() -> None:
    assert set(SHOWN) == set(KINDS)
    assert len(KINDS) == 10


@every_kind
def test_what_is_shown_is_what_the_sandbox_checks_with(kind: str) -> None:
    assert SHOWN[kind] == INDEX.sandbox["contracts"][kind]


@every_kind
def test_each_says_of_what_it_speaks(kind: str) -> None:
    usage = SHOWN[kind]["mcp_usage"]
    if kind in DATA:
        for word in ("schema_data", "create_schema", "update_schema", "validate_schema_data"):
            assert word in usage
    else:
        for word in ("whole record", "id, tenant_id and times", ENTITIES[kind]):
            assert word in usage
        argument = usage.split("properties.")[1].split()[0]
        assert argument in SHOWN[kind]["properties"]
        assert argument in INDEX.listing(ENTITIES[kind])["inputSchema"]["properties"]


@every_kind
def test_what_the_contract_allows_is_accepted_by_dry_run_and_write(kind: str) -> None:
    with running() as (product, run):

        @moderate
        @given(documents(SHOWN[kind]))
        def check(document: Any) -> None:
            product.made += 1
            good = mended(kind, document, product.made)
            judged = run(product.judged(kind, good))
            assert (judged["valid"], judged["errors"]) == (True, [])
            stored = run(product.created(kind, good))
            assert stored["success"] is True
            if kind in DATA:
                assert stored["schema"]["schema_data"] == good

        check()


@every_kind
def test_what_breaks_the_contract_is_refused_by_both_at_the_same_place(kind: str) -> None:
    verdicts = set()
    with running() as (product, run):

        @moderate
        @given(st.data())
        def check(data: st.DataObject) -> None:
            product.made += 1
            good = mended(kind, data.draw(documents(SHOWN[kind])), product.made)
            if kind in ENTITIES:  # the server's own fields are no arguments of the tool
                takes = INDEX.listing(ENTITIES[kind])["inputSchema"]["properties"]
                good = {name: value for name, value in good.items() if name in takes}
            document = data.draw(altered(good))
            judged = run(product.judged(kind, document))
            verdicts.add(judged["valid"])
            if judged["valid"]:
                run(product.created(kind, document))
                return
            with pytest.raises(ToolpressError) as caught:
                run(product.created(kind, document))
            _same(kind, caught.value, judged["errors"])

        check()
    assert False in verdicts


def _same(kind: str, refused: ToolpressError, errors: list[dict[str, Any]]) -> None:
    paths = [error["path"] for error in errors]
    if refused.code == "NOT_FOUND":  # the agent of a trigger or a policy
        assert paths in (["agent_id"], ["scope_target_id"])
        return
    assert refused.code == "VALIDATION_ERROR"
    assert refused.field is not None
    if kind in DATA and refused.field.startswith("schema_data"):
        assert refused.details["errors"] == errors
        assert refused.field == ".".join(filter(None, ("schema_data", paths[0])))
    elif refused.details and "errors" in refused.details:
        assert refused.details["errors"] == errors
        assert refused.field == paths[0]
    else:  # the argument itself was refused, before the document was looked at as a whole
        assert refused.field in paths


def test_every_rule_that_is_checked_stands_in_a_contract() -> None:
    """A rule that no contract shows could not be known to anybody who reads it."""
    shown = {rule["id"] for contract in SHOWN.values() for rule in contract["x-rules"]}
    tree = ast.parse(inspect.getsource(contract_rules))
    checked = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
        if isinstance(node.args[0], ast.Constant)
    }
    assert checked
    assert checked <= shown


@every_kind
def test_an_update_is_checked_with_the_same_contract(kind: str) -> None:
    with running() as (product, run):
        example = SHOWN[kind]["examples"][0]
        if kind in DATA:
            made = run(product.created(kind, mended(kind, json.loads(json.dumps(example)), 1)))
            tool, given_id = "update_schema", {"agent_id": AGENT(1), "schema_id": made["schema"]["id"]}
            argument, broken = "schema_data", {"nothing": "of it"}
        else:
            made = run(product.created(kind, example))
            name = {"trigger_config": "trigger", "csp_config": "csp", "approval_policy": "policy"}[kind]
            tool, given_id = ENTITIES[kind].replace("create", "update"), {f"{name}_id": made[name]["id"]}
            argument, broken = {
                "trigger_config": ("trigger_config", {"auth": {"type": "magic"}}),
                "csp_config": ("rules", {"allowed_hours": {"start": "8h", "end": "9h"}}),
                "approval_policy": ("stages", [{"approvers": [{"type": "user"}]}]),
            }[kind]
        with pytest.raises(ToolpressError) as caught:
            run(product.call(tool, **given_id, **{argument: broken}))
        assert caught.value.code == "VALIDATION_ERROR"
        assert (caught.value.field or "").startswith(argument)
        whole = broken if kind in DATA else {**example, argument: broken}
        assert caught.value.details["errors"] == run(product.judged(kind, whole))["errors"]


def test_the_templates_are_the_examples_of_the_contracts() -> None:
    templates = next(item for item in INDEX.surface.resources if item.uri == "zihin://schema-templates")
    entries = json.loads(templates.text or "")["templates"]
    assert set(entries) == set(KINDS)
    for kind, entry in entries.items():
        assert entry["examples"] == SHOWN[kind]["examples"]
        assert len(entry["notes"]) == len(SHOWN[kind]["x-rules"])
        assert set(SHOWN[kind]["properties"]) <= set(entry["fields"])
        assert all(entry["fields"].values())


# What the page asks beyond the documents.


async def test_no_cap_is_unlimited() -> None:
    product = Product()
    capped = await product.call("set_agent_budget", agent_id=AGENT(1), limit_usd=5)
    assert capped["budget"]["unlimited"] is False
    free = await product.call("set_agent_budget", agent_id=AGENT(1), limit_usd=None)
    assert free["budget"]["unlimited"] is True
    assert (await product.call("get_agent_budget", agent_id=AGENT(1)))["unlimited"] is True
    await product.client.aclose()


async def test_an_agent_has_ten_mcp_servers_at_most() -> None:
    product = Product()
    present = (await product.call("list_mcp_servers", agent_id=AGENT(1)))["count"]
    for number in range(present, 10):
        await product.call(
            "create_mcp_server", agent_id=AGENT(1), name=f"s{number}", endpoint="https://mcp.example.com"
        )
    with pytest.raises(ToolpressError) as caught:
        await product.call("create_mcp_server", agent_id=AGENT(1), name="one more", endpoint="https://mcp.example.com")
    assert caught.value.code == "VALIDATION_ERROR"
    assert (await product.call("list_mcp_servers", agent_id=AGENT(1)))["count"] == 10
    await product.client.aclose()


@pytest.mark.parametrize(
    ("model", "good"),
    [
        ("auto", True),
        ("openai.gpt-4.1-nano", True),
        ("anthropic.claude-haiku-4-5", True),
        ("gpt-4.1-nano", False),
        ("OpenAI.gpt", False),
        ("openai/gpt", False),
        ("openai.", False),
        ("", False),
    ],
)
async def test_a_model_is_provider_dot_model_or_auto(model: str, good: bool) -> None:
    product = Product()
    with nullcontext() if good else pytest.raises(ToolpressError) as caught:
        await product.call("create_agent", name="M", llm_config={"model": model})
    if caught is not None:
        assert (caught.value.code, caught.value.field) == ("VALIDATION_ERROR", "llm_config.model")
    await product.client.aclose()


TIERS = {"free": 1, "basic": 2, "pro": 3, "enterprise": 3}


@pytest.mark.parametrize("plan", TIERS)
async def test_the_plan_decides_which_tiers_are_published(plan: str) -> None:
    raw = json.loads(json.dumps(INDEX.sandbox))
    for tenant in raw["data"]["tenants"]:
        tenant["plan"] = plan
    plans = raw["data"]["settings"]["plans"]
    plans[plan]["max_agents"] = None
    transport = httpx.ASGITransport(app=create_app("zihin", definition=raw))
    product = Product()
    product.client = Client(INDEX.catalog, "zhn_test_acme_owner", base_url="http://sandbox", transport=transport)
    by_tier = {model["tier"]: model["id"] for model in raw["data"]["settings"]["models"]}
    order = ["economical", "premium", "flagship"]
    for tier in order:
        made = await product.call("create_agent", name=tier, llm_config={"model": by_tier[tier]})
        warned = [warning["code"] for warning in made.get("warnings", ())]
        await product.call(
            "create_schema",
            agent_id=made["agent"]["id"],
            schema_type="persona_config",
            schema_data=SHOWN["persona_config"]["examples"][0],
        )
        allowed = order.index(tier) < TIERS[plan]
        assert warned == ([] if allowed else ["MODEL_TIER_RESTRICTED"])
        if allowed:
            await product.call("publish_agent", agent_id=made["agent"]["id"])
            continue
        with pytest.raises(ToolpressError) as caught:
            await product.call("publish_agent", agent_id=made["agent"]["id"])
        assert caught.value.code == "MODEL_TIER_RESTRICTED"
        assert caught.value.details["allowed_tiers"] == order[: TIERS[plan]]
    await product.client.aclose()


async def test_a_person_may_write_only_while_the_agent_does_not() -> None:
    product = Product()
    sessions = (await product.call("list_agent_sessions", agent_id=AGENT(1)))["sessions"]
    session = next(row for row in sessions if row["channel"] == "webhook")["id"]
    outcomes = {}
    for mode in ("engaged", "suspended", "manual_handoff"):
        await product.call("set_session_control", session_id=session, control_mode=mode)
        try:
            sent = await product.call("send_manual_message", session_id=session, message=f"Hello from {mode}")
            outcomes[mode] = sent["delivered"]
        except ToolpressError as error:
            outcomes[mode] = error.code
    assert outcomes == {"engaged": "INVALID_SESSION_STATE", "suspended": True, "manual_handoff": True}
    await product.client.aclose()
