"""The upstream as the manifests see it: an OpenAPI 3.1 document."""

from __future__ import annotations

import re
from typing import Any

from toolpress.contract import Param, Route
from toolpress_codegen.manifest import JsonSchema
from toolpress_codegen.resolve import ResolvedCatalog, ResolvedTool

_STYLES = {
    "repeat": {"style": "form", "explode": True},
    "comma": {"style": "form", "explode": False},
    "brackets": {"style": "form", "explode": True},
}


def openapi_document(catalog: ResolvedCatalog) -> dict[str, Any]:
    """Every route of every tool; routes that several tools share carry all their names in `x-tools`."""
    server = catalog.server
    paths: dict[str, dict[str, Any]] = {}
    for tool in catalog.tools:
        for route, suffix in _routes(tool):
            methods = paths.setdefault(route.path, {})
            known = methods.get(route.method.lower())
            if known is not None:
                known["x-tools"].append(tool.manifest.name)
                continue
            methods[route.method.lower()] = _operation(tool, route, suffix)
    scheme = {"type": "apiKey", "in": "header", "name": server.authentication.send.header}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{server.title} upstream", "version": server.version, "description": server.description},
        "servers": [{"url": server.base_url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {"securitySchemes": {"key": scheme}},
    }


def _routes(tool: ResolvedTool) -> list[tuple[Route, str]]:
    switch = tool.operation.switch
    if switch is None:
        return [(tool.operation.route, "")]
    return [(route, f"_{value}".lower()) for value, route in switch.cases]


def _operation(tool: ResolvedTool, route: Route, suffix: str) -> dict[str, Any]:
    params = tool.operation.params
    placeholders = re.findall(r"{(\w+)}", route.path)
    travelling = [param for param in params if param.location in {"query", "header"} or param.name in placeholders]
    body = [param for param in params if param.location == "body"]
    result: dict[str, Any] = {
        "operationId": f"{tool.manifest.name}{suffix}",
        "summary": tool.manifest.title,
        "tags": [tool.info.module],
        "x-tools": [tool.manifest.name],
        "x-observed": tool.info.observed,
        "parameters": [_parameter(param, tool) for param in travelling],
        "responses": {"2XX": _answer(tool), "default": {"description": "An error with a code and a message."}},
    }
    if body:
        schema = _body(body, tool)
        needed = "required" in schema or route.method != "DELETE"  # which alone may come without a body
        result["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return result


def _parameter(param: Param, tool: ResolvedTool) -> dict[str, Any]:
    schema = dict(tool.schema["properties"][param.name])
    array = schema.get("type") == "array"
    name = f"{param.wire_name}[]" if array and param.style == "brackets" else param.wire_name
    result: dict[str, Any] = {
        "name": param.name if param.location == "path" else name,
        "in": param.location,
        "required": param.location == "path" or param.name in tool.manifest.input.required,
        "description": schema.pop("description", ""),
        "schema": schema,
    }
    if array and param.location == "query":
        result.update(_STYLES[param.style])
    return result


def _body(params: list[Param], tool: ResolvedTool) -> dict[str, Any]:
    required = [param.wire_name for param in params if param.name in tool.manifest.input.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {param.wire_name: tool.schema["properties"][param.name] for param in params},
    }
    return {**schema, "required": required} if required else schema


def _answer(tool: ResolvedTool) -> dict[str, Any]:
    response = tool.manifest.response
    media = "text/event-stream" if response.format == "sse" else "application/json"
    content: dict[str, Any] = {}
    if response.shape is not None and response.format == "json":
        content = {"schema": _enveloped(response.shape, response.data_as)}
    return {"description": tool.manifest.title, "content": {media: content}}


def _enveloped(shape: JsonSchema, data_as: str | None) -> JsonSchema:
    """The shape as the upstream answers: what is delivered as `data_as` is still called `data`."""
    if data_as not in shape.get("properties", {}):
        return shape
    properties = {("data" if name == data_as else name): value for name, value in shape["properties"].items()}
    required = ["data" if name == data_as else name for name in shape.get("required", ())]
    return {**shape, "properties": properties, **({"required": required} if required else {})}
