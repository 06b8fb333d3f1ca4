"""What breaks below the session becomes an answer that says what broke."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR

from toolpress.proxy.edge import Edge

URL = "http://tools.example.com/mcp"
Answer = Callable[[httpx2.Request], httpx2.Response]


class Broken(httpx2.AsyncByteStream):
    """A body that ends in the middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"jsonrpc'
        raise httpx2.ReadError("the connection was reset")


def edge(answer: Answer, lost: list[str] | None = None) -> Edge:
    told = [] if lost is None else lost
    return Edge(transport=httpx2.MockTransport(answer), on_stream_lost=told.append)


async def post(answer: Answer) -> httpx2.Response:
    async with edge(answer) as client:
        request = client.build_request("POST", URL, json={})
        response = await client.send(request, stream=True)
        await response.aread()
        return response


def raising(error: Exception) -> Answer:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


async def problem(answer: Answer) -> dict[str, Any]:
    response = await post(answer)
    assert response.status_code >= 400
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    assert (found["jsonrpc"], found["id"]) == ("2.0", None)
    return dict(found["error"])


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (httpx2.ConnectError("refused"), "connecting"),
        (httpx2.ConnectTimeout("slow"), "connecting"),
        (httpx2.PoolTimeout("full"), "connecting"),
        (httpx2.ProxyError("no"), "connecting"),
        (httpx2.WriteError("reset"), "answering"),
        (httpx2.ReadError("reset"), "answering"),
        (httpx2.RemoteProtocolError("gone"), "answering"),
    ],
)
async def test_a_request_that_finds_no_server(error: Exception, what: str) -> None:
    found = await problem(raising(error))
    assert found == {"code": CONNECTION_CLOSED, "message": str(error), "data": {"broken": what}}


async def test_an_error_without_words_is_called_by_its_name() -> None:
    assert (await problem(raising(httpx2.ReadError(""))))["message"] == "ReadError"


async def test_an_answer_that_breaks_off() -> None:
    headers = {"content-type": "application/json"}
    found = await problem(lambda _: httpx2.Response(200, headers=headers, stream=Broken()))
    assert (found["code"], found["data"]) == (CONNECTION_CLOSED, {"broken": "answering"})


@pytest.mark.parametrize("status", [400, 404, 500, 503, 599])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": "no"}', b'{"jsonrpc": "2.0", "error": {"code": 1}}']
)
async def test_a_bare_status(status: int, body: bytes) -> None:
    found = await problem(lambda _: httpx2.Response(status, content=body))
    assert (found["code"], found["data"]) == (INTERNAL_ERROR, {"status": status})
    assert str(status) in found["message"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"code": "INVALID_API_KEY"}, {"code": "INVALID_API_KEY", "status": 401}),
        (None, {"status": 401}),
        ("text", {"status": 401}),
    ],
)
async def test_a_refusal_gets_its_status_into_its_data(data: Any, expected: dict[str, Any]) -> None:
    body = {"jsonrpc": "2.0", "id": 7, "error": {"code": -32001, "message": "no", "data": data}}
    found = await problem(lambda _: httpx2.Response(401, json=body))
    assert found == {"code": -32001, "message": "no", "data": expected}


@pytest.mark.parametrize("status", [200, 202])
async def test_a_good_answer_is_left_alone(status: int) -> None:
    response = await post(lambda _: httpx2.Response(status, json={"jsonrpc": "2.0", "id": 1, "result": {}}))
    assert (response.status_code, json.loads(response.content)["result"]) == (status, {})


async def test_a_redirect_is_left_to_the_session() -> None:
    response = await post(lambda _: httpx2.Response(307, headers={"location": "/elsewhere"}))
    assert response.next_request is not None


async def test_a_stream_of_events_is_not_read_ahead() -> None:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    async with edge(lambda _: httpx2.Response(200, headers=headers, stream=Broken())) as client:
        response = await client.send(client.build_request("POST", URL), stream=True)
        with pytest.raises(httpx2.ReadError):
            await response.aread()


async def get(client: Edge) -> None:
    response = await client.send(client.build_request("GET", URL), stream=True)
    await response.aclose()


@pytest.mark.parametrize("status", [401, 403, 404, 502, 503, 504])
async def test_a_stream_that_was_open_and_is_refused_is_lost(status: int) -> None:
    statuses, lost = iter([200, status]), list[str]()
    async with edge(lambda _: httpx2.Response(next(statuses)), lost) as client:
        await get(client)
        assert lost == []
        await get(client)
    assert len(lost) == 1
    assert str(status) in lost[0]


async def test_a_stream_whose_server_is_gone_is_lost() -> None:
    answers, lost = iter([False, True]), list[str]()

    def answer(_request: httpx2.Request) -> httpx2.Response:
        if next(answers):
            raise httpx2.ConnectError("refused")
        return httpx2.Response(200)

    async with edge(answer, lost) as client:
        await get(client)
        with pytest.raises(httpx2.ConnectError):
            await get(client)
    assert lost == ["refused"]


@pytest.mark.parametrize("status", [404, 405, 503])
async def test_a_server_that_has_no_stream_loses_none(status: int) -> None:
    lost: list[str] = []
    async with edge(lambda _: httpx2.Response(status), lost) as client:
        await get(client)
        await get(client)
    assert lost == []
