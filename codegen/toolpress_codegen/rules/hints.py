"""Categories, roles, and annotations that tell the truth about effect and method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

from toolpress_codegen.manifest import Tool
from toolpress_codegen.rules.rule import Finding, Rule, Subject
from toolpress_codegen.source_file import DataPath

_METHODS = {
    "read": {"GET", "POST"},
    "create": {"POST"},
    "replace": {"PUT", "PATCH", "POST"},
    "update": {"PUT", "PATCH", "POST", "DELETE"},
    "delete": {"DELETE", "POST"},
    "send": {"POST", "PUT"},
    "execute": {"POST", "PUT", "PATCH"},
}


def category_known(subject: Subject) -> Iterator[Finding]:
    if subject.server is None:
        return
    known = subject.server.categories
    for site in subject.sites:
        if site.tool.category not in known:
            message = f"there is no category {site.tool.category!r}"
            yield site.finding(("category",), message, f"use one of: {', '.join(known)}")


def roles_known(subject: Subject) -> Iterator[Finding]:
    if subject.server is None:
        return
    known = subject.server.roles
    for name, category in subject.server.categories.items():
        for index, role in enumerate(category.roles):
            if role not in known:
                path = ("categories", name, "roles", index)
                yield subject.at_server(path, f"there is no role {role!r}", f"use one of: {', '.join(known)}")


def category_size(subject: Subject) -> Iterator[Finding]:
    if subject.server is None or not subject.complete:
        return
    sizes = Counter(entry.text("category") for entry in subject.entries)
    for name, category in subject.server.categories.items():
        if category.size is not None and sizes[name] != category.size:
            message = f"tools in {name}: {sizes[name]}; the product states {category.size}"
            hint = "correct the category of a tool, or the size when the product changed"
            yield subject.at_server(("categories", name, "size"), message, hint)


def hints_agree(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        for hint, wanted, reason in _wanted(site.tool):
            if getattr(site.tool.annotations, hint) != wanted:
                value = "true" if wanted else "false"
                yield site.finding(("annotations", hint), reason, f"write {hint}: {value}, or correct the effect")


def hints_stated(subject: Subject) -> Iterator[Finding]:
    if subject.server is None:
        return
    names = [entry.text("name") or "" for entry in subject.entries]
    for hint, patterns in subject.server.hints:
        if patterns is None:
            continue
        for site in subject.sites:
            match = next((pattern for pattern in patterns if fnmatchcase(site.tool.name, pattern)), None)
            if getattr(site.tool.annotations, hint) != (match is not None):
                stated = f"the product states it for {match}" if match else "the product does not state it"
                fix = f"write {hint}: {'true' if match else 'false'}, or correct hints in server.yaml"
                yield site.finding(("annotations", hint), f"{hint} of {site.tool.name}: {stated}", fix)
        for index, pattern in enumerate(patterns):
            if subject.complete and not any(fnmatchcase(name, pattern) for name in names):
                yield subject.at_server(("hints", hint, index), f"no tool is called {pattern}", "correct or remove it")


def _wanted(tool: Tool) -> Iterator[tuple[str, bool, str]]:
    effect = tool.effect
    if effect == "read":
        yield "readOnlyHint", True, "a tool with effect: read changes nothing"
        yield "destructiveHint", False, "a read destroys nothing"
    else:
        yield "readOnlyHint", False, f"a tool with effect: {effect} is not read-only"
    if effect == "delete":
        yield "destructiveHint", True, "a delete destroys something"
    if effect == "create":
        yield "destructiveHint", False, "a create destroys nothing"
        yield "idempotentHint", False, "a create makes another one each time"
    if effect == "send":
        yield "openWorldHint", True, "a send reaches people or systems outside"
    if tool.request.method == "PUT" and effect in {"replace", "update"}:
        yield "idempotentHint", True, "a PUT leaves the same state however often it is sent"


def method_agrees(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        request, effect = site.tool.request, site.tool.effect
        hint = f"{effect} goes with {', '.join(sorted(_METHODS[effect]))}; correct the method or the effect"
        if request.method not in _METHODS[effect]:
            yield site.finding(("request", "method"), f"{request.method} does not fit effect: {effect}", hint)
        for index, case in enumerate(request.switch.cases if request.switch else ()):
            undoes = case.method == "DELETE" and effect != "read"
            if case.method not in _METHODS[effect] and not undoes:
                path: DataPath = ("request", "switch", "cases", index, "method")
                yield site.finding(path, f"{case.method} does not fit effect: {effect}", hint)


RULES = (
    Rule(
        "category-known",
        "Every category is declared",
        "A tool's category gives its roles, so it must be one of `categories` in `server.yaml`.",
        category_known,
    ),
    Rule(
        "roles-known",
        "Every role is declared",
        "The roles of a category are among `roles` in `server.yaml`, which also orders them.",
        roles_known,
    ),
    Rule(
        "category-size",
        "Categories have the stated number of tools",
        "Where the product states how many tools a category has (`size`), a lost or misplaced tool shows here.",
        category_size,
    ),
    Rule(
        "hints-agree",
        "Hints agree with the effect",
        "Clients decide by the hints whether to ask the user. A read is read-only and destroys nothing; nothing else"
        " is read-only; a delete is destructive; a create is neither destructive nor idempotent; a send reaches the"
        " open world; a PUT is idempotent.",
        hints_agree,
    ),
    Rule(
        "hints-stated",
        "Hints are those that the product states",
        "Where the product states for which tools a hint holds, `hints` in `server.yaml` repeats it, as names or as"
        " beginnings such as `list_*`. The hint is then true for the tools that match and for no other, and every name"
        " matches a tool.",
        hints_stated,
    ),
    Rule(
        "method-agrees",
        "The method agrees with the effect",
        "GET never goes with an effect on the upstream, since proxies and retries repeat it freely; a read uses GET,"
        " or POST when its arguments need a body; DELETE goes with `delete`, with `update` where it takes something off"
        " a resource that stays, or as one case of a switch.",
        method_agrees,
    ),
)
