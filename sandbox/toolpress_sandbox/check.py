"""Documents against JSON Schemas. A problem names the member and what was expected, never the value it had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from toolpress.contract import JsonObject
from toolpress_sandbox.definition import OperationDef
from toolpress_sandbox.replies import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted, with indexes as numbers; empty for the document itself."""

    path: str
    message: str

    def as_json(self) -> JsonObject:
        return {"path": self.path, "message": self.message}


class Checker:
    """Compiled schemas of all operations and contracts."""

    def __init__(self, operations: Iterable[OperationDef], contracts: Mapping[str, JsonObject]) -> None:
        self._operations = {operation.name: _validator(operation.input) for operation in operations}
        self._contracts = {name: _validator(schema) for name, schema in contracts.items()}

    def arguments(self, operation: OperationDef, arguments: JsonObject, at: str = "") -> None:
        """Raise VALIDATION_ERROR with the first problem as `field` and all of them as `problems`.

        `at` stands before all paths: where the arguments are part of another operation's.
        """
        found = _problems(self._operations[operation.name], arguments)
        problems = [Problem(f"{at}{problem.path}", problem.message) for problem in found]
        if problems:
            first = problems[0]
            raise Refusal(
                400,
                "VALIDATION_ERROR",
                f"{first.path or 'input'}: {first.message}",
                {"field": first.path, "message": first.message, "problems": [p.as_json() for p in problems]},
            )

    def document(self, contract: str, document: Any) -> list[Problem]:
        return _problems(self._contracts[contract], document)


def _validator(schema: JsonObject) -> Draft202012Validator:
    return Draft202012Validator(schema or {"type": "object"}, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _problems(validator: Draft202012Validator, document: Any) -> list[Problem]:
    problems = {problem for error in validator.iter_errors(document) for problem in _flatten(error)}
    return sorted(problems, key=lambda problem: (problem.path, problem.message))


def _flatten(error: ValidationError) -> Iterable[Problem]:
    path = ".".join(str(part) for part in error.absolute_path)
    value: Any = error.validator_value
    if error.validator == "required" and isinstance(error.instance, dict):
        for name in value:
            if name not in error.instance:
                yield Problem(f"{path}.{name}".lstrip("."), "is required")
    elif error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = set(error.schema.get("properties", {})) if isinstance(error.schema, dict) else set()
        for name in sorted(set(error.instance) - known):
            yield Problem(f"{path}.{name}".lstrip("."), "is not a known field")
    else:
        yield Problem(path, _expectation(error))


_EXPECTATIONS = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {!r}",
    "pattern": "must match {}",
    "format": "must be a valid {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}",
    "exclusiveMaximum": "must be below {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "uniqueItems": "must not repeat an item",
    "minProperties": "must have at least {} members",
}


def _expectation(error: ValidationError) -> str:
    value: Any = error.validator_value
    if error.validator == "type" and isinstance(value, list):
        value = " or ".join(value)
    template = _EXPECTATIONS.get(str(error.validator))
    return template.format(value) if template else f"does not satisfy {error.validator}"
