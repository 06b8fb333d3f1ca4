"""Input schemas: the part of JSON Schema that every large client accepts and generated models enforce."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toolpress_codegen.diagnostics import shown
from toolpress_codegen.manifest import PROPERTY_WORDS
from toolpress_codegen.rules.patterns import pattern_portable, unportable
from toolpress_codegen.rules.rule import Finding, Rule, Site, Subject
from toolpress_codegen.rules.walk import DEEPEST
from toolpress_codegen.shape import nearest

TYPES = ("string", "integer", "number", "boolean", "array", "object")
FORMATS = ("uuid", "date-time", "date", "uri", "email")
_MOST_PROPERTIES = 100
_INSTEAD = {
    "$ref": "write the schema out where it is used",
    "oneOf": "declare one type and tell the alternatives in the description",
    "anyOf": "declare one type and tell the alternatives in the description",
    "allOf": "merge the parts into one schema",
    "not": "tell the exception in the description",
    "const": "use enum with one value",
    "nullable": "use type: [string, 'null']",
}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_schemas(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values())


_KEYWORDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "type": ("a type or [type, 'null']", lambda value: isinstance(value, (str, list))),
    "description": ("text", lambda value: isinstance(value, str)),
    "title": ("text", lambda value: isinstance(value, str)),
    "enum": ("a list", lambda value: isinstance(value, list)),
    "default": ("a value", lambda _: True),
    "examples": ("a list", lambda value: isinstance(value, list)),
    "minimum": ("a number", _is_number),
    "maximum": ("a number", _is_number),
    "exclusiveMinimum": ("a number", _is_number),
    "exclusiveMaximum": ("a number", _is_number),
    "minLength": ("a count", _is_count),
    "maxLength": ("a count", _is_count),
    "minItems": ("a count", _is_count),
    "maxItems": ("a count", _is_count),
    "pattern": ("text", lambda value: isinstance(value, str)),
    "format": ("text", lambda value: isinstance(value, str)),
    "items": ("one schema", lambda value: isinstance(value, Mapping)),
    "properties": ("a mapping of schemas", _is_schemas),
    "required": ("a list of names", _is_names),
    "additionalProperties": ("true, false or a schema", lambda value: isinstance(value, (bool, Mapping))),
}
KEYWORDS = tuple(_KEYWORDS)
_FITS = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), frozenset({"integer", "number"})),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), frozenset({"string"})),
    **dict.fromkeys(("items", "minItems", "maxItems"), frozenset({"array"})),
    **dict.fromkeys(("properties", "required", "additionalProperties"), frozenset({"object"})),
}
_WHOLE_FORMATS = dict.fromkeys(("uuid", "date", "date-time"), frozenset({"pattern", "minLength", "maxLength"}))
_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))


def _keyword(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        for word, value in part.schema.items():
            if word in PROPERTY_WORDS:
                continue
            if word in _KEYWORDS:
                wanted, fits = _KEYWORDS[word]
                if not fits(value):
                    message = f"{word} of {part.title} is {shown(value)}"
                    yield site.finding((*part.path, word), message, f"write {wanted}")
                continue
            near = nearest(word, [*KEYWORDS, *PROPERTY_WORDS])
            hint = _INSTEAD.get(word) or (f"did you mean {near}?" if near else f"use only: {', '.join(KEYWORDS)}")
            message = f"{word} in {part.title} is refused by some clients or not enforced"
            yield site.finding((*part.path, word), message, hint, "key")


def _type(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        kind = part.schema.get("type")
        listed = kind if isinstance(kind, list) else [kind]
        if kind is None:
            yield site.finding(part.path, f"{part.title} has no type", f"add type: one of {', '.join(TYPES)}", "key")
        elif isinstance(kind, list) and (len(kind) != 2 or kind[1] != "null"):
            hint = "write one type, or [type, 'null'] for a value that may be null"
            yield site.finding((*part.path, "type"), f"type of {part.title} is {shown(kind)}", hint)
        elif listed[0] not in TYPES:
            near = nearest(str(listed[0]), TYPES)
            hint = f"did you mean {near}?" if near else f"use one of: {', '.join(TYPES)}"
            yield site.finding((*part.path, "type"), f"{shown(listed[0])} is no type for an argument", hint)


def _items(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        if "array" in part.types and "items" not in part.schema:
            hint = "add items: with the schema of one item"
            yield site.finding(part.path, f"{part.title} is an array without items", hint, "key")


def _enum(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        values = part.schema.get("enum")
        if not isinstance(values, list):
            continue
        path = (*part.path, "enum")
        if all(value is None for value in values):
            yield site.finding(path, f"the enum of {part.title} has no value", "list its values, or remove it")
        texts = [shown(value, 10_000) for value in values]
        for index, value in enumerate(values):
            if texts[index] in texts[:index]:
                yield site.finding((*path, index), f"{shown(value)} stands twice in the enum", "remove one")
            elif isinstance(value, (list, Mapping)):
                hint = "list plain values alone; tell what else is allowed in the description"
                yield site.finding((*path, index), f"{shown(value)} is no plain value", hint)
            elif part.types and not any(_is_of(value, kind) for kind in part.types):
                message = f"{shown(value)} is not of type {' or '.join(part.types)}"
                yield site.finding((*path, index), message, "correct the value or the type; quote text")


def _is_of(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return _is_number(value)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case _:
            return False


def _required(site: Site) -> Iterator[Finding]:
    inputs = site.tool.input
    yield from _names(site, ("input", "required"), list(inputs.required), inputs.properties)
    for part in site.parts:
        names, properties = part.schema.get("required"), part.schema.get("properties")
        if _is_names(names) and isinstance(names, list):
            known = properties if isinstance(properties, Mapping) else {}
            yield from _names(site, (*part.path, "required"), names, known)


def _names(site: Site, path: tuple[str | int, ...], names: list[str], known: Mapping[str, Any]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else "declare it under properties"
            yield site.finding((*path, index), f"{name} is required but not declared", hint)
        elif name in names[:index]:
            yield site.finding((*path, index), f"{name} is required twice", "remove one")


def _format(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        value = part.schema.get("format")
        if isinstance(value, str) and value not in FORMATS:
            hint = f"use one of {', '.join(FORMATS)}, or a pattern"
            yield site.finding((*part.path, "format"), f"format {value} is not known to all clients", hint)


def _size(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        if part.depth == DEEPEST + 1:
            hint = "flatten it, or take a free object (additionalProperties: true)"
            yield site.finding(part.path, f"{part.title} is nested more than {DEEPEST} levels", hint, "key")
    count = sum(1 for part in site.parts if part.name)
    if count > _MOST_PROPERTIES:
        hint = "split the tool, or take a free object (additionalProperties: true)"
        yield site.finding(("input",), f"{count} properties; clients accept {_MOST_PROPERTIES}", hint, "key")


def _fit(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        for word in part.schema:
            if word in _FITS and part.types and not _FITS[word] & set(part.types):
                message = f"{word} says nothing about type {part.types[0]}"
                yield site.finding((*part.path, word), message, f"remove {word}, or correct the type", "key")
        for word in _WHOLE_FORMATS.get(str(part.schema.get("format")), frozenset()) & set(part.schema):
            message = f"format {part.schema['format']} says it all; models do not hold {word} beside it"
            yield site.finding((*part.path, word), message, f"remove {word}, or the format", "key")
        for low, high in _PAIRS:
            least: Any = part.schema.get(low)
            most: Any = part.schema.get(high)
            if _is_number(least) and _is_number(most) and least > most:
                message = f"{low} {least} is above {high} {most}"
                yield site.finding((*part.path, low), message, "swap or correct them")


def sound(site: Site) -> bool:
    """Whether the schema can be used to judge values and to make models."""
    checks = (_keyword, _type, _items, _enum, _required)
    return not any(True for check in checks for _ in check(site)) and not any(
        unportable(str(part.schema["pattern"])) for part in site.parts if "pattern" in part.schema
    )


def _each(check: Callable[[Site], Iterator[Finding]]) -> Callable[[Subject], Iterator[Finding]]:
    return lambda subject: (finding for site in subject.sites for finding in check(site))


RULES = (
    Rule(
        "schema-keyword",
        "Only portable keywords",
        "Input schemas use "
        + ", ".join(f"`{word}`" for word in KEYWORDS)
        + " and the manifest's own words "
        + ", ".join(f"`{word}`" for word in PROPERTY_WORDS)
        + ". Unions, references and other keywords are refused by one large client or another, or not enforced by"
        " generated models.",
        _each(_keyword),
    ),
    Rule(
        "schema-type",
        "Every property has one type",
        "`type` is one of " + ", ".join(f"`{word}`" for word in TYPES) + ", or a list of one of them and `'null'`.",
        _each(_type),
    ),
    Rule(
        "schema-items",
        "Arrays have items",
        "Several clients drop the whole tool list when an array does not say what its items are.",
        _each(_items),
    ),
    Rule(
        "schema-format",
        "Only formats that all clients accept",
        "`format` is one of " + ", ".join(f"`{word}`" for word in FORMATS) + "; write anything else as a `pattern`.",
        _each(_format),
    ),
    Rule(
        "schema-size",
        "At most 100 properties and 5 levels",
        "Clients with strict modes refuse larger schemas. The arguments themselves are the first level.",
        _each(_size),
    ),
    Rule(
        "schema-fit",
        "Constraints fit their type",
        "`maxLength` of an integer, or a minimum above its maximum, is a mistake that no call would show. Beside"
        " `format` uuid, date or date-time neither pattern nor length counts: generated models hold the format alone.",
        _each(_fit),
    ),
    Rule(
        "enum-values",
        "Enums are filled, unique and of their type",
        "An enum lists at least one plain value beside null, each once, each of the declared type; a nullable enum also"
        " lists `null` when null is allowed.",
        _each(_enum),
    ),
    Rule(
        "pattern-portable",
        "Patterns work in every engine",
        "A pattern compiles in Python and in the engine of generated models, without lookaround, backreferences, named"
        " groups, flags or atomic groups; brackets within a class are escaped.",
        _each(pattern_portable),
    ),
    Rule(
        "required-declared",
        "Required arguments exist",
        "Every name under `required`, nested ones too, is declared under `properties` beside it, and stands once.",
        _each(_required),
    ),
)
