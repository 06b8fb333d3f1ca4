"""Products that speak otherwise: their error bodies, pages, hosts, forms and logs, all from data."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from toolpress.contract import JsonObject, Param
from toolpress_sandbox.app import create_app
from toolpress_sandbox.calls import Call
from toolpress_sandbox.decode import decode
from toolpress_sandbox.definition import Address, Definition, OperationDef
from toolpress_sandbox.paging import PAGES
from toolpress_sandbox.replies import Refusal, invalid
from toolpress_sandbox.routing import Match
from toolpress_sandbox.wire import Wire

LARAVEL = Wire(
    error={"success": False, "message": "$message", "error": {"code": "$code", "details": "$text", "field": "$field"}},
    codes={"VALIDATION_ERROR": {"status": 422}, "NOT_FOUND": {"code": "GONE", "message": "Nothing here"}},
    messages={"list": "{labels} found", "get": "{label} found"},
)


def test_a_refusal_in_the_words_of_a_product() -> None:
    assert LARAVEL.refusal(invalid("name", "is required")) == (
        422,
        {
            "success": False,
            "message": "name: is required",
            "error": {"code": "VALIDATION_ERROR", "details": "is required", "field": "name"},
        },
    )
    assert LARAVEL.refusal(Refusal(404, "NOT_FOUND", "Box not found")) == (
        404,
        {"success": False, "message": "Nothing here", "error": {"code": "GONE", "details": "Box not found"}},
    )


def test_the_words_of_the_engine_itself() -> None:
    assert Wire().refusal(Refusal(409, "CONFLICT", "taken")) == (
        409,
        {"success": False, "error": "taken", "code": "CONFLICT"},
    )
    assert Wire().refusal(invalid("a", "wrong"))[1]["details"] == {"field": "a", "message": "wrong"}


def test_sentences_of_verbs() -> None:
    assert LARAVEL.message("list", "Box", "Boxes") == {"message": "Boxes found"}
    assert LARAVEL.message("delete", "Box", "Boxes") == {}


def call(**arguments: Any) -> Call:
    blank: Any = None
    return Call(
        operation=blank,
        arguments=arguments,
        sent=frozenset(arguments),
        caller=blank,
        records=blank,
        definition=blank,
        checker=blank,
        origin="http://acme.example",
        path="/boxes",
    )


ROWS: list[JsonObject] = [{"id": number} for number in range(7)]


@pytest.mark.parametrize(("page", "ids"), [(1, [0, 1, 2]), (3, [6]), (4, [])])
def test_numbered_pages(page: int, ids: list[int]) -> None:
    numbers = {"current_page": page, "last_page": 3, "per_page": 3, "total": 7}
    rows = [{"id": number} for number in ids]
    found = call(page=page, per_page=3)
    assert PAGES["items"](found, "data", ROWS, dict) == {"data": {"items": rows, "pagination": numbers}}
    assert PAGES["laravel"](found, "data", ROWS, dict) == {
        "data": {**numbers, "data": rows, "first_page_url": "http://acme.example/boxes?page=1"}
    }


def test_pages_by_offset_and_none() -> None:
    assert PAGES["offset"](call(offset=5, limit=5), "rows", ROWS, dict) == {
        "rows": [{"id": 5}, {"id": 6}],
        "count": 2,
        "total": 7,
        "limit": 5,
        "offset": 5,
    }
    assert PAGES["plain"](call(), "rows", ROWS, dict) == {"rows": ROWS}
    assert PAGES["items"](call(), "rows", [], dict)["rows"]["pagination"]["last_page"] == 1


UPLOAD = OperationDef(
    name="upload",
    category="c",
    effect="create",
    addresses=(Address("POST", "/files"),),
    params=(
        Param("file", "body", "file", "file"),
        Param("label", "body", "label"),
        Param("pages", "body", "pages"),
        Param("more", "body", "more", "flatten"),
    ),
    input={"properties": {"label": {"type": "string"}, "pages": {"type": "integer"}}},
)


def decoded(request: httpx.Request) -> JsonObject:
    match = Match(UPLOAD, UPLOAD.addresses[0], {})
    return decode(match, b"", {name.lower(): value for name, value in request.headers.items()}, request.read())


def test_a_form_with_a_file() -> None:
    request = httpx.Request(
        "POST",
        "http://x/files",
        data={"label": "déjà vu", "pages": "3"},
        files={"file": ("a.bin", b"\x00\r\n--\xff", "application/x-odd")},
    )
    assert decoded(request) == {
        "file": {"name": "a.bin", "content": "AA0KLS3/", "media_type": "application/x-odd"},
        "label": "déjà vu",
        "pages": 3,
    }


def test_a_form_that_is_none() -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(Refusal, match="multipart"):
        decoded(httpx.Request("POST", "http://x/files", content=b"nothing", headers=headers))


def test_members_of_an_open_body() -> None:
    request = httpx.Request("POST", "http://x/files", json={"label": "a", "colour": "red", "size": None})
    assert decoded(request) == {"label": "a", "more": {"colour": "red", "size": None}}


@pytest.fixture
async def hosted(definition: Definition) -> Any:
    """The zihin sandbox as if its tenants had hosts, keys had permissions and requests were logged for the tenant."""
    raw = json.loads(json.dumps(definition.raw))
    raw["tenancy"] = {"header": "X-Tenant", "environment": "TENANT"}
    raw["data"] |= {"permissions": True, "request_log": "request_logs"}
    raw["data"]["collections"]["request_logs"] = {"label": "Log"}
    app = create_app("zihin", definition=raw)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("host", "key", "status", "code"),
    [
        ("acme.localhost", "zhn_test_acme_owner", 200, None),
        ("acme.zihin.example:8443", "zhn_test_acme_owner", 200, None),
        ("acme.localhost", "zhn_test_globex_owner", 401, "INVALID_API_KEY"),
        ("acmee.localhost", "zhn_test_acme_owner", 404, "UNKNOWN_TENANT"),
        ("127.0.0.1", "zhn_test_acme_owner", 404, "UNKNOWN_TENANT"),
    ],
)
async def test_tenants_that_are_hosts(
    hosted: httpx.AsyncClient, host: str, key: str, status: int, code: str | None
) -> None:
    answer = await hosted.get("/api/agents", headers={"host": host, "x-api-key": key})
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    name = host.partition(":")[0]
    assert (await hosted.get("/__sandbox__/hosts")).json() == {"hosts": {name: 1}}


async def test_a_lacking_permission_is_named(hosted: httpx.AsyncClient) -> None:
    headers = {"host": "acme.localhost", "x-api-key": "zhn_test_acme_member"}
    answer = await hosted.get("/api/agents", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "Missing permission: agents.read")
    answer = await hosted.post("/api/agents", headers=headers, json={"name": "x"})
    assert answer.json()["details"] == {"permission": "agents.write"}
