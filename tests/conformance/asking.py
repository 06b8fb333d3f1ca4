"""Tools that ask the client back while they run, as the handshake era allows."""

from __future__ import annotations

import json
from typing import Any

import mcp_types
from fastmcp import FastMCP
from fastmcp.server.context import Context
from mcp.shared.exceptions import MCPError
from mcp_types.jsonrpc import MISSING_REQUIRED_CLIENT_CAPABILITY

TITLED = [{"const": f"value{number}", "title": f"{word} option"} for number, word in enumerate(["First", "Second"], 1)]
PLAIN = ["option1", "option2", "option3"]

DEFAULTS: dict[str, Any] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
CHOICES: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": PLAIN},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option one", "Option two"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": PLAIN}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}


async def asked(ctx: Context, message: str, properties: dict[str, Any], *required: str) -> str:
    """What the person at the client made of a form."""
    schema = {"type": "object", "properties": properties, "required": list(required)}
    answer = await ctx.session.elicit(
        message=message, requested_schema=schema, related_request_id=ctx.origin_request_id
    )
    return f"User response: action={answer.action}, content={json.dumps(answer.content or {})}"


def add_to(mcp: FastMCP) -> None:
    @mcp.tool
    async def test_sampling(prompt: str, ctx: Context) -> str:
        """Let the client's model answer."""
        question = mcp_types.SamplingMessage(role="user", content=mcp_types.TextContent(type="text", text=prompt))
        answer = await ctx.session.create_message(
            messages=[question], max_tokens=100, related_request_id=ctx.origin_request_id
        )
        return f"LLM response: {getattr(answer.content, 'text', '')}"

    @mcp.tool
    async def test_elicitation(message: str, ctx: Context) -> str:
        """Ask for a name and an address."""
        texts = {"username": {"type": "string"}, "email": {"type": "string"}}
        return await asked(ctx, message, texts, "username", "email")

    @mcp.tool
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        """Ask with a form that is filled in already."""
        return await asked(ctx, "Please review and update the form fields with defaults", DEFAULTS)

    @mcp.tool
    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        """Ask for choices of every kind."""
        return await asked(ctx, "Please select options from the enum fields", CHOICES)

    @mcp.tool
    async def test_missing_capability(ctx: Context) -> str:
        """Work with clients only that have a model to lend."""
        capabilities = ctx.session.client_capabilities
        if capabilities is None or capabilities.sampling is None:
            needed = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(code=MISSING_REQUIRED_CLIENT_CAPABILITY, message="The client cannot sample.", data=needed)
        return "The client can sample."
