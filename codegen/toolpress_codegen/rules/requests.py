"""Requests: every placeholder has its argument, every argument its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolpress_codegen.diagnostics import shown
from toolpress_codegen.resolve import parameter
from toolpress_codegen.rules.places import argument_place, property_words, words_hold
from toolpress_codegen.rules.rule import Finding, Rule, Site, Subject
from toolpress_codegen.source_file import DataPath

_TENANT = "{tenant}"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_VERBS = ("list", "get", "create", "update", "delete", "toggle", "move")
_HANDLER = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def path_arguments(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        if words_hold(site):
            for where, template in _templates(site):
                yield from _placeholders(site, where, template)
            yield from _path_types(site)


def _templates(site: Site) -> Iterator[tuple[DataPath, str]]:
    request = site.tool.request
    yield ("request", "path"), request.path
    for index, case in enumerate(request.switch.cases if request.switch else ()):
        yield ("request", "switch", "cases", index, "path"), case.path


def _placeholders(site: Site, where: DataPath, template: str) -> Iterator[Finding]:
    tool = site.tool
    names = _PLACEHOLDER.findall(template)
    if "{" in _PLACEHOLDER.sub("", template) or "}" in _PLACEHOLDER.sub("", template):
        yield site.finding(where, f"{template} has a brace without its partner", "write {argument}")
    travelling = {name for name, schema in tool.input.properties.items() if _is_path(site, name)}
    for name in dict.fromkeys(names):
        if name not in tool.input.properties:
            message = f"{{{name}}} in the path is no argument"
            yield site.finding(where, message, "declare it under input.properties, or correct the path")
        elif name not in travelling:
            yield site.finding(where, f"{{{name}}} in the path has another `in:`", "remove its in: word")
    for name in sorted(travelling - set(names)):
        yield site.finding(where, f"argument {name} travels in the path, but {template} has no {{{name}}}", "add it")


def _is_path(site: Site, name: str) -> bool:
    return parameter(name, site.tool.input.properties[name], site.tool).location == "path"


def _path_types(site: Site) -> Iterator[Finding]:
    tool = site.tool
    for name, schema in tool.input.properties.items():
        if not _is_path(site, name):
            continue
        path: DataPath = ("input", "properties", name)
        if name not in tool.input.required:
            yield site.finding(path, f"{name} stands in the path but is not required", f"add {name} to required", "key")
        kind = schema.get("type")
        if isinstance(kind, list) or kind in ("object", "array"):
            message = f"{name} stands in the path and cannot be {shown(kind)}"
            yield site.finding((*path, "type"), message, "give it one plain type, such as string")


def switch_argument(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        if words_hold(site):
            yield from _switch(site)


def _switch(site: Site) -> Iterator[Finding]:
    switch, properties = site.tool.request.switch, site.tool.input.properties
    place: DataPath = ("request", "switch", "argument")
    for name, schema in properties.items():
        if schema.get("in") == "route" and (switch is None or switch.argument != name):
            hint = "add request.switch with its cases, or send it elsewhere"
            yield site.finding(("input", "properties", name, "in"), f"no switch asks for {name}", hint)
    if switch is None:
        return
    schema = properties.get(switch.argument, {})
    if schema.get("in") != "route":
        message = f"{switch.argument} picks the route"
        yield site.finding(place, message, f"declare the argument {switch.argument} with in: route")
        return
    allowed = [True, False] if schema.get("type") == "boolean" else schema.get("enum")
    written = [shown(case.when) for case in switch.cases]
    if not isinstance(allowed, list):
        yield site.finding(place, f"{switch.argument} has no list of values", "make it a boolean or give it an enum")
        return
    values = [shown(value) for value in allowed if value is not None]
    for index, text in enumerate(written):
        path: DataPath = ("request", "switch", "cases", index, "when")
        if text not in values:
            yield site.finding(path, f"{switch.argument} is never {text}", f"use one of: {', '.join(values)}")
        elif text in written[:index]:
            yield site.finding(path, f"{text} has two routes", "remove one")
    for value in values:
        if value not in written:
            message = f"{switch.argument}: {value} has no route"
            yield site.finding(("request", "switch", "cases"), message, f"add a case with when: {value}", "key")


def response_events(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        response = site.tool.response
        if response.format == "sse" and not response.events:
            hint = "add events: [names whose payloads make the result]"
            yield site.finding(("response", "format"), "a stream of events has no events that make the result", hint)
        if response.format == "json" and response.events:
            hint = "set format: sse, or remove events"
            yield site.finding(("response", "events"), "events belong to format: sse", hint, "key")


def sandbox_line(subject: Subject) -> Iterator[Finding]:
    choice = "write {do: list, of: <collection>} or {handler: <module>.<tool>}"
    for site in subject.sites:
        line = site.tool.sandbox
        if "do" in line and "handler" in line:
            yield site.finding(("sandbox",), "the sandbox has two behaviours for one tool", "keep do or handler", "key")
        elif "do" not in line and "handler" not in line:
            yield site.finding(("sandbox",), f"the sandbox cannot answer {site.tool.name}", choice, "key")
        elif "do" in line and line["do"] not in _VERBS:
            hint = f"use one of {', '.join(_VERBS)}, or a handler"
            yield site.finding(("sandbox", "do"), f"{shown(line['do'])} is no verb of the engine", hint)
        elif "do" in line and not isinstance(line.get("of"), str):
            yield site.finding(("sandbox",), "the verb has no collection", "add of: <collection>", "key")
        elif "handler" in line and not _HANDLER.fullmatch(str(line["handler"])):
            yield site.finding(("sandbox", "handler"), f"{shown(line['handler'])} is no handler", choice)


def identity_tool(subject: Subject) -> Iterator[Finding]:
    if subject.server is None or not subject.complete:
        return
    wanted = subject.server.authentication.identity.tool
    path = ("authentication", "identity", "tool")
    if wanted not in {entry.text("name") for entry in subject.entries}:
        hint = "name the tool that says whom a key belongs to"
        yield subject.at_server(path, f"there is no tool {wanted}", hint)
    for site in subject.sites:
        given = subject.server.authentication.identity.arguments
        if site.tool.name == wanted and (site.tool.effect != "read" or set(site.tool.input.required) - set(given)):
            hint = "name a read whose required arguments stand under identity.arguments"
            yield subject.at_server(path, f"{wanted} cannot be called for every request", hint)


def tenant_host(subject: Subject) -> Iterator[Finding]:
    if subject.server is None:
        return
    server, identity = subject.server, subject.server.authentication.identity
    labels = server.base_url.partition("//")[2].partition("/")[0].split(".")
    if server.tenancy is None:
        if _TENANT in server.base_url:
            yield subject.at_server(("base_url",), f"{_TENANT} has no tenancy", "add tenancy: or remove it")
        if identity.tenant is None:
            message, hint = "nothing says which tenant a key belongs to", "add tenant:, or tenancy:"
            yield subject.at_server(("authentication", "identity"), message, hint)
    elif server.base_url.count(_TENANT) != 1 or _TENANT not in labels:
        message = f"tenancy without {_TENANT} as one label of the host"
        yield subject.at_server(("base_url",), message, "write it as in https://{tenant}.example.com")


RULES = (
    Rule(
        "path-arguments",
        "Placeholders are the arguments that travel in the path",
        "Every `{name}` of the path, and of each case of a switch, is an argument; every argument with `in: path` has"
        " its placeholder in all of them. Such an argument is required and of one plain type.",
        path_arguments,
    ),
    Rule(
        "switch-argument",
        "A switch covers the values of its argument",
        "`switch.argument` is an argument with `in: route`, a boolean or an enum, and every value of it has exactly one"
        " case.",
        switch_argument,
    ),
    Rule(
        "property-words",
        "in, wire_name, style, secret and role_ceiling are used rightly",
        "`in` is a place, `style` an array style for an array in a query, `wire_name` text, `secret` and `role_ceiling`"
        " are booleans. The first three count for arguments alone, not for what is nested in them.",
        property_words,
    ),
    Rule(
        "argument-place",
        "Every argument has a place of its own",
        "No two arguments share a wire name in one place; GET carries no body; headers that the runtime or the"
        " credential owns (such as Host, Cookie and Authorization) are no arguments; objects travel in bodies only.",
        argument_place,
    ),
    Rule(
        "response-events",
        "Streams name their events",
        "With `format: sse`, `events` lists those whose payloads make the result; with JSON there are none.",
        response_events,
    ),
    Rule(
        "sandbox-line",
        "The sandbox can answer",
        "`sandbox` has either `do` with a collection (`of`), or a `handler`, not both: every tool works offline.",
        sandbox_line,
    ),
    Rule(
        "tenant-host",
        "The tenant has its place",
        "With `tenancy`, `base_url` holds `{tenant}` once, as a whole label of the host, so that a tenant's name can"
        " never reach into another part of an address. Without, the identity tool's answer says the `tenant`.",
        tenant_host,
    ),
    Rule(
        "identity-tool",
        "The identity tool can be called for any key",
        "`authentication.identity.tool` exists, is a read, and `arguments` gives all that it requires.",
        identity_tool,
    ),
)
