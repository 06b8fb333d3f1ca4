"""The server towards the host: lists from memory, everything else passed on."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import anyio
import mcp_types as types
from mcp import Client, MCPError
from mcp.server import NotificationOptions, Server
from mcp.server.context import ServerRequestContext
from mcp.shared.dispatcher import ProgressFnT
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import TypeAdapter

from toolpress.errors import ToolpressError
from toolpress.proxy import answers
from toolpress.proxy.failures import classify
from toolpress.proxy.host import LISTEN, Host
from toolpress.proxy.link import NAME
from toolpress.proxy.lists import Lists
from toolpress.proxy.settings import ProxySettings
from toolpress.proxy.upstream import Upstream
from toolpress.version import VERSION

T = TypeVar("T")
R = TypeVar("R", bound=types.Result)
Context = ServerRequestContext[Any, Any]

_Called: TypeAdapter[types.CallToolResult | types.InputRequiredResult] = TypeAdapter(
    types.CallToolResult | types.InputRequiredResult
)
_Read: TypeAdapter[types.ReadResourceResult | types.InputRequiredResult] = TypeAdapter(
    types.ReadResourceResult | types.InputRequiredResult
)
_Got: TypeAdapter[types.GetPromptResult | types.InputRequiredResult] = TypeAdapter(
    types.GetPromptResult | types.InputRequiredResult
)
_OURS = frozenset(
    {
        "progressToken",
        types.PROTOCOL_VERSION_META_KEY,
        types.CLIENT_INFO_META_KEY,
        types.CLIENT_CAPABILITIES_META_KEY,
    }
)
"""Members of a request's `_meta` that belong to one connection."""


class Forwarding:
    """The handlers of the server towards the host."""

    def __init__(self, settings: ProxySettings, upstream: Upstream, lists: Lists, host: Host) -> None:
        self._settings = settings
        self._upstream = upstream
        self._lists = lists
        self._host = host
        self._log_level: types.LoggingLevel | None = None

    def server(self, client: Client) -> tuple[Server[Any], Any]:
        """A server that looks like the one behind `client`, and what it says in the handshake.

        Resources and prompts are offered only if there are any.
        """
        info = client.server_info or types.Implementation(name=NAME, version=VERSION)
        server: Server[Any] = Server(
            info.name,
            version=VERSION,
            title=info.title,
            description=info.description,
            instructions=client.instructions,
            website_url=info.website_url,
            icons=info.icons,
        )
        add = server.add_request_handler
        add("tools/list", types.PaginatedRequestParams, self._list_tools)
        add("tools/call", types.CallToolRequestParams, self._call_tool)
        add(LISTEN, types.SubscriptionsListenRequestParams, self._host.listen)
        if self._lists.resources or self._lists.templates:
            add("resources/list", types.PaginatedRequestParams, self._list_resources)
            add("resources/templates/list", types.PaginatedRequestParams, self._list_templates)
            add("resources/read", types.ReadResourceRequestParams, self._read_resource)
        if self._lists.prompts:
            add("prompts/list", types.PaginatedRequestParams, self._list_prompts)
            add("prompts/get", types.GetPromptRequestParams, self._get_prompt)
        if client.server_capabilities.completions is not None:
            add("completion/complete", types.CompleteRequestParams, self._complete)
        if client.server_capabilities.logging is not None:
            add("logging/setLevel", types.SetLevelRequestParams, self._set_level)
        server.middleware.append(self._host)
        options = server.create_initialization_options(
            NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
        )
        return server, options

    async def prepare(self, client: Client) -> None:
        """Bring a new session to where the last one was: the lists, and the host's log level."""
        await self._lists.prepare(client)
        if self._log_level is not None:
            await self._send_level(client, self._log_level)

    async def _list_tools(self, _ctx: Context, _params: types.PaginatedRequestParams) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(self._lists.tools))

    async def _list_resources(self, _ctx: Context, _params: types.PaginatedRequestParams) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=list(self._lists.resources))

    async def _list_templates(
        self, _ctx: Context, _params: types.PaginatedRequestParams
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=list(self._lists.templates))

    async def _list_prompts(self, _ctx: Context, _params: types.PaginatedRequestParams) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=list(self._lists.prompts))

    async def _call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Once, with the limit of a call; whatever goes wrong is a result that says so."""
        tool = self._lists.tool(params.name)
        limit_s = self._settings.call_timeout_s
        request = types.CallToolRequest(
            params=types.CallToolRequestParams(name=params.name, arguments=params.arguments, _meta=self._meta(ctx))
        )
        sent = False

        async def send(client: Client) -> types.CallToolResult | types.InputRequiredResult:
            nonlocal sent
            sent = True
            return await client.session.send_request(
                request, _Called, request_read_timeout_seconds=math.inf, progress_callback=_progress(ctx)
            )

        try:
            with anyio.fail_after(limit_s):
                result = await self._upstream.once(send)
        except TimeoutError:
            raised_by = self._settings.timeout_words
            return _error(answers.timed_out(params.name, tool, limit_s, raised_by, sent=sent))
        except Exception as error:  # noqa: BLE001 - the host gets every failure as a result
            return _error(answers.failed(classify(error), tool))
        if isinstance(result, types.InputRequiredResult):
            return _error(answers.input_required(params.name))
        return _fitting(_unstamped(result), ctx)

    async def _read_resource(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        request = types.ReadResourceRequest(
            params=types.ReadResourceRequestParams(uri=params.uri, _meta=self._meta(ctx))
        )
        found = await self._asked(request, _Read, f"The resource {params.uri}")
        if isinstance(found, str):
            text = types.TextResourceContents(uri=params.uri, mime_type="text/plain", text=found)
            return types.ReadResourceResult(contents=[text])
        return found

    async def _get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        request = types.GetPromptRequest(
            params=types.GetPromptRequestParams(name=params.name, arguments=params.arguments, _meta=self._meta(ctx))
        )
        found = await self._asked(request, _Got, f"The prompt {params.name}")
        if isinstance(found, str):
            message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=found))
            return types.GetPromptResult(messages=[message])
        return found

    async def _asked(
        self, request: types.Request[Any, Any], adapter: TypeAdapter[R | types.InputRequiredResult], what: str
    ) -> R | str:
        """The answer to a question that changes nothing, or in words why there is none."""

        async def send(client: Client) -> R | types.InputRequiredResult:
            return await client.session.send_request(request, adapter)

        try:
            with anyio.fail_after(self._settings.call_timeout_s):
                found = await self._upstream.ask(send)
        except TimeoutError:
            return f"{what} cannot be had: the MCP server is not there."
        except Exception as error:  # noqa: BLE001 - the host gets every failure as a text
            return f"{what} cannot be had: {classify(error).message}"
        if isinstance(found, types.InputRequiredResult):
            return answers.input_required(what).message
        return _unstamped(found)

    async def _complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        request = types.CompleteRequest(params=params.model_copy(update={"meta": self._meta(ctx)}))

        async def send(client: Client) -> types.CompleteResult:
            return await client.session.send_request(request, types.CompleteResult)

        return _unstamped(await self._plainly(self._upstream.ask(send)))

    async def _set_level(self, _ctx: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
        self._log_level = params.level
        await self._plainly(self._upstream.ask(lambda client: self._send_level(client, params.level)))
        return types.EmptyResult()

    async def _send_level(self, client: Client, level: types.LoggingLevel) -> None:
        """A server of 2026-07-28 is told with each call instead; see `_meta`."""
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            request = types.SetLevelRequest(params=types.SetLevelRequestParams(level=level))
            await client.session.send_request(request, types.EmptyResult)

    async def _plainly(self, answer: Awaitable[T]) -> T:
        """A failure as an error of JSON-RPC."""
        try:
            return await answer
        except MCPError:
            raise
        except Exception as error:
            raise MCPError(types.INTERNAL_ERROR, classify(error).message) from error

    def _meta(self, ctx: Context) -> types.RequestParamsMeta | None:
        """What the host sent along, without what belongs to its own connection."""
        given = (ctx.params or {}).get("_meta") or {}
        kept = {name: value for name, value in given.items() if name not in _OURS}
        if self._log_level is not None:
            kept.setdefault(types.LOG_LEVEL_META_KEY, self._log_level)
        return cast("types.RequestParamsMeta", kept) if kept else None


def _progress(ctx: Context) -> ProgressFnT | None:
    """Where reports of progress go, if the host wants any."""
    given = (ctx.params or {}).get("_meta") or {}
    return ctx.session.report_progress if "progressToken" in given else None


def _error(error: ToolpressError) -> types.CallToolResult:
    content = types.TextContent(type="text", text=answers.text_of(error))
    return types.CallToolResult(content=[content], is_error=True)


def _fitting(result: types.CallToolResult, ctx: Context) -> types.CallToolResult:
    """A result that the host's protocol can carry: before 2026-07-28 structured content is an object."""
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or isinstance(result.structured_content, dict | None):
        return result
    return result.model_copy(update={"structured_content": None})


def _unstamped(result: R) -> R:
    """Without the name of the server that gave it: the host gets ours where its protocol wants one."""
    kept = {name: value for name, value in (result.meta or {}).items() if name != types.SERVER_INFO_META_KEY}
    return result.model_copy(update={"meta": kept or None})
