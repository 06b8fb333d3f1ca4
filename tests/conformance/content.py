"""Tools, resources and prompts whose content is more than text, and arguments that need all of JSON Schema."""

from __future__ import annotations

import base64
import json
import struct
from typing import Annotated, Any

import mcp_types
from fastmcp import FastMCP
from fastmcp.prompts import Message
from fastmcp.tools.base import Tool, ToolResult
from pydantic import Field

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8BQDwAEgAF/pooBPQAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
SILENCE = base64.b64encode(
    b"RIFF" + struct.pack("<L4s4sLHHLLHH4sL", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 0)
).decode()
"""A WAV of no length."""

STREET = {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}
EVERY_KEYWORD: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", **STREET}},
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Echo(Tool):
    """A tool with a schema of its own."""

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        return ToolResult(content=[mcp_types.TextContent(type="text", text=json.dumps(arguments))])


def image() -> mcp_types.ImageContent:
    return mcp_types.ImageContent(type="image", data=DOT, mime_type="image/png")


def embedded(uri: str, media_type: str, text: str) -> mcp_types.EmbeddedResource:
    return mcp_types.EmbeddedResource(
        type="resource", resource=mcp_types.TextResourceContents(uri=uri, mime_type=media_type, text=text)
    )


def add_to(mcp: FastMCP) -> None:
    @mcp.tool
    def test_image_content() -> mcp_types.ImageContent:
        """Show a picture."""
        return image()

    @mcp.tool
    def test_audio_content() -> mcp_types.AudioContent:
        """Play a sound."""
        return mcp_types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")

    @mcp.tool
    def test_embedded_resource() -> mcp_types.EmbeddedResource:
        """Hand over a resource that is not listed."""
        return embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")

    @mcp.tool
    def test_multiple_content_types() -> list[mcp_types.ContentBlock]:
        """Answer with a text, a picture and a resource."""
        return [
            mcp_types.TextContent(type="text", text="Multiple content types test:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ]

    @mcp.tool
    def test_custom_headers(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "",
        priority: Annotated[int, Field(json_schema_extra={"x-mcp-header": "Priority"})] = 0,
        verbose: Annotated[bool, Field(json_schema_extra={"x-mcp-header": "Verbose"})] = False,
        message: str = "",
    ) -> str:
        """Repeat arguments that clients repeat in headers."""
        return f"{region} {priority} {verbose} {message}"

    mcp.add_tool(
        Echo(name="json_schema_2020_12_tool", description="Repeat arguments of every kind.", parameters=EVERY_KEYWORD)
    )

    @mcp.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """A picture."""
        return base64.b64decode(DOT)

    @mcp.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:
        """Data of any id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @mcp.prompt
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the suite names it so
        """A prompt that brings a resource."""
        return [
            Message(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
            Message("Please process the embedded resource above."),
        ]

    @mcp.prompt
    def test_prompt_with_image() -> list[Message]:
        """A prompt that brings a picture."""
        return [Message(image()), Message("Please analyze the image above.")]
