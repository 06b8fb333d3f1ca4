"""Turn validated manifests into one catalogue without references or defaults left to guess."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from toolpress.contract import Operation, Param, ResponseRule, Route, Switch, ToolInfo
from toolpress.surface import Surface
from toolpress_codegen.manifest import JsonSchema, Module, RouteSwitch, Server, Tool
from toolpress_codegen.naming import PACKAGE, class_name
from toolpress_codegen.offer import offered
from toolpress_codegen.schemas import client_schema, enumerations, spelled


@dataclass(frozen=True, slots=True)
class ResolvedTool:
    """One tool with everything decided: its place, its request, and what a client sees."""

    manifest: Tool
    operation: Operation
    info: ToolInfo
    schema: JsonSchema
    listing: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResolvedModule:
    manifest: Module
    tools: tuple[ResolvedTool, ...]


@dataclass(frozen=True, slots=True)
class ResolvedCatalog:
    """A whole product: server facts, modules by name, and the sandbox's data."""

    server: Server
    package: str
    modules: tuple[ResolvedModule, ...]
    sandbox: Mapping[str, Any]
    contracts: Mapping[str, Any]
    surface: Surface

    @property
    def tools(self) -> tuple[ResolvedTool, ...]:
        return tuple(tool for module in self.modules for tool in module.tools)


def resolve(
    server: Server,
    modules: Iterable[Module],
    sandbox: Mapping[str, Any] | None = None,
    contracts: Mapping[str, Any] | None = None,
    package: str | None = None,
    texts: Mapping[str, str] | None = None,
) -> ResolvedCatalog:
    """Modules in the order of their names; tools in the order of their file."""
    place = package or f"{PACKAGE}.{server.catalog}"
    ordered = sorted(modules, key=lambda module: module.module)
    known = dict(sorted((contracts or {}).items()))
    return ResolvedCatalog(
        server=server,
        package=place,
        modules=tuple(
            ResolvedModule(module, tuple(_tool(tool, module.module, place) for tool in module.tools))
            for module in ordered
        ),
        sandbox=sandbox or {},
        contracts=known,
        surface=offered(server, (tool for module in ordered for tool in module.tools), known, texts or {}),
    )


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: the text that digests are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """The first 16 hex digits of SHA-256 over the canonical JSON."""
    return sha256(canonical(value).encode()).hexdigest()[:16]


def _tool(tool: Tool, module: str, package: str) -> ResolvedTool:
    schema = client_schema(tool.input)
    listing = {
        "name": tool.name,
        "title": tool.title,
        "description": described(tool, schema),
        "inputSchema": schema,
        "annotations": {"title": tool.title, **tool.annotations.model_dump()},
    }
    return ResolvedTool(
        manifest=tool,
        operation=_operation(tool, f"{package}.models.{module}:{class_name(tool.name, 'arguments')}"),
        info=ToolInfo(tool.name, module, tool.category, tool.effect, tool.source.observed, digest(listing)),
        schema=schema,
        listing=listing,
    )


def described(tool: Tool, schema: JsonSchema) -> str:
    """The description with what an agent needs at call time: required fields, enums and one example."""
    return "\n".join((tool.description.strip(), *call_notes(tool, schema)))


def call_notes(tool: Tool, schema: JsonSchema) -> tuple[str, ...]:
    """The fixed closing lines of a description."""
    notes = [f"Required: {', '.join(tool.input.required) or 'none'}."]
    values = [f"{path} = {' | '.join(map(spelled, options))}" for path, options in enumerations(schema)]
    if values:
        notes.append(f"Values: {'; '.join(values)}.")
    example = json.dumps(tool.examples[0].input, ensure_ascii=False)
    notes.append(f"Example: {example}")
    return tuple(notes)


def _operation(tool: Tool, model: str) -> Operation:
    request = tool.request
    return Operation(
        name=tool.name,
        effect=tool.effect,
        route=Route(request.method, request.path),
        params=tuple(parameter(name, value, tool) for name, value in tool.input.properties.items()),
        model=model,
        switch=_switch(request.switch),
        response=ResponseRule(tool.response.format, tool.response.data_as, tool.response.events),
        timeout_s=request.timeout_s,
    )


def _switch(entry: RouteSwitch | None) -> Switch | None:
    if entry is None:
        return None
    return Switch(entry.argument, tuple((case.when, Route(case.method, case.path)) for case in entry.cases))


def parameter(name: str, schema: JsonSchema, tool: Tool) -> Param:
    request = tool.request
    templates = [request.path, *(case.path for case in request.switch.cases)] if request.switch else [request.path]
    if f"{{{name}}}" in "".join(templates):
        location = "path"
    elif request.method in {"GET", "DELETE"}:
        location = "query"
    else:
        location = "body"
    return Param(
        name,
        schema.get("in", location),
        schema.get("wire_name", name),
        schema.get("style", "repeat"),
        schema.get("role_ceiling", False),
    )
