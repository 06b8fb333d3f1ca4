"""A catalogue as a FastMCP provider: tools made from the generated index, never from signatures.

mcp = FastMCP("mine")
add_to(mcp, CATALOG, modules=["agents"])
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import mcp_types
from fastmcp import FastMCP
from fastmcp.prompts.base import Prompt
from fastmcp.resources.base import Resource
from fastmcp.resources.template import ResourceTemplate
from fastmcp.server.providers import Provider
from fastmcp.tools.base import Tool, ToolResult
from fastmcp.utilities.components import FastMCPComponent
from fastmcp.utilities.versions import VersionSpec
from mcp_types import TextContent, ToolAnnotations
from pydantic import PrivateAttr

from toolpress import fastmcp_seams
from toolpress.audience import Audience
from toolpress.authorize import Guarded, decide
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.completion import Completer
from toolpress.contract import Catalog, JsonObject, ToolInfo
from toolpress.errors import NOT_FOUND
from toolpress.executor import Executor
from toolpress.principal import Credential, Principal
from toolpress.prompts import CatalogPrompt
from toolpress.resources import CatalogResource, CatalogTemplate
from toolpress.subscriptions import Subscriptions
from toolpress.surface import EMPTY, ResourceInfo
from toolpress.telemetry.watching import ambient

Item = TypeVar("Item", bound=Guarded)


class CatalogTool(Tool):
    """One catalogue tool; FastMCP neither checks its arguments nor times it, `Executor.run` does both."""

    _info: ToolInfo = PrivateAttr()
    _executor: Executor = PrivateAttr()

    @classmethod
    def make(cls, info: ToolInfo, listing: JsonObject, executor: Executor) -> CatalogTool:
        tool = cls(
            name=listing["name"],
            title=listing.get("title"),
            description=listing.get("description"),
            parameters=listing["inputSchema"],
            annotations=ToolAnnotations.model_validate(listing.get("annotations", {})),
        )
        tool._info, tool._executor = info, executor
        return tool

    def get_meta(self) -> dict[str, Any]:
        """Only what was set on the tool: an empty tag list of FastMCP's in every entry says nothing."""
        return dict(self.meta) if self.meta else {}

    def to_mcp_tool(self, **overrides: Any) -> mcp_types.Tool:
        """The list entry as generated, without an empty `_meta`."""
        overrides.setdefault("_meta", self.get_meta() or None)
        return super().to_mcp_tool(**overrides)

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        answer = await self._executor.answer(self._info, arguments)
        text = TextContent(type="text", text=answer.text)
        return ToolResult(content=[text], structured_content=answer.payload, is_error=answer.is_error)


class CatalogProvider(Provider):
    """Lists what the caller may use and finds a called tool by its name alone.

    Where nobody calls, every tool is listed: `fastmcp inspect` looks at a server that never starts and has no key.
    """

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.executor = executor
        self._made: dict[str, CatalogTool] = {}

    async def _list_tools(self) -> Sequence[Tool]:
        if not fastmcp_seams.in_request():
            return [self._tool(info) for info in self.executor.index.tools]
        principal = (await self.executor.caller()).principal
        return [self._tool(info) for info in self.executor.index.tools if self._visible(principal, info)]

    async def _get_tool(self, name: str, version: VersionSpec | None = None) -> Tool | None:
        info = self.executor.index.get(name)
        if info is None or (version is not None and not version.matches(None)):
            return None
        try:
            principal = (await self.executor.caller()).principal
        except Exception:  # noqa: BLE001 - FastMCP would make "unknown tool" of it; the tool's run says what it is
            return self._tool(info)
        hidden = decide(principal, info, self.executor.index.catalog).code == NOT_FOUND
        return None if hidden else self._tool(info)

    async def _list_resources(self) -> Sequence[Resource]:
        return [self._resource(info) for info in await self._seen(self.executor.index.surface.resources)]

    async def _get_resource(self, uri: str, version: VersionSpec | None = None) -> Resource | None:
        found = [info for info in self.executor.index.surface.resources if info.uri == uri]
        return next((self._resource(info) for info in await self._found(found, version)), None)

    async def _list_resource_templates(self) -> Sequence[ResourceTemplate]:
        return [CatalogTemplate.make(info) for info in await self._seen(self.executor.index.surface.templates)]

    async def _get_resource_template(
        self,
        uri: str,  # noqa: ARG002 - FastMCP gives it by this name
        version: VersionSpec | None = None,  # noqa: ARG002 - the same
    ) -> ResourceTemplate | None:
        """Nothing is read through a template: each of its resources is one by itself."""
        return None

    async def _list_prompts(self) -> Sequence[Prompt]:
        return [CatalogPrompt.make(info) for info in await self._seen(self.executor.index.surface.prompts)]

    async def _get_prompt(self, name: str, version: VersionSpec | None = None) -> Prompt | None:
        found = [info for info in self.executor.index.surface.prompts if info.name == name]
        return next((CatalogPrompt.make(info) for info in await self._found(found, version)), None)

    async def get_tasks(self) -> Sequence[FastMCPComponent]:
        """No tool runs as a background task; FastMCP would list them all at start to find that out."""
        return []

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.executor.client.aclose()

    def _visible(self, principal: Principal, info: Guarded) -> bool:
        return decide(principal, info, self.executor.index.catalog).visible

    async def _seen(self, items: Sequence[Item]) -> Sequence[Item]:
        """Those that the caller may know of."""
        if not items or not fastmcp_seams.in_request():
            return items
        principal = (await self.executor.caller()).principal
        return [item for item in items if self._visible(principal, item)]

    async def _found(self, items: Sequence[Item], version: VersionSpec | None) -> Sequence[Item]:
        """The same, but a caller that cannot be told is told so by the reading, as by the run of a tool."""
        if not items or (version is not None and not version.matches(None)):
            return ()
        try:
            return await self._seen(items)
        except Exception:  # noqa: BLE001 - FastMCP would make "not found" of it
            return items

    def _resource(self, info: ResourceInfo) -> CatalogResource:
        return CatalogResource.make(info, self.executor)

    def _tool(self, info: ToolInfo) -> CatalogTool:
        made = self._made.get(info.name)
        if made is None:
            made = CatalogTool.make(info, self.executor.index.listing(info.name), self.executor)
            self._made[info.name] = made
        return made


def add_to(
    mcp: FastMCP[Any],
    catalog: Catalog,
    modules: Iterable[str] | None = None,
    key: str | None = None,
    base_url: str | None = None,
    tenant: str | None = None,
) -> CatalogProvider:
    """Add a catalogue, or some of its modules, to any FastMCP server; prompts come with the whole of it alone.

    With `key` (and `tenant`, for products with a host for each) every caller of that server acts with it. Without,
    each HTTP request brings its own credential as the catalogue's authentication says, and over stdio the catalogue's
    environment variables are read.
    """
    executor = Executor(
        CatalogIndex(catalog, modules),
        Client(catalog, base_url=base_url),
        credential=Credential(key, tenant) if key else None,
        headers=fastmcp_seams.request_headers,
        observer=ambient(catalog.name),
    )
    provider = CatalogProvider(executor)
    mcp.add_provider(provider)
    fastmcp_seams.skip_header_schema_lookup(mcp)
    offer(mcp, executor)
    return provider


def offer(mcp: FastMCP[Any], executor: Executor, audience: Audience | None = None) -> Subscriptions:
    """Completion and subscriptions for what the catalogue has beside tools, unless the server has its own."""
    subscriptions = Subscriptions(executor, audience or Audience(executor))
    if executor.index.surface != EMPTY:
        if not fastmcp_seams.handles(mcp, "completion/complete"):
            mcp.add_completion_handler(Completer(executor).complete)
        if not fastmcp_seams.handles(mcp, "resources/subscribe"):
            subscriptions.serve(mcp)
    return subscriptions
