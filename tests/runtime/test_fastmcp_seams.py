"""Every place below FastMCP's documented surface still is where we expect it; each failure names what moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mcp_types
import pytest
from fastmcp import Client, FastMCP
from fastmcp.server.middleware import Middleware
from fastmcp.server.transforms import Namespace
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from toolpress import fastmcp_seams


@contextmanager
def moved(what: str) -> Iterator[None]:
    """Says which seam a new version has broken; without it the next line would be a riddle."""
    try:
        yield
    except (AttributeError, TypeError, ImportError) as error:
        pytest.fail(f"FastMCP or the SDK has moved what fastmcp_seams.{what} relies on: {error!r}")


@pytest.fixture
def mcp() -> FastMCP[Any]:
    server: FastMCP[Any] = FastMCP("seams", version="9")

    @server.tool
    def echo(text: str) -> str:
        return text

    return server


async def test_a_call_needs_no_list_of_schemas(mcp: FastMCP[Any]) -> None:
    with moved("skip_header_schema_lookup"):
        fastmcp_seams.skip_header_schema_lookup(mcp, {"other": {"type": "object"}})
    lookup = mcp._mcp_server.get_tool_input_schema
    assert lookup is not None, "the SDK lists all tools when this is None"
    assert (lookup("other"), lookup("echo")) == ({"type": "object"}, None)
    async with Client(mcp) as client:
        assert (await client.call_tool("echo", {"text": "x"})).data == "x"


@pytest.mark.parametrize("kind", ["middleware", "transforms", "components"])
def test_whatever_is_added_shows(mcp: FastMCP[Any], kind: str) -> None:
    with moved("additions"):
        before = fastmcp_seams.additions(mcp)
        assert fastmcp_seams.additions(mcp) == before
    if kind == "middleware":
        mcp.add_middleware(Middleware())
    elif kind == "transforms":
        mcp.add_transform(Namespace("x"))
    else:
        mcp.tool(lambda: 1, name="another")
    after = fastmcp_seams.additions(mcp)
    changed = [
        name for name in ("middleware", "transforms", "components") if getattr(after, name) != getattr(before, name)
    ]
    assert kind in changed, "the fast lane would not step aside"


def test_a_transform_of_one_provider_shows(mcp: FastMCP[Any]) -> None:
    before = fastmcp_seams.additions(mcp)
    mcp.providers[0].add_transform(Namespace("x"))
    assert fastmcp_seams.additions(mcp).transforms != before.transforms


async def test_the_servers_name_is_what_results_carry(mcp: FastMCP[Any]) -> None:
    with moved("server_info"):
        assert fastmcp_seams.server_info(mcp) == {"name": "seams", "version": "9"}


async def test_hints_and_middleware_reach_the_wire(mcp: FastMCP[Any]) -> None:
    seen: list[str] = []

    class Noting:
        async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
            seen.append(ctx.method)
            assert fastmcp_seams.in_request() is (ctx.request_id is not None)
            with moved("connection_of"):
                assert fastmcp_seams.connection_of(ctx).initialize_accepted
            assert fastmcp_seams.wants_progress() is (ctx.method == "tools/call")
            result = await call_next(ctx)
            assert isinstance(result, dict), "what leaves here is the wire form"
            return {**result, "_meta": {"seen": True}}

    with moved("hint_caches"):
        fastmcp_seams.hint_caches(mcp, {"tools/list": CacheHint(7000, "public")})
    with moved("answer_around"):
        fastmcp_seams.answer_around(mcp, Noting())
    async with Client(mcp, mode="2026-07-28") as client:
        listed = await client.list_tools_mcp()
        assert (listed.ttl_ms, listed.cache_scope) == (7000, "public")
        assert listed.meta == {"seen": True}
        await client.call_tool("echo", {"text": "x"})
    assert {"tools/list", "tools/call"} <= set(seen)
    assert not fastmcp_seams.in_request()


async def test_methods_that_nobody_answers_can_be(mcp: FastMCP[Any]) -> None:
    async def subscribe(_ctx: Any, _params: mcp_types.SubscribeRequestParams) -> mcp_types.EmptyResult:
        return mcp_types.EmptyResult()

    with moved("handles"):
        assert fastmcp_seams.handles(mcp, "tools/list")
        assert not fastmcp_seams.handles(mcp, "resources/subscribe")
    with moved("handle"):
        fastmcp_seams.handle(mcp, "resources/subscribe", mcp_types.SubscribeRequestParams, subscribe)
    assert fastmcp_seams.handles(mcp, "resources/subscribe")
