"""A server with everything that a proxy has to pass on; `python -m tests.proxy.busy_server PORT ERA --announce FILE`.

ERA is `handshake` (sessions, and a stream of notifications for each) or `2026-07-28`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server import NotificationOptions, Server
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ToolsListChanged,
)
from starlette.types import ASGIApp, Receive, Scope, Send

KEY = "busy_key_0123456789"
Context = ServerRequestContext[Any, Any]
NOTE, TEMPLATE = "busy://note", "busy://notes/{number}"


class Busy:
    """State and handlers."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.extra = {"tools": 0, "resources": 0, "prompts": 0}
        self.cancelled: list[str] = []
        self.calls: dict[str, int] = {}
        self.level = "none"
        self.keys = {KEY}

    def tools(self) -> list[types.Tool]:
        names = ["count", "wait", "grow", "say", "ask", "facts", "revoke", *self._more("tools")]
        schema = {"type": "object", "properties": {"text": {"type": ["string", "null"], "default": None}}}
        return [
            types.Tool(
                name=name,
                title=name.title(),
                description=f"Does {name}. " + "long " * 2000,
                input_schema=schema,
                annotations=types.ToolAnnotations(read_only_hint=name == "facts", open_world_hint=False),
            )
            for name in names
        ]

    def _more(self, kind: str) -> list[str]:
        return [f"{kind}{number}" for number in range(self.extra[kind])]

    async def list_tools(self, _ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """In two pages."""
        tools = self.tools()
        if params and params.cursor:
            return types.ListToolsResult(tools=tools[3:])
        return types.ListToolsResult(tools=tools[:3], next_cursor="more")

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> Any:
        name, arguments = params.name, params.arguments or {}
        self.calls[name] = self.calls.get(name, 0) + 1
        if name == "count":
            for number in range(1, 4):
                await ctx.session.report_progress(number, 3, f"step {number}")
        elif name == "wait":
            try:
                await anyio.sleep_forever()
            finally:
                self.cancelled.append(str(arguments.get("text")))
        elif name == "grow":
            await self._grow(ctx, arguments["text"])
        elif name == "say":
            log = types.LoggingMessageNotificationParams(level="warning", data=arguments["text"])
            related = ctx.request_id
            await ctx.session.send_notification(types.LoggingMessageNotification(params=log), related)
        elif name == "ask":
            return self._ask()
        elif name == "revoke":
            self.keys.clear()
        elif name != "facts":
            raise ValueError(f"no tool {name}")
        facts = {
            "arguments": arguments,
            "cancelled": self.cancelled,
            "calls": self.calls,
            "level": self.level,
            "meta": dict((ctx.params or {}).get("_meta") or {}),
        }
        text = types.TextContent(type="text", text=json.dumps(facts))
        return types.CallToolResult(content=[text], structured_content=facts)

    async def _grow(self, ctx: Context, kind: str) -> None:
        self.extra[kind] += 1
        session = ctx.session
        if kind == "tools":
            await self.bus.publish(ToolsListChanged())
            await session.send_tool_list_changed()
        elif kind == "resources":
            await self.bus.publish(ResourcesListChanged())
            await session.send_resource_list_changed()
        else:
            await self.bus.publish(PromptsListChanged())
            await session.send_prompt_list_changed()

    def _ask(self) -> types.InputRequiredResult:
        schema: Any = {"type": "object", "properties": {"sure": {"type": "boolean"}}}
        question = types.ElicitRequest(params=types.ElicitRequestFormParams(message="Sure?", requested_schema=schema))
        return types.InputRequiredResult(input_requests={"sure": question}, request_state="s")

    async def list_resources(self, _ctx: Context, _params: Any) -> types.ListResourcesResult:
        uris = [NOTE, *(f"busy://{name}" for name in self._more("resources"))]
        return types.ListResourcesResult(resources=[types.Resource(uri=uri, name=uri) for uri in uris])

    async def list_templates(self, _ctx: Context, _params: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[types.ResourceTemplate(uri_template=TEMPLATE, name="notes")]
        )

    async def read(self, _ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if not params.uri.startswith(NOTE):
            raise ValueError("there is no such note")
        text = types.TextResourceContents(uri=params.uri, mime_type="text/markdown", text=f"# {params.uri}")
        return types.ReadResourceResult(contents=[text])

    async def list_prompts(self, _ctx: Context, _params: Any) -> types.ListPromptsResult:
        argument = types.PromptArgument(name="name", required=True)
        names = ["greet", *self._more("prompts")]
        return types.ListPromptsResult(prompts=[types.Prompt(name=name, arguments=[argument]) for name in names])

    async def get_prompt(self, _ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name != "greet":
            raise ValueError("there is no such prompt")
        content = types.TextContent(type="text", text=f"Greet {(params.arguments or {})['name']}.")
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def complete(self, _ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        return types.CompleteResult(completion=types.Completion(values=[f"{params.argument.value}da"]))

    async def set_level(self, _ctx: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
        self.level = params.level
        return types.EmptyResult()

    def server(self) -> Server[Any]:
        server: Server[Any] = _Announcing(
            "busy",
            version="9.9",
            title="Busy server",
            instructions="Keep busy. " * 500,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
            on_list_resources=self.list_resources,
            on_list_resource_templates=self.list_templates,
            on_read_resource=self.read,
            on_list_prompts=self.list_prompts,
            on_get_prompt=self.get_prompt,
            on_completion=self.complete,
            on_subscriptions_listen=ListenHandler(self.bus),
        )
        server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, self.set_level)
        return server


class _Announcing(Server[Any]):
    """Says in the handshake that lists change."""

    def create_initialization_options(self, *_arguments: Any, **_options: Any) -> Any:
        return super().create_initialization_options(NotificationOptions(True, True, True))


class Door:
    """Asks for the key, and in the handshake era knows no later protocol."""

    def __init__(self, app: ASGIApp, busy: Busy, era: str) -> None:
        self._app = app
        self._busy = busy
        self._era = era

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        status = 200
        if scope["type"] == "http" and headers.get(b"x-busy-key", b"").decode() not in self._busy.keys:
            status = 401
        elif headers.get(b"mcp-protocol-version") == b"2026-07-28" and self._era == "handshake":
            status = 400
        if status == 200:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})


async def main(port: int, era: str, announce: Path) -> None:
    busy = Busy()
    app = Door(busy.server().streamable_http_app(), busy, era)
    await _Server(uvicorn.Config(app, port=port, log_config=None, http="h11", ws="none"), announce).serve()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, announce: Path) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        draft = self._announce.with_suffix(".draft")
        draft.write_text("{}", encoding="utf-8")
        draft.replace(self._announce)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[4])))
