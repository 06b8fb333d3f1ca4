"""Print a plan: a mapping of relative paths to texts, nothing on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from toolpress.surface import EMPTY
from toolpress_codegen.formatting import format_python
from toolpress_codegen.manifest import JsonSchema
from toolpress_codegen.models import model_classes
from toolpress_codegen.naming import PACKAGE
from toolpress_codegen.openapi import openapi_document
from toolpress_codegen.plan import CatalogPlan, ModulePlan
from toolpress_codegen.resolve import ResolvedTool, digest

Modelled = Callable[[Mapping[str, JsonSchema], str], str]
"""From definitions and a header to the source of a module."""


def environment() -> Environment:
    """Undefined names are errors and no filter decides anything."""
    return Environment(
        loader=PackageLoader("toolpress_codegen"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python and Markdown, where HTML escapes would be faults
    )


def render(plan: CatalogPlan, modelled: Modelled = model_classes) -> dict[str, str]:
    """All files of one catalogue, formatted; paths are relative to the project root.

    `modelled` stands in for the call into datamodel-code-generator.
    """
    jinja = environment()
    notice = jinja.get_template("_header.j2").render(source=plan.source).strip()
    header = f"# {notice}"
    package = plan.resolved.package

    def printed(template: str, **values: object) -> str:
        return jinja.get_template(template).render(
            header=header, notice=notice, catalog=plan, package=package, **values
        )

    home = f"generated/{plan.folder}"
    files = {
        f"{home}/__init__.py": printed("package.py.j2", docstring=plan.docstring),
        f"{home}/catalog.py": printed("catalog.py.j2"),
        f"{home}/tools/__init__.py": printed("package.py.j2", docstring='"""One module per API module."""'),
        f"{home}/models/__init__.py": printed("package.py.j2", docstring='"""Argument models, one module each."""'),
        f"docs/reference/{plan.name}/README.md": _one_end(printed("docs/index.md.j2")),
    }
    for module in plan.modules:
        files[f"{home}/tools/{module.name}.py"] = printed("tools/module.py.j2", module=module)
        files[f"{home}/models/{module.name}.py"] = modelled(module.definitions, _models_header(module, header))
        files[f"docs/reference/{plan.name}/{module.name}.md"] = _one_end(printed("docs/module.md.j2", module=module))
    for name, value in _documents(plan).items():
        files[f"{home}/{name}"] = _json({"generated": notice, **value})
    return format_python(files)


def render_shared() -> dict[str, str]:
    """The files that belong to no single catalogue."""
    jinja = environment()
    header = "# " + jinja.get_template("_header.j2").render(source="specs").strip()
    text = jinja.get_template("package.py.j2").render(header=header, docstring='"""The catalogues that ship."""')
    return format_python({f"generated/{PACKAGE}/__init__.py": text})


def _models_header(module: ModulePlan, header: str) -> str:
    return f'{header}\n"""Argument models of {module.name}."""'


def _documents(plan: CatalogPlan) -> dict[str, dict[str, Any]]:
    catalog = plan.resolved
    digests = {tool.manifest.name: tool.info.digest for tool in catalog.tools}
    surface = {} if catalog.surface == EMPTY else {"surface.json": asdict(catalog.surface)}
    return {
        "tools.json": {"tools": [tool.listing for tool in catalog.tools]},
        "openapi.json": openapi_document(catalog),
        "sandbox.json": _sandbox(plan),
        **surface,
        "tools.lock": {"catalog": plan.name, "digest": digest(digests), "tools": digests},
    }


def _sandbox(plan: CatalogPlan) -> dict[str, Any]:
    catalog, server = plan.resolved, plan.resolved.server
    return {
        "catalog": plan.name,
        "handlers": server.sandbox.handlers,
        "roles": server.roles,
        "categories": {name: entry.model_dump(exclude={"size"}) for name, entry in server.categories.items()},
        "authentication": server.authentication.model_dump(),
        "tenancy": server.tenancy and server.tenancy.model_dump(),
        "errors": server.errors.codes,
        "contracts": catalog.contracts,
        "data": catalog.sandbox,
        "operations": [_behaviour(tool) for tool in catalog.tools],
    }


def _behaviour(tool: ResolvedTool) -> dict[str, Any]:
    manifest = tool.manifest
    return {
        "name": manifest.name,
        "category": manifest.category,
        "module": tool.info.module,
        "effect": manifest.effect,
        "method": manifest.request.method,
        "path": manifest.request.path,
        "switch": manifest.request.switch and manifest.request.switch.model_dump(),
        "params": [
            {"name": item.name, "location": item.location, "wire_name": item.wire_name, "style": item.style}
            for item in tool.operation.params
        ],
        "secrets": _secrets(manifest.input.properties),
        "input": tool.schema,
        "response": {"format": manifest.response.format, "data_as": manifest.response.data_as},
        "errors": {code: error.model_dump(exclude_none=True) for code, error in manifest.errors.items()},
        "examples": [example.model_dump(exclude_none=True) for example in manifest.examples],
        "sandbox": manifest.sandbox,
    }


def _secrets(properties: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Dotted paths of arguments whose values must never be shown or logged.

    A list adds nothing to a path; a secret under names that are not known hides them all.
    """
    found = []
    for name, schema in properties.items():
        inner = schema
        while "items" in inner and not inner.get("secret"):
            inner = inner["items"]
        values = inner.get("additionalProperties")
        if inner.get("secret") or (isinstance(values, Mapping) and _secrets({"": values})):
            found.append(f"{prefix}{name}")
        found += _secrets(inner.get("properties", {}), f"{prefix}{name}.")
    return found


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _one_end(text: str) -> str:
    return text.rstrip("\n") + "\n"
