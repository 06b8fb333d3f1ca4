"""Resources, prompts, completion and instructions beside the tools: over real HTTP in both eras, and elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import mcp_types
import pytest
from fastmcp import Client as McpClient
from fastmcp import FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

from tests import modern
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import EDITOR, MEMBER, OWNER, Product
from toolpress import fastmcp_seams
from toolpress.authorize import ALLOWED, UNKNOWN, decide
from toolpress.catalog import CatalogIndex
from toolpress.errors import InvalidArguments
from toolpress.instructions import instructions_for
from toolpress.principal import Credential, Principal
from toolpress.prompts import text
from toolpress.provider import add_to
from toolpress.resources import shown
from toolpress.server import Built, build_server
from toolpress.settings import Settings
from toolpress.surface import EMPTY, LiveRead

ERAS = ("legacy", "2026-07-28")
LIVE, FIXED = "notebook://notes", "notebook://forms/note"
SURFACE = CatalogIndex(CATALOG).surface
every_era = pytest.mark.parametrize("era", ERAS)


def connect(url: str, key: str = OWNER, era: str = "legacy", **options: Any) -> McpClient[StreamableHttpTransport]:
    return McpClient(StreamableHttpTransport(url, headers={"X-Api-Key": key}), mode=era, **options)


def named(result: Any) -> list[str]:
    return [str(getattr(item, "uri", None) or getattr(item, "uri_template", None) or item.name) for item in result]


@pytest.mark.parametrize("role", ["owner", "editor", "member", "stranger"])
def test_one_decision_for_all_kinds(role: str) -> None:
    for item in (*SURFACE.resources, *SURFACE.templates, *SURFACE.prompts):
        expected = ALLOWED if role in ("owner", "editor") else UNKNOWN
        assert decide(Principal(role, "a", "f"), item, CATALOG) == expected


@every_era
@pytest.mark.parametrize(("key", "seen"), [(OWNER, True), (EDITOR, True), (MEMBER, False)])
async def test_lists_follow_the_role(mcp_url: str, era: str, key: str, seen: bool) -> None:
    async with connect(mcp_url, key, era) as client:
        assert named(await client.list_resources()) == ([LIVE, FIXED] if seen else [])
        assert named(await client.list_resource_templates()) == (["notebook://forms/{form}"] if seen else [])
        assert named(await client.list_prompts()) == (["tidy"] if seen else [])


@every_era
async def test_entries_say_what_was_declared_and_nothing_else(mcp_url: str, era: str) -> None:
    async with connect(mcp_url, era=era) as client:
        resource, template, prompt = (
            listed[0].model_dump(by_alias=True, exclude_none=True, mode="json")
            for listed in (
                await client.list_resources(),
                await client.list_resource_templates(),
                await client.list_prompts(),
            )
        )
    assert resource == {
        "uri": LIVE,
        "name": "notes",
        "title": "Notes",
        "description": "All notes.",
        "mimeType": "application/json",
    }
    assert template["uriTemplate"] == "notebook://forms/{form}"
    assert "_meta" not in template | prompt
    assert [(item["name"], item["required"]) for item in prompt["arguments"]] == [("note_id", True), ("depth", False)]
    assert prompt["arguments"][1]["description"] == "How far. One of: once, often. Default: once."


@every_era
async def test_a_live_resource_is_read_each_time_with_the_callers_key(mcp_url: str, era: str, product: Product) -> None:
    async with connect(mcp_url, EDITOR, era) as client:
        for _ in range(2):
            [content] = await client.read_resource(LIVE)
            assert (str(content.uri), content.mime_type) == (LIVE, "application/json")
            assert json.loads(content.text) == {"success": True, "notes": [{"note": "n1"}], "count": 1}
        [content] = await client.read_resource(FIXED)
        assert json.loads(content.text) == {"type": "object"}
    calls = product.tool_calls
    assert [(call.method, call.target, call.headers["x-api-key"]) for call in calls] == [
        ("GET", "/api/notes?limit=50", EDITOR)
    ] * 2


@every_era
async def test_what_is_hidden_is_told_as_what_does_not_exist(mcp_url: str, era: str, product: Product) -> None:
    async with connect(mcp_url, MEMBER, era) as client:
        told = []
        for uri in (LIVE, FIXED, "notebook://forms/nota", "notebook://nothing"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            told.append((caught.value.error.code, str(caught.value.error).replace(uri, "URI")))
        for name in ("tidy", "toss"):
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, {"note_id": "n1"})
            told.append((caught.value.error.code, str(caught.value.error).replace(name, "NAME")))
        completions = [
            await client.complete(
                mcp_types.PromptReference(type="ref/prompt", name=name), {"name": "depth", "value": ""}
            )
            for name in ("tidy", "toss")
        ]
    assert len(set(told[:4])) == len(set(told[4:])) == 1
    assert told[0][0] == told[-1][0] == -32602
    assert [completion.values for completion in completions] == [[], []]
    assert product.tool_calls == []


@every_era
async def test_completion(mcp_url: str, era: str) -> None:
    template = mcp_types.ResourceTemplateReference(type="ref/resource", uri="notebook://forms/{form}")
    prompt = mcp_types.PromptReference(type="ref/prompt", name="tidy")
    async with connect(mcp_url, era=era) as client:
        assert (await client.complete(template, {"name": "form", "value": "NOT"})).values == ["note", "nota"]
        assert (await client.complete(template, {"name": "form", "value": "note"})).values == ["note"]
        assert (await client.complete(template, {"name": "other", "value": ""})).values == []
        assert (await client.complete(prompt, {"name": "depth", "value": "of"})).values == ["often"]
        assert (await client.complete(prompt, {"name": "note_id", "value": "n"})).values == ["n1"]
        assert (await client.complete(prompt, {"name": "note_id", "value": "x"})).values == []
        assert (await client.complete(prompt, {"name": "nothing", "value": ""})).values == []


@every_era
async def test_a_prompt_is_its_text_with_the_arguments_put_in(mcp_url: str, era: str) -> None:
    async with connect(mcp_url, era=era) as client:
        result = await client.get_prompt("tidy", {"note_id": "n1"})
        [message] = result.messages
        assert (message.role, message.content.text) == ("user", "Look at n1 once, {braces} and all.")
        assert result.description == "Put a notebook in order."
        result = await client.get_prompt("tidy", {"note_id": "n1", "depth": "often"})
        assert result.messages[0].content.text == "Look at n1 often."
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("tidy", {"depth": "often"})
    assert caught.value.error.code == -32602
    assert caught.value.error.data == {
        "code": "VALIDATION_ERROR",
        "field": "note_id",
        "fix": "Note to begin with.",
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "note_id"),
        ({"note_id": "secret words"}, "note_id"),
        ({"note_id": "n1\n"}, "note_id"),
        ({"note_id": 7}, "note_id"),
        ({"note_id": "n1", "depth": "deep"}, "depth"),
        ({"note_id": "n1", "colour": "red"}, "colour"),
    ],
)
def test_prompt_arguments_are_checked(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        text(SURFACE.prompts[0], arguments)
    assert caught.value.field == field
    assert "secret words" not in caught.value.message


@every_era
@pytest.mark.parametrize(("key", "role"), [(OWNER, "owner"), (EDITOR, "editor"), (MEMBER, "member")])
async def test_instructions_follow_the_role(mcp_url: str, era: str, key: str, role: str) -> None:
    if era == "legacy":
        async with connect(mcp_url, key) as client:
            assert client.initialize_result is not None
            told = client.initialize_result.instructions
    else:
        async with httpx.AsyncClient() as http:
            result = (await http.post(mcp_url, **modern.request("server/discover", key))).json()["result"]
        assert result["resultType"] == "complete"
        told = result["instructions"]
    assert told == dict(SURFACE.instructions)[role]


def test_who_cannot_be_told_hears_the_least() -> None:
    assert instructions_for(None, CATALOG, SURFACE) == dict(SURFACE.instructions)["member"]
    assert instructions_for("stranger", CATALOG, SURFACE) == dict(SURFACE.instructions)["member"]
    assert instructions_for("owner", CATALOG, EMPTY).startswith("Notebook: Keep notes and ask them.")


async def test_without_a_key_lists_and_readings_say_so_and_the_start_does_not_fail(product: Product) -> None:
    built = build_server(Settings(), CATALOG, transport=product.transport())
    async with McpClient(built.mcp, mode="legacy") as client:
        assert client.initialize_result is not None
        assert client.initialize_result.instructions == dict(SURFACE.instructions)["member"]
        for request in (
            client.list_resources,
            client.list_resource_templates,
            client.list_prompts,
            lambda: client.read_resource(FIXED),
            lambda: client.get_prompt("tidy", {"note_id": "n1"}),
            lambda: client.complete(
                mcp_types.PromptReference(type="ref/prompt", name="tidy"), {"name": "depth", "value": ""}
            ),
        ):
            with pytest.raises(MCPError) as caught:
                await request()
            assert (caught.value.error.code, caught.value.error.data["code"]) == (-32001, "MISSING_API_KEY")


@every_era
async def test_a_failed_reading_says_what_went_wrong_and_logs_no_traceback(
    mcp_url: str, built: Built, era: str, product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    built.executor.client.upstream._limits = CATALOG.limits.__class__(read_retries=0)
    async with connect(mcp_url, era=era) as client:
        await client.list_resources()
        product.down = True
        with pytest.raises(MCPError) as caught:
            await client.read_resource(LIVE)
    assert caught.value.error.code == -32002
    assert caught.value.error.data["code"] == "UPSTREAM_UNAVAILABLE"
    assert caught.value.error.data["retryable"] is True
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_reading_has_its_line_in_the_log(
    mcp_url: str, caplog: pytest.LogCaptureFixture, product: Product
) -> None:
    with caplog.at_level("INFO", "toolpress"):
        async with connect(mcp_url) as client:
            await client.read_resource(LIVE)
    [line] = [record for record in caplog.records if record.name == "toolpress"]
    assert (line.resource, line.outcome, line.role) == (LIVE, "ok", "owner")


async def test_added_to_another_server(product: Product) -> None:
    mcp: FastMCP[Any] = FastMCP("mine")
    provider = add_to(mcp, CATALOG, key=EDITOR)
    provider.executor.client.upstream._transport = product.transport()

    @mcp.resource("mine://own")
    def own() -> str:
        return "own"

    async with McpClient(mcp) as client:
        assert set(named(await client.list_resources())) == {LIVE, FIXED, "mine://own"}
        assert json.loads((await client.read_resource(LIVE))[0].text)["count"] == 1
        assert (await client.read_resource("mine://own"))[0].text == "own"
        product.down = True
        provider.executor.client.upstream._limits = CATALOG.limits.__class__(read_retries=0)
        with pytest.raises(MCPError) as caught:
            await client.read_resource(LIVE)
        assert caught.value.error.data["code"] == "UPSTREAM_UNAVAILABLE"


async def test_an_own_completion_stays(product: Product) -> None:
    mcp: FastMCP[Any] = FastMCP("mine")

    @mcp.completion
    def own(_reference: Any, _argument: Any, _context: Any) -> list[str]:
        return ["own"]

    add_to(mcp, CATALOG, key=OWNER)
    async with McpClient(mcp) as client:
        reference = mcp_types.PromptReference(type="ref/prompt", name="tidy")
        assert (await client.complete(reference, {"name": "depth", "value": ""})).values == ["own"]


async def test_a_python_look_at_the_server_needs_no_key(product: Product) -> None:
    built = build_server(Settings(), CATALOG, transport=product.transport())
    assert named(await built.mcp.list_resources()) == [LIVE, FIXED]
    assert named(await built.mcp.list_prompts()) == ["tidy"]
    assert product.seen == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"notes": [{"id": 1, "kind": None, "more": 2}]}, {"notes": [{"note": 1, "kind": None}]}),
        ({"notes": [{"more": 2}, "odd"], "total": 2}, {"notes": [{}, "odd"], "total": 2}),
        ({"notes": {"id": 1}}, {"notes": {"id": 1}}),
        ({"rows": []}, {"rows": []}),
    ],
)
def test_items_are_shown_as_declared_and_an_odd_answer_as_it_came(answer: Any, expected: Any) -> None:
    live = LiveRead("/api/notes", data_as="notes", fields=(("note", "id"), ("kind", "kind")))
    assert shown(answer, live) == expected


async def test_in_memory_with_the_key_of_the_process(product: Product) -> None:
    built = build_server(Settings(), CATALOG, credential=Credential(MEMBER), transport=product.transport(), stdio=True)
    async with McpClient(built.mcp) as client:
        assert await client.list_resources() == []
        assert await client.list_prompts() == []


def test_a_catalogue_with_tools_alone_promises_nothing_else(product: Product) -> None:
    tools_alone = replace(CATALOG, package="tests.runtime")
    assert CatalogIndex(tools_alone).surface == EMPTY
    for catalog, promised in ((CATALOG, True), (tools_alone, False)):
        built = build_server(Settings(), catalog, transport=product.transport())
        for method in ("completion/complete", "resources/subscribe", "subscriptions/listen"):
            assert fastmcp_seams.handles(built.mcp, method) is promised
