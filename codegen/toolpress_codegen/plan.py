"""Choose every name, path, signature and sentence of the output, so that templates only print."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolpress.contract import (
    Authentication,
    Category,
    CredentialHeader,
    ErrorRules,
    Identity,
    Limits,
    Sessions,
    Tenancy,
)
from toolpress.surface import PromptInfo, ResourceInfo
from toolpress_codegen.diagnostics import UnpressableError
from toolpress_codegen.literal import docstring, literal
from toolpress_codegen.manifest import JsonSchema, Server
from toolpress_codegen.naming import argument_name, constant_name
from toolpress_codegen.resolve import ResolvedCatalog, ResolvedModule, ResolvedTool, call_notes
from toolpress_codegen.schemas import Definition, annotation, definitions, spelled

_WIDTH = 112


class NameClashError(UnpressableError):
    """Two items of one module would get the same class name; the message names both."""


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """One emitted function and its rows in the documents."""

    name: str
    constant: str
    operation: str
    signature: str
    arguments: str
    docstring: str
    title: str
    summary: str
    request: str
    category: str
    roles: str
    effect: str
    hints: str
    observed: str
    note: str
    rows: tuple[str, ...]
    errors: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class ModulePlan:
    name: str
    title: str
    description: str
    docstring: str
    tools: tuple[ToolPlan, ...]
    definitions: Mapping[str, JsonSchema]


@dataclass(frozen=True, slots=True)
class RoleText:
    """The instructions for one role."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """Everything that the templates print for one catalogue."""

    name: str
    title: str
    description: str
    docstring: str
    source: str
    folder: str
    modules: tuple[ModulePlan, ...]
    rows: tuple[str, ...]
    literal: str
    size: int
    resources: tuple[str, ...]
    prompts: tuple[str, ...]
    instructions: tuple[RoleText, ...]
    resolved: ResolvedCatalog


def make_plan(catalog: ResolvedCatalog) -> CatalogPlan:
    """Raises NameClashError when two items ask for one class name."""
    server = catalog.server
    return CatalogPlan(
        name=server.catalog,
        title=server.title,
        description=server.description.strip(),
        docstring=docstring("\n".join(_filled(f"{server.title}: {_unwrapped(server.description)}"))),
        source=f"specs/{server.catalog}",
        folder=catalog.package.replace(".", "/"),
        modules=tuple(_module(module, server) for module in catalog.modules),
        rows=tuple(literal(tool.info) for tool in catalog.tools),
        literal=_catalog(catalog),
        size=len(catalog.tools),
        resources=tuple(_resource_row(item, server) for item in catalog.surface.resources),
        prompts=tuple(_prompt_row(item, server) for item in catalog.surface.prompts),
        instructions=tuple(RoleText(role, text) for role, text in catalog.surface.instructions),
        resolved=catalog,
    )


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


def _module(module: ResolvedModule, server: Server) -> ModulePlan:
    manifest = module.manifest
    found: dict[str, Definition] = {}
    for tool in module.tools:
        for definition in definitions(tool.manifest.name, tool.schema):
            other = found.setdefault(definition.name, definition)
            if other is not definition:
                raise NameClashError(
                    f"module {manifest.module}: {other.place} and {definition.place} both need a class"
                    f" {definition.name}; rename one tool or argument"
                )
    return ModulePlan(
        name=manifest.module,
        title=manifest.title,
        description=_unwrapped(manifest.description),
        docstring=docstring("\n".join(_filled(f"{manifest.title}: {_unwrapped(manifest.description)}"))),
        tools=tuple(_tool(tool, server) for tool in module.tools),
        definitions={name: definition.schema for name, definition in found.items()},
    )


def _tool(tool: ResolvedTool, server: Server) -> ToolPlan:
    manifest = tool.manifest
    hints = [name.removesuffix("Hint") for name, value in manifest.annotations.model_dump().items() if value]
    return ToolPlan(
        name=manifest.name,
        constant=constant_name(manifest.name),
        operation=literal(tool.operation),
        signature=_signature(tool),
        arguments="".join(f"{name!r}: {argument_name(name)}, " for name in manifest.input.properties),
        docstring=docstring(_function_text(tool), "    "),
        title=manifest.title,
        summary=_unwrapped(manifest.description),
        request=_request(tool),
        category=manifest.category,
        roles=", ".join(server.categories[manifest.category].roles),
        effect=manifest.effect,
        hints=", ".join(hints) or "none",
        observed=manifest.source.observed,
        note=_unwrapped(manifest.source.note or ""),
        rows=tuple(_rows(tool.schema)),
        errors=tuple(f"| `{code}` | {_cell(error.when)} |" for code, error in manifest.errors.items()),
        example=json.dumps(manifest.examples[0].input, ensure_ascii=False, indent=2),
    )


def _signature(tool: ResolvedTool) -> str:
    required = tool.manifest.input.required
    arguments = []
    for name, schema in tool.schema["properties"].items():
        kind = annotation(schema, (tool.manifest.name, name))
        arguments.append((name not in required, f"{argument_name(name)}: {kind}"))
    needed = [text for optional, text in arguments if not optional]
    optional = [f"{text} | Unset = UNSET" for optional, text in arguments if optional]
    keywords = ["*", *needed, *optional] if arguments else []
    return ", ".join(["client: Client", *keywords])


def _function_text(tool: ResolvedTool) -> str:
    facts = f"Request: {_request(tool)}. Facts: {tool.manifest.source.observed}."
    body = (_unwrapped(tool.manifest.description), *call_notes(tool.manifest, tool.schema), facts)
    return "\n".join((f"{tool.manifest.title}.", "", *(line for text in body for line in _filled(text))))


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _request(tool: ResolvedTool) -> str:
    operation = tool.operation
    if operation.switch is None:
        return f"{operation.route.method} {operation.route.path}"
    routes = [f"{route.method} {route.path}" for _, route in operation.switch.cases]
    return f"by {operation.switch.argument}: " + "; ".join(routes)


def _rows(schema: JsonSchema, prefix: str = "") -> list[str]:
    rows = []
    for name, value in schema["properties"].items():
        needed = "yes" if name in schema.get("required", ()) else ""
        rows.append(f"| `{prefix}{name}` | {_cell(_kind(value))} | {needed} | {_cell(value.get('description', ''))} |")
        inner = value.get("items", value)
        if inner.get("properties"):
            rows += _rows(inner, f"{prefix}{name}{'[]' if inner is not value else ''}.")
    return rows


def _kind(schema: JsonSchema) -> str:
    kind = schema["type"]
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        text += f" of {_kind(schema['items'])}"
    known = {**schema, "pattern": _code(schema["pattern"])} if "pattern" in schema else schema
    bounds = [f"{word} {known[word]}" for word in _BOUNDS if word in known]
    if "enum" in schema:
        bounds.append("one of " + ", ".join(f"`{spelled(value)}`" for value in schema["enum"]))
    if "default" in schema:
        bounds.append(f"default {json.dumps(schema['default'])}")
    return ", ".join([text, *bounds])


def _code(pattern: str) -> str:
    """A pattern is full of what Markdown would take for links and emphasis."""
    fence = "``" if "`" in pattern else "`"
    return f"{fence}{pattern}{fence}"


_BOUNDS = (
    *("format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems"),
)


def _cell(text: str) -> str:
    return _unwrapped(text).replace("|", "\\|")


def _resource_row(item: ResourceInfo, server: Server) -> str:
    roles = ", ".join(server.categories[item.category].roles)
    source = f"live: `GET {item.read.path}`" if item.read else "fixed"
    return f"| `{item.uri}` | {_cell(item.description)} | {source} | {roles} |"


def _prompt_row(item: PromptInfo, server: Server) -> str:
    roles = ", ".join(server.categories[item.category].roles)
    arguments = ", ".join(f"`{argument.name}`" + ("" if argument.required else "?") for argument in item.arguments)
    return f"| `{item.name}` | {arguments or 'none'} | {_cell(item.description)} | {roles} |"


def _catalog(catalog: ResolvedCatalog) -> str:
    server = catalog.server
    values: dict[str, Any] = {
        "name": server.catalog,
        "title": server.title,
        "version": server.version,
        "description": _unwrapped(server.description),
        "package": catalog.package,
        "base_url": server.base_url,
        "authentication": _authentication(server),
        "roles": server.roles,
        "categories": tuple(Category(name, entry.title, entry.roles) for name, entry in server.categories.items()),
        "limits": Limits(**server.limits.model_dump()),
        "errors": _errors(server),
        "sandbox": server.sandbox.handlers,
        "tenancy": Tenancy(**server.tenancy.model_dump()) if server.tenancy else None,
        **({"mcp_url": server.mcp_url} if server.mcp_url else {}),
        "sessions": _sessions(server),
    }
    members = [f"{name}={literal(value)}" for name, value in values.items()]
    return f"Catalog({', '.join([*members, 'tools=TOOLS'])})"


def _authentication(server: Server) -> Authentication:
    entry = server.authentication
    arguments = tuple(entry.identity.arguments.items())
    return Authentication(
        accept=tuple(CredentialHeader(item.header, item.scheme) for item in entry.accept),
        send=CredentialHeader(entry.send.header, entry.send.scheme),
        prefixes=entry.prefixes,
        environment=entry.environment,
        identity=Identity(**entry.identity.model_dump(exclude={"arguments"}), arguments=arguments),
        oauth=entry.oauth,
    )


def _sessions(server: Server) -> Sessions | None:
    entry = server.sessions
    return Sessions(tuple(entry.lifetime_hours.items()), entry.plan) if entry else None


def _errors(server: Server) -> ErrorRules:
    entry = server.errors
    by_status = tuple(sorted(entry.by_status.items()))
    return ErrorRules(entry.message, entry.code, entry.field, entry.details, by_status, tuple(entry.fixes.items()))
