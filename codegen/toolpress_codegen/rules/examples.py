"""Examples: the drive command and the docs run on them, so they must be true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from toolpress_codegen.diagnostics import one_line
from toolpress_codegen.manifest import Server
from toolpress_codegen.rules.rule import Finding, Rule, Site, Subject
from toolpress_codegen.rules.schemas import sound
from toolpress_codegen.schemas import client_schema
from toolpress_codegen.shape import nearest
from toolpress_codegen.source_file import DataPath


def example_valid(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        if sound(site):
            schema = client_schema(site.tool.input)
            for index, example in enumerate(site.tool.examples):
                yield from _violations(site, ("examples", index, "input"), schema, example.input)


def failing_example(subject: Subject) -> Iterator[Finding]:
    server = subject.server
    for site in subject.sites:
        if not any(error.example for error in site.tool.errors.values()):
            hint = "add an example to one of its errors; NOT_FOUND or VALIDATION_ERROR is the easiest"
            yield site.finding(("errors",), f"{site.tool.name} has no failing example", hint, "key")
        if server is not None:
            yield from _failing(site, server)


def _failing(site: Site, server: Server) -> Iterator[Finding]:
    refusals = {server.errors.by_status.get(status) for status in (400, 422)}
    whole = sound(site)
    for code, error in site.tool.errors.items():
        example, path = error.example, ("errors", code, "example")
        if example is None:
            continue
        if example.role is not None and example.role not in server.roles:
            hint = f"use one of: {', '.join(server.roles)}"
            yield site.finding((*path, "role"), f"there is no role {example.role!r}", hint)
        if whole and code not in refusals:
            yield from _violations(site, (*path, "input"), client_schema(site.tool.input), example.input)


def error_declared(subject: Subject) -> Iterator[Finding]:
    if subject.server is None:
        return
    known = subject.server.errors.codes
    for site in subject.sites:
        for code in site.tool.errors:
            if code not in known:
                yield site.finding(("errors", code), f"{code} is no declared code", _among(code, known), "key")
    for status, code in subject.server.errors.by_status.items():
        if code not in known:
            path = ("errors", "by_status", str(status))
            yield subject.at_server(path, f"{code} is no declared code", _among(code, known))


def _among(code: str, known: Iterable[str]) -> str:
    near = nearest(code, known)
    return f"did you mean {near}?" if near else "declare it under errors.codes of server.yaml"


def default_valid(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        if not sound(site):
            continue
        for part in site.parts:
            if "default" in part.schema:
                path = (*part.path, "default")
                yield from _violations(site, path, dict(part.schema), part.schema["default"])
            for index, value in enumerate(part.schema.get("examples", ())):
                yield from _violations(site, (*part.path, "examples", index), dict(part.schema), value)


def _violations(site: Site, path: DataPath, schema: dict[str, Any], value: Any) -> Iterator[Finding]:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path))):
        yield from _violation(site, (*path, *error.absolute_path), error)


def _violation(site: Site, path: DataPath, error: ValidationError) -> Iterator[Finding]:
    if error.validator != "additionalProperties" or error.validator_value is not False:
        yield site.finding(path, one_line(error.message), "correct the value or the schema")
        return
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    given: Any = error.instance
    for name in given:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else "remove it, or declare the argument"
            yield site.finding((*path, name), f"{name} is no declared argument", hint, "key")


RULES = (
    Rule(
        "example-valid",
        "Examples fit their schema",
        "Every example is called as it stands by `toolpress drive` and shown to agents, so it must pass the input"
        " schema, formats included.",
        example_valid,
    ),
    Rule(
        "failing-example",
        "Every tool shows how it fails",
        "At least one declared error has an example that provokes it, for a role that exists. Arguments must pass the"
        " schema unless the code is the one that bad arguments get (`by_status` 400 or 422); otherwise the call would"
        " end there.",
        failing_example,
    ),
    Rule(
        "error-declared",
        "Error codes are declared",
        "Codes of tools and of `by_status` are among `errors.codes` in `server.yaml`, where their meaning stands.",
        error_declared,
    ),
    Rule(
        "default-valid",
        "Defaults fit their schema",
        "A default, and each of `examples` on a property, is a value that the property itself accepts.",
        default_valid,
    ),
)
