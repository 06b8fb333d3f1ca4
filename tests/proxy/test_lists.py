"""The lists: all pages, each for itself, and a word only when something has changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from mcp import Client, MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    Prompt,
    PromptsCapability,
    Resource,
    ResourcesCapability,
    ResourceTemplate,
    ServerCapabilities,
    Tool,
)

from toolpress.proxy.failures import Kind, classify
from toolpress.proxy.lists import Lists, Name

BROKEN = MCPError(CONNECTION_CLOSED, "broken")
BAD = MCPError(INTERNAL_ERROR, "bad")
REFUSED = MCPError(INTERNAL_ERROR, "refused", {"status": 403})


def tool(name: str, **members: Any) -> Tool:
    return Tool(name=name, input_schema={"type": "object"}, **members)


@dataclass
class Fake:
    """A client whose lists have one item a page."""

    tools: list[Tool] = field(default_factory=lambda: [tool("a"), tool("b")])
    errors: dict[str, Exception] = field(default_factory=dict)
    declared: bool = True
    asked: list[str] = field(default_factory=list)

    @property
    def server_capabilities(self) -> ServerCapabilities:
        if not self.declared:
            return ServerCapabilities()
        return ServerCapabilities(resources=ResourcesCapability(), prompts=PromptsCapability())

    def _page(self, name: str, items: list[Any], cursor: str | None) -> tuple[list[Any], str | None]:
        self.asked.append(name)
        if name in self.errors:
            raise self.errors[name]
        start = int(cursor or 0)
        following = str(start + 1) if start + 1 < len(items) else None
        return items[start : start + 1], following

    async def list_tools(self, cursor: str | None) -> ListToolsResult:
        items, following = self._page("tools", self.tools, cursor)
        return ListToolsResult(tools=items, next_cursor=following)

    async def list_resources(self, cursor: str | None) -> ListResourcesResult:
        items, following = self._page("resources", [Resource(uri="x://1", name="1")], cursor)
        return ListResourcesResult(resources=items, next_cursor=following)

    async def list_resource_templates(self, cursor: str | None) -> ListResourceTemplatesResult:
        items, following = self._page("templates", [ResourceTemplate(uri_template="x://{n}", name="n")], cursor)
        return ListResourceTemplatesResult(resource_templates=items, next_cursor=following)

    async def list_prompts(self, cursor: str | None) -> ListPromptsResult:
        items, following = self._page("prompts", [Prompt(name="p")], cursor)
        return ListPromptsResult(prompts=items, next_cursor=following)


@dataclass
class Kept:
    """Lists and what they said."""

    lines: list[str] = field(default_factory=list)
    changes: list[Name] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lists = Lists(say=self.lines.append, changed=self._changed)

    async def _changed(self, name: Name) -> None:
        self.changes.append(name)

    async def prepare(self, fake: Fake) -> None:
        await self.lists.prepare(cast("Client", fake))

    async def look(self, fake: Fake, name: Name = "tools") -> None:
        await self.lists.look(cast("Client", fake), name)

    def sizes(self) -> list[int]:
        lists = self.lists
        return [len(lists.tools), len(lists.resources), len(lists.templates), len(lists.prompts)]


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_all_pages_of_all_lists(kept: Kept) -> None:
    await kept.prepare(Fake())
    assert kept.sizes() == [2, 1, 1, 1]
    assert kept.lists.counts() == "2 tools, 1 resource, 1 prompt"
    assert (kept.lines, kept.changes) == ([], [])
    assert kept.lists.tool("b") == tool("b")
    assert kept.lists.tool("c") is None


async def test_only_what_the_server_says_it_has_is_asked_for(kept: Kept) -> None:
    fake = Fake(declared=False)
    await kept.prepare(fake)
    assert set(fake.asked) == {"tools"}
    assert kept.sizes() == [2, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "sizes"), [("tools", [0, 1, 1, 1]), ("resources", [2, 0, 0, 1]), ("prompts", [2, 1, 1, 0])]
)
async def test_a_list_that_fails_alone_is_empty(kept: Kept, name: str, sizes: list[int]) -> None:
    await kept.prepare(Fake(errors={name: BAD}))
    assert kept.sizes() == sizes
    assert kept.lines == [f"the {name} cannot be listed: bad"]


async def test_a_list_that_fails_later_stays_as_it_was(kept: Kept) -> None:
    await kept.prepare(Fake())
    await kept.prepare(Fake(errors={"tools": BAD}))
    assert kept.sizes() == [2, 1, 1, 1]
    assert kept.changes == []


@pytest.mark.parametrize(("error", "kind"), [(BROKEN, Kind.CONNECTION), (REFUSED, Kind.AUTH)])
async def test_what_concerns_the_whole_session_is_raised(kept: Kept, error: Exception, kind: Kind) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - a group or not, it is classified
        await kept.prepare(Fake(errors={"prompts": error}))
    assert classify(raised.value).kind is kind


@pytest.mark.parametrize(
    ("tools", "counts"),
    [
        ([tool("a")], "2 before, 1 now"),
        ([tool("a"), tool("b"), tool("c")], "2 before, 3 now"),
        ([tool("a"), tool("b", description="new words")], "2 before, 2 now"),
        ([tool("b"), tool("a")], "2 before, 2 now"),
    ],
)
async def test_a_change_is_seen_by_content(kept: Kept, tools: list[Tool], counts: str) -> None:
    await kept.prepare(Fake())
    await kept.look(Fake(tools=tools))
    assert kept.lines == [f"tools changed: {counts}"]
    assert kept.changes == ["tools"]
    assert list(kept.lists.tools) == tools


async def test_the_same_list_again_is_no_news(kept: Kept) -> None:
    await kept.prepare(Fake())
    for name in ("tools", "resources", "prompts"):
        await kept.look(Fake(), name)
    assert (kept.lines, kept.changes) == ([], [])


async def test_a_look_that_fails_is_raised(kept: Kept) -> None:
    await kept.prepare(Fake())
    with pytest.raises(MCPError, match="bad"):
        await kept.look(Fake(errors={"tools": BAD}))
    assert kept.sizes() == [2, 1, 1, 1]


async def test_a_server_that_never_ends_its_pages_is_left(kept: Kept) -> None:
    class Endless(Fake):
        async def list_tools(self, cursor: str | None) -> ListToolsResult:
            return ListToolsResult(tools=[tool("a")], next_cursor="again")

    await kept.prepare(Endless())
    assert len(kept.lists.tools) >= 100
