"""Each prompt is walked: the calls that its text tells an agent to make, in its order, lead where it promises."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import mcp_types
import pytest
from mcp.shared.exceptions import MCPError

from tests.processes import Server
from tests.sandbox.ids import AGENT
from tests.zihin.conftest import ROLES, connect, every_era, key_of
from toolpress.catalog import CatalogIndex, find_catalog

INDEX = CatalogIndex(find_catalog("zihin"))
PROMPTS = {prompt.name: prompt for prompt in INDEX.surface.prompts}
TYPES = ("assistant", "chatbot", "workflow", "classifier")
TOOL_TYPES = ("api_config", "db_config")
_STEP = re.compile(r"\b(?:[Cc]all `([a-z_]+)`|[Rr]ead `(zihin://[^`]+)`)")

PERSONA = {"editor_schema": {"persona": {"role": "Returns clerk", "objective": "Settle returns within the rules."}}}
SKILL = {
    "skill": {"name": "Late parcels", "instructions": "When a parcel is late, apologise and look its status up. " * 2}
}
WORKFLOW = {
    "workflow": {"name": "Return", "steps": [{"id": "ask", "name": "Ask", "instructions": "Ask for the number."}]}
}


class Walk:
    """An agent that follows a prompt; `steps` are the tools and resources that it used."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.steps: list[str] = []

    async def text(self, prompt: str, **arguments: str) -> str:
        [message] = (await self.client.get_prompt(prompt, arguments)).messages
        assert message.role == "user"
        for value in arguments.values():
            assert value in message.content.text
        return str(message.content.text)

    async def call(self, tool: str, **arguments: Any) -> Any:
        self.steps.append(tool)
        answer = await self.client.call_tool_mcp(tool, arguments)
        assert not answer.is_error, answer.content
        return answer.structured_content

    async def read(self, uri: str) -> Any:
        self.steps.append(uri)
        return json.loads((await self.client.read_resource(uri))[0].text)

    async def store(self, agent_id: str, kind: str, document: Any) -> None:
        """The contract-first flow of every document."""
        judged = await self.call("validate_schema_data", schema_type=kind, schema_data=document)
        assert judged["valid"] is True, judged
        await self.call("create_schema", agent_id=agent_id, schema_type=kind, schema_data=document)


def directed(text: str) -> list[str]:
    return [tool or uri for tool, uri in _STEP.findall(text)]


@every_era
@pytest.mark.parametrize("role", ROLES)
async def test_who_sees_them_and_with_which_arguments(zihin_server: Server, era: str, role: str) -> None:
    async with connect(zihin_server, role, era) as client:
        listed = {prompt.name: prompt for prompt in await client.list_prompts()}
    if role == "member":
        assert listed == {}
        return
    assert {
        name: [(argument.name, argument.required) for argument in prompt.arguments] for name, prompt in listed.items()
    } == {
        "setup-agent": [("name", True), ("type", False)],
        "add-tool": [("agent_id", True), ("tool_type", True)],
        "configure-webhook": [("agent_id", True)],
    }
    assert all(prompt.title and prompt.description and prompt.meta is None for prompt in listed.values())


def test_the_arguments_have_the_values_of_the_page() -> None:
    values = {(name, item.name): item.values for name, prompt in PROMPTS.items() for item in prompt.arguments}
    assert values[("setup-agent", "type")] == TYPES
    assert values[("add-tool", "tool_type")] == TOOL_TYPES
    assert [len(prompt.texts) for prompt in PROMPTS.values()] == [len(TYPES), len(TOOL_TYPES), 1]


@every_era
async def test_arguments_are_completed(fresh: Server, era: str) -> None:
    async with connect(fresh, "editor", era) as client:

        async def completed(prompt: str, name: str, typed: str) -> list[str]:
            reference = mcp_types.PromptReference(type="ref/prompt", name=prompt)
            return list((await client.complete(reference, {"name": name, "value": typed})).values)

        assert await completed("setup-agent", "type", "c") == ["chatbot", "classifier"]
        assert await completed("add-tool", "tool_type", "") == list(TOOL_TYPES)
        assert await completed("add-tool", "agent_id", "support desk") == [AGENT(1)]
        assert AGENT(1) in await completed("configure-webhook", "agent_id", "0a00")
        assert await completed("configure-webhook", "agent_id", "nobody of this name") == []
        assert await completed("setup-agent", "name", "x") == []


@every_era
@pytest.mark.parametrize(
    ("prompt", "arguments", "field"),
    [
        ("setup-agent", {}, "name"),
        ("setup-agent", {"name": "x", "type": "data_analyst"}, "type"),
        ("setup-agent", {"name": "two\nlines"}, "name"),
        ("add-tool", {"agent_id": AGENT(1)}, "tool_type"),
        ("add-tool", {"agent_id": AGENT(1), "tool_type": "mcp_tool_config"}, "tool_type"),
        ("configure-webhook", {"agent_id": "Support desk"}, "agent_id"),
    ],
)
async def test_wrong_arguments_are_refused_by_name(
    zihin_server: Server, era: str, prompt: str, arguments: dict[str, str], field: str
) -> None:
    async with connect(zihin_server, "owner", era) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(prompt, arguments)
    assert (caught.value.error.code, caught.value.error.data["field"]) == (-32602, field)


def test_no_text_names_what_does_not_exist() -> None:
    known = {tool.name for tool in INDEX.tools} | {item.uri for item in INDEX.surface.resources}
    for prompt in PROMPTS.values():
        for text in prompt.texts:
            steps = directed("".join(text.pieces))
            assert len(steps) > 5
            assert set(steps) <= known


@pytest.mark.parametrize("kind", TYPES)
async def test_setup_agent_ends_with_a_published_agent_that_answers(fresh: Server, kind: str) -> None:
    async with connect(fresh, "owner") as client:
        walk = Walk(client)
        text = await walk.text("setup-agent", name="Returns desk", type=kind)
        assert (await walk.call("whoami"))["plan"] in ("free", "basic", "pro", "enterprise")
        models = (await walk.read("zihin://models"))["models"]
        created = await walk.call(
            "create_agent",
            name="Returns desk",
            type=kind,
            commercial_name="Returns",
            bio="Settles returns.",
            llm_config={"model": next(m["model"] for m in models if m["tier"] == "economical"), "temperature": 0.2},
        )
        assert created["warnings"] == []
        agent = created["agent"]["id"]
        await walk.read("zihin://schemas/persona_config")
        await walk.store(agent, "persona_config", PERSONA)
        second = "workflow_config" if kind == "workflow" else "skill_config"
        await walk.read(f"zihin://schemas/{second}")
        await walk.store(agent, second, WORKFLOW if kind == "workflow" else SKILL)
        server = await walk.call(
            "create_mcp_server", agent_id=agent, name="shop", endpoint="https://mcp.example.com/mcp"
        )
        reached = await walk.call("test_mcp_server", agent_id=agent, mcp_server_id=server["mcp_server"]["id"])
        assert reached["reachable"] is True
        assert (await walk.call("validate_agent_schemas", agent_id=agent))["valid"] is True
        tools = (await walk.call("list_agent_tools", agent_id=agent))["tools"]
        assert {tool["status"] for tool in tools} == {"resolved"}
        whole = await walk.call("get_agent_full", agent_id=agent)
        assert {schema["schema_type"] for schema in whole["schemas"]} == {"persona_config", second}
        assert (await walk.call("publish_agent", agent_id=agent))["agent"]["status"] == "published"
        await walk.call("update_agent", agent_id=agent, chat_enabled=True)
        answer = await walk.call("chat_with_agent", agent_id=agent, message="Where is my parcel?")
        assert answer["response"]
    assert walk.steps == directed(text)
    for other in ("add-tool", "configure-webhook"):
        assert f"prompt `{other}`" in text


@pytest.mark.parametrize("kind", TOOL_TYPES)
async def test_add_tool_ends_with_a_tool_that_the_agent_uses(fresh: Server, kind: str) -> None:
    async with connect(fresh, "owner") as client:
        walk = Walk(client)
        text = await walk.text("add-tool", agent_id=AGENT(1), tool_type=kind)
        assert (await walk.call("get_agent", agent_id=AGENT(1)))["agent"]["status"] == "published"
        await walk.read(f"zihin://schemas/{kind}")
        document = (await walk.read("zihin://schema-templates"))["templates"][kind]["examples"][0]
        document["tool_definition"]["name"] = "look_up_return"
        if kind == "api_config":
            await walk.call("create_secret", name="returns_token", category="api", value="not-a-real-token")
            api = document["editor_schema"]["api"]
            api["auth"] = {"prefix": "Bearer", "secret_ref": "returns_token"}
            api["endpoints"][0]["name"] = "look_up_return"
        else:
            await walk.call("list_connections")
            config = {"host": "r.db.example.com", "database": "returns", "username": "reader", "password": "secret"}
            made = await walk.call("create_connection", name="Returns", provider="postgresql", connection_config=config)
            connection = made["connection"]["id"]
            await walk.call("test_connection", connection_id=connection)
            # "if it is missing or out of date": here it is, so the refresh comes first
            await client.call_tool("refresh_connection_schema", {"connection_id": connection})
            assert (await walk.call("get_connection_schema", connection_id=connection))["success"]
            await walk.call("refresh_connection_schema", connection_id=connection)
            await walk.call("get_connection_semantic", connection_id=connection)
            document["connection_id"] = connection
        await walk.store(AGENT(1), kind, document)
        tools = (await walk.call("list_agent_tools", agent_id=AGENT(1)))["tools"]
        assert [tool["status"] for tool in tools if tool["name"] == "look_up_return"] == ["resolved"]
        await walk.call("publish_agent", agent_id=AGENT(1))
        assert walk.steps == directed(text)
        answer = await client.call_tool("chat_with_agent", {"agent_id": AGENT(1), "message": "look_up_return 7"})
        assert [used["name"] for used in answer.data["tool_calls"]] == ["look_up_return"]


async def test_configure_webhook_ends_with_an_address_that_answers(fresh: Server) -> None:
    async with connect(fresh, "owner") as client:
        walk = Walk(client)
        text = await walk.text("configure-webhook", agent_id=AGENT(1))
        assert (await walk.call("get_agent", agent_id=AGENT(1)))["agent"]["status"] == "published"
        await walk.read("zihin://schemas/trigger_config")
        record = {
            "agent_id": AGENT(1),
            "name": "Shop chat",
            "trigger_type": "webhook",
            "trigger_config": {
                "query_extraction": {"mode": "field", "field": "chatInput"},
                "response_adapter": {"format": "raw"},
                "context_mapping": {"userId": "$.userId"},
                "session_strategy": {"mode": "derive", "fields": ["userId"]},
                "sender_access": {"mode": "any"},
                "auth": {"type": "api_key"},
                "execution": {"mode": "sync"},
                "message_buffer": {"enabled": True, "window_ms": 3000, "max_messages": 5},
                "split_config": {"enabled": True, "max_length": 1600, "max_messages": 4, "delay_ms": 500},
            },
        }
        judged = await walk.call("validate_schema_data", schema_type="trigger_config", schema_data=record)
        assert (judged["valid"], judged["warnings"]) == (True, [])
        created = await walk.call("create_trigger", **record)
        assert created["trigger"]["webhook_secret"].startswith("whs_")
        trigger, address = created["trigger"]["id"], created["call"]
        assert address["auth"] == {"type": "api_key", "header": "X-Api-Key"}
        payload = {"chatInput": "Where is my parcel?", "userId": "u-1"}
        assert (await walk.call("test_trigger", trigger_id=trigger, payload=payload))["response"]
        async with httpx.AsyncClient() as outside:
            called = [
                await outside.request(
                    address["method"],
                    address["url"],
                    json=payload,
                    headers={address["auth"]["header"]: key_of("owner")},
                )
                for _ in range(2)
            ]
        assert [answer.status_code for answer in called] == [200, 200]
        assert len({answer.json()["session_id"] for answer in called}) == 1
        runs = (await walk.call("list_trigger_executions", trigger_id=trigger))["executions"]
        assert [run["status"] for run in runs] == ["success", "success"]
    assert walk.steps == directed(text)


POINTS = {
    ("setup-agent", "assistant"): ["provider.model", "auto", "temperature", "MODEL_TIER_RESTRICTED", "Do not invent"],
    ("add-tool", "api_config"): [
        "endpoints[].name equals tool_definition.name", "${name}", "input_schema.properties", "secret_ref", "base64",
        "20 characters", "locked_fields", "default_body", "field_mapping", "defaults_from_context",
    ],
    ("add-tool", "db_config"): ["$1, $2", "parameter_mapping", "result_mapping", "max_rows", "format"],
    ("configure-webhook", None): [
        "field", "full_body", "raw", "ebarn", "slack", "teams", "twiml", "4096", "derive", "context_mapping",
        "ephemeral", "any", "members", "whitelist", "api_key", "signature", "none", "sync", "async", "callback",
        "message_buffer", "split_config",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("prompt", "choice"), POINTS)
def test_every_point_of_the_page_is_in_the_text(prompt: str, choice: str | None) -> None:
    text = next(
        "".join(item.pieces)
        for item in PROMPTS[prompt].texts
        if choice is None or choice in dict(item.choices).values()
    )
    assert [point for point in POINTS[(prompt, choice)] if point not in text] == []
