"""The emitted OpenAPI document: valid by the rules of 3.1, and true to the manifests."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.codegen.scratch import FRAGMENTS, ROOT, module, resolved, tool
from toolpress_codegen.openapi import openapi_document

TEXT = {"type": "string", "description": "Some text."}
METHODS = {"get", "put", "post", "delete", "patch"}
EMITTED = [
    *sorted(FRAGMENTS.glob("*/expected/generated/*/openapi.json")),
    *(
        ROOT / f"generated/toolpress_catalogs/{point.name}/openapi.json"
        for point in entry_points(group="toolpress.catalogs")
    ),
]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for _, _, operation in operations(document):
        yield from (parameter["schema"] for parameter in operation["parameters"])
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for holder in (*bodies, *operation["responses"].values()):
            yield from (media["schema"] for media in holder.get("content", {}).values() if "schema" in media)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from references(item)


def faults(document: dict[str, Any]) -> list[str]:
    """What breaks the OpenAPI 3.1 specification, as far as it can be told from the document alone."""
    found = [*document_faults(document)]
    for path, method, operation in operations(document):
        found += [f"{method} {path}: {fault}" for fault in operation_faults(path, method, operation)]
    judge = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for schema in schemas(document):
        found += [f"bad schema: {error.message}" for error in judge.iter_errors(schema)]
    return found


def document_faults(document: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"3\.1\.\d+", document["openapi"]):
        yield "no version 3.1"
    yield from (
        f"info has no {word}" for word in ("title", "version") if not isinstance(document["info"].get(word), str)
    )
    yield from (f"a server has no address: {server}" for server in document["servers"] if not server.get("url"))
    schemes = document["components"]["securitySchemes"]
    yield from (f"unknown scheme {name}" for need in document["security"] for name in need if name not in schemes)
    for name, scheme in schemes.items():
        if scheme["type"] != "apiKey" or scheme["in"] not in {"query", "header", "cookie"} or not scheme["name"]:
            yield f"scheme {name} is not well formed"
    yield from repeated("two paths of one shape", (re.sub(r"{[^}]*}", "{}", path) for path in document["paths"]))
    ids = (operation["operationId"] for _, _, operation in operations(document))
    yield from repeated("operationId is not unique", ids)
    yield from (f"undefined reference {name}" for name in references(document) if not defined(name, document))


def operation_faults(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    if not path.startswith("/") or method not in METHODS:
        yield "no operation"
    parameters = operation["parameters"]
    yield from repeated("stands twice", ((parameter["in"], parameter["name"]) for parameter in parameters))
    declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    if declared != set(re.findall(r"{([^}]*)}", path)):
        yield "placeholders and path parameters differ"
    for parameter in parameters:
        if parameter["in"] not in {"path", "query", "header", "cookie"}:
            yield f"{parameter['name']} is in no place"
        if parameter["in"] == "path" and parameter["required"] is not True:
            yield f"{parameter['name']} must be required"
    if not operation["responses"]:
        yield "no response"
    for status, answer in operation["responses"].items():
        if not re.fullmatch(r"default|[1-5](XX|\d\d)", status) or not answer.get("description"):
            yield f"answer {status} is not well formed"


def repeated(what: str, items: Iterable[Any]) -> Iterator[str]:
    yield from (f"{what}: {item}" for item, count in Counter(items).items() if count > 1)


def defined(reference: str, document: dict[str, Any]) -> bool:
    target: Any = document
    for step in reference.removeprefix("#/").split("/"):
        target = target.get(step) if isinstance(target, dict) else None
    return target is not None


@pytest.mark.parametrize("path", EMITTED, ids=lambda path: path.parent.name)
def test_emitted_document_is_valid(path: Any) -> None:
    assert faults(json.loads(path.read_text(encoding="utf-8"))) == []


def test_validity_is_judged() -> None:
    """The judge above sees what is wrong with a document."""
    document = openapi_document(resolved(module("things", tool("a"), tool("b", {"x": TEXT}))))
    assert faults(document) == []
    document["paths"]["/a/{id}"] = document["paths"].pop("/a")
    document["paths"]["/b"]["get"]["operationId"] = "a"
    document["paths"]["/b"]["get"]["parameters"][0] = {"name": "x", "in": "body", "schema": {"type": "text"}}
    document["paths"]["/b"]["get"]["responses"]["2XX"]["content"] = {"a/b": {"schema": {"$ref": "#/components/none"}}}
    document["security"] = [{"other": []}]
    told = "\n".join(faults(document))
    for part in (
        "placeholders",
        "operationId is not unique: a",
        "x is in no place",
        "bad schema",
        "undefined reference",
        "other",
    ):
        assert part in told


def one(data: dict[str, Any], method: str = "post", path: str = "/probe") -> dict[str, Any]:
    document = openapi_document(resolved(module("things", data)))
    return dict(document["paths"][path][method])


def posting(properties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return tool("probe", properties, request={"method": "POST", "path": "/probe"}, **changes)


def test_arguments_stand_where_they_travel() -> None:
    properties = {
        "id": TEXT,
        "page": {"type": "integer", "in": "query", "wire_name": "page[n]"},
        "key": {**TEXT, "in": "header", "wire_name": "X-Key"},
        "size": {"type": "integer", "wire_name": "sizeOf"},
        "note": TEXT,
    }
    data = tool("probe", properties, request={"method": "POST", "path": "/things/{id}"})
    data["input"]["required"] = ["id", "size"]
    operation = one(data, path="/things/{id}")
    assert [(item["in"], item["name"], item["required"]) for item in operation["parameters"]] == [
        ("path", "id", True),
        ("query", "page[n]", False),
        ("header", "X-Key", False),
    ]
    assert operation["parameters"][0]["description"] == "Some text."
    assert operation["requestBody"] == {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"sizeOf": {"type": "integer"}, "note": TEXT},
                    "required": ["sizeOf"],
                }
            }
        },
    }


@pytest.mark.parametrize(
    ("style", "name", "explode"), [("repeat", "a", True), ("comma", "a", False), ("brackets", "a[]", True)]
)
def test_arrays_in_a_query_tell_their_style(style: str, name: str, explode: bool) -> None:
    (parameter,) = one(tool("probe", {"a": {"type": "array", "items": TEXT, "style": style}}), "get")["parameters"]
    assert (parameter["name"], parameter["style"], parameter["explode"]) == (name, "form", explode)


@pytest.mark.parametrize(("method", "required"), [("POST", True), ("PATCH", True), ("DELETE", False)])
def test_a_body_of_optional_members_is_needed_where_an_empty_one_is_sent(method: str, required: bool) -> None:
    data = tool("probe", {"a": {**TEXT, "in": "body"}}, request={"method": method, "path": "/probe"})
    assert one(data, method.lower())["requestBody"]["required"] is required
    data["input"]["required"] = ["a"]
    assert one(data, method.lower())["requestBody"]["required"] is True


def test_a_write_without_arguments_has_no_body() -> None:
    assert "requestBody" not in one(posting({}))


def test_each_route_of_a_switch_is_an_operation_with_its_own_placeholders() -> None:
    cases = [
        {"when": True, "method": "POST", "path": "/on/{id}"},
        {"when": False, "method": "PUT", "path": "/off"},
    ]
    request = {"method": "POST", "path": "/on/{id}", "switch": {"argument": "on", "cases": cases}}
    properties = {"id": TEXT, "on": {"type": "boolean", "in": "route"}, "note": {**TEXT, "in": "body"}}
    document = openapi_document(resolved(module("things", tool("probe", properties, request=request))))
    on, off = document["paths"]["/on/{id}"]["post"], document["paths"]["/off"]["put"]
    assert (on["operationId"], off["operationId"]) == ("probe_true", "probe_false")
    assert [[item["name"] for item in each["parameters"]] for each in (on, off)] == [["id"], []]
    assert on["requestBody"] == off["requestBody"]


def test_tools_that_share_a_route_are_all_named() -> None:
    request = {"method": "GET", "path": "/things"}
    catalog = resolved(
        module("a", tool("list_things", request=request)), module("b", tool("find_things", request=request))
    )
    (operation,) = (operation for _, _, operation in operations(openapi_document(catalog)))
    assert operation["x-tools"] == ["list_things", "find_things"]
    assert operation["tags"] == ["a"]


SHAPE = {"type": "object", "properties": {"success": {"type": "boolean"}, "things": {"type": "array", "items": TEXT}}}


def test_answers_are_told_as_the_upstream_gives_them() -> None:
    def content(**response: Any) -> Any:
        return one(posting({}, response=response))["responses"]["2XX"]["content"]

    assert content() == {"application/json": {}}
    assert content(shape=SHAPE) == {"application/json": {"schema": SHAPE}}
    (renamed,) = content(shape=SHAPE, data_as="things").values()
    assert list(renamed["schema"]["properties"]) == ["success", "data"]
    (needed,) = content(shape={**SHAPE, "required": ["success", "things"]}, data_as="things").values()
    assert needed["schema"]["required"] == ["success", "data"]
    assert content(shape=SHAPE, data_as="other") == {"application/json": {"schema": SHAPE}}
    assert content(shape=SHAPE, format="sse", events=["done"]) == {"text/event-stream": {}}


def test_document_tells_the_product() -> None:
    document = openapi_document(resolved(module("things", tool("probe", source={"observed": "partial"}))))
    assert document["servers"] == [{"url": "https://fragment.example"}]
    assert document["components"]["securitySchemes"]["key"]["name"] == "X-Api-Key"
    assert document["paths"]["/probe"]["get"]["x-observed"] == "partial"
