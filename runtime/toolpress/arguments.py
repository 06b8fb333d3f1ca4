"""Check a call's arguments with the generated model and say everything that is wrong at once.

Values never appear in a message: an argument may be a secret.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from toolpress.contract import JsonObject, Operation
from toolpress.errors import ConfigurationError, InvalidArguments

_EXPECTED = {
    "string_type": "a string",
    "string_unicode": "a string of valid Unicode",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer without a fraction",
    "int_parsing_size": "a smaller integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "none_required": "null",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "greater_than": "a number greater than {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number less than {lt}",
    "less_than_equal": "a number of at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
    "uuid_type": "a UUID",
    "uuid_parsing": "a UUID",
    "uuid_version": "a UUID of version {expected_version}",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "date_from_datetime_inexact": "a date without a time",
    "datetime_type": "a date and time such as 2026-01-31T09:00:00Z",
    "datetime_parsing": "a date and time such as 2026-01-31T09:00:00Z",
    "datetime_from_date_parsing": "a date and time such as 2026-01-31T09:00:00Z",
    "timezone_aware": "a date and time with its offset, such as 2026-01-31T09:00:00Z",
    "time_parsing": "a time such as 09:00:00",
    "url_type": "a URL",
    "url_parsing": "a URL",
    "url_scheme": "a URL whose scheme is {expected_schemes}",
    "url_too_long": "a shorter URL",
}


@cache
def load_model(reference: str) -> type[BaseModel]:
    """Import `package.module:Class`, once."""
    module, _, name = reference.partition(":")
    try:
        model = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"The argument model {reference} cannot be imported: {error}", fix="Run: toolpress generate"
        ) from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigurationError(f"{reference} is not an argument model.", fix="Run: toolpress generate")
    return model


def validate(operation: Operation, arguments: Mapping[str, object]) -> JsonObject:
    """The arguments as the model reads them, JSON-ready, keyed by argument name, without those not given."""
    if not _finite(arguments):
        raise InvalidArguments(
            "Arguments may not hold NaN or Infinity.", fix="Send a finite number or null.", outcome="not_sent"
        )
    model = load_model(operation.model)
    try:
        checked = model.model_validate(dict(arguments))
    except ValidationError as error:
        raise _explain(operation.name, model, error) from None
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def repair(value: Any, schema: Mapping[str, Any]) -> Any:
    """Undo two habits of models: a value sent as JSON text where the schema wants the value itself, and 3.0 for 3.

    A place that may hold a string is never touched.
    """
    types = _types(schema)
    if isinstance(value, str) and types and not types & {"string", ""}:
        value = _parsed(value, types)
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        value = int(value)
    if isinstance(value, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            return {name: repair(item, properties.get(name, {})) for name, item in value.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [repair(item, schema["items"]) for item in value]
    return value


def nearest(name: str, names: list[str]) -> str | None:
    """The known name that looks most like `name`, if any is close."""
    found = get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else None


def _types(schema: Mapping[str, Any]) -> set[str]:
    """The JSON types that the schema admits; an empty name stands for a branch that does not say."""
    declared = schema.get("type")
    types = {declared} if isinstance(declared, str) else set(declared) if isinstance(declared, list) else set()
    for word in ("anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            types |= _types(branch) or {""}
    return types


def _parsed(text: str, types: set[str]) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if types & _kinds(value) else text


def _kinds(value: Any) -> set[str]:
    """The JSON types that a parsed value is of."""
    match value:
        case bool():
            return {"boolean"}
        case int():
            return {"number", "integer"}
        case float():
            return {"number", "integer"} if value.is_integer() else {"number"}
        case dict():
            return {"object"}
        case list():
            return {"array"}
        case _:
            return set()


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(_finite(item) for item in value)
    return True


def _explain(tool: str, model: type[BaseModel], error: ValidationError) -> InvalidArguments:
    problems = [_problem(model, dict(item)) for item in error.errors(include_url=False, include_input=False)]
    unique = list(dict.fromkeys(problems))
    text = "; ".join(f"{field}: {what}" for field, what in unique)
    return InvalidArguments(
        f"Invalid arguments for {tool}: {text}.",
        field=unique[0][0],
        fix=f"Correct {', '.join(dict.fromkeys(field for field, _ in unique))} and call again; nothing was sent.",
        retryable=False,
        outcome="not_sent",
        details=[{"field": field, "problem": what} for field, what in unique] if len(unique) > 1 else None,
    )


def _problem(model: type[BaseModel], item: dict[str, Any]) -> tuple[str, str]:
    location, kind = tuple(item["loc"]), str(item["type"])
    field, siblings = _locate(model, location, keep_last=kind == "extra_forbidden")
    if kind == "missing":
        return field, "is required"
    if kind == "extra_forbidden":
        close = nearest(str(location[-1]), siblings)
        hint = f"did you mean {close}?" if close else f"known: {', '.join(siblings) or 'none'}"
        return field, f"is unknown ({hint})"
    expected = _EXPECTED.get(kind)
    if expected is None:
        return field, f"is not valid ({kind})"
    return field, f"must be {expected.format_map(_Context(item.get('ctx', {})))}"


class _Context(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return key


def _locate(model: type[BaseModel], location: tuple[int | str, ...], *, keep_last: bool) -> tuple[str, list[str]]:
    """The path as a caller knows it (`filters.tags.2`, as upstreams write it) and the names that are valid at its end.

    Pydantic writes the branch of a union into the location (`str`, `list[str]`, a class name): those steps belong to
    no member of the arguments and are left out.
    """
    path, models, is_mapping = "", [model], False
    for index, step in enumerate(location):
        if isinstance(step, int):
            path += f".{step}"
            continue
        annotation = next((found for each in models if (found := _annotation(each, step)) is not None), None)
        if annotation is not None:
            models, is_mapping = _models_in(annotation), _holds_mapping(annotation)
        elif not is_mapping and not (keep_last and index == len(location) - 1):
            continue
        path += f".{step}" if path else step
    return path or "arguments", list(dict.fromkeys(name for each in models for name in _names(each)))


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _annotation(model: type[BaseModel], name: str) -> Any:
    return next((f.annotation for n, f in model.model_fields.items() if (f.alias or n) == name), None)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]


def _holds_mapping(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", annotation) is dict or any(
        _holds_mapping(argument) for argument in getattr(annotation, "__args__", ())
    )
