"""The lane as ASGI middleware, behind the gate and right before FastMCP's endpoint."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastmcp import FastMCP
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from toolpress import fastmcp_seams
from toolpress.authorize import decide
from toolpress.contract import ToolInfo
from toolpress.errors import NOT_FOUND
from toolpress.executor import Executor
from toolpress.fastmcp_seams import Additions
from toolpress.gate import ADMITTED, Admitted
from toolpress.lane import lists, progress, wire
from toolpress.lane.message import Ask, read
from toolpress.principal import Principal
from toolpress.refusals import EVENTS

_CALL = "tools/call"
_CALLS = frozenset({_CALL})
_ALL = lists.METHODS | _CALLS
_OF_OTHERS = ("inputResponses", "requestState", "task")
"""Members of a call that continues an exchange which only tools of other providers begin."""

_LOG = logging.getLogger("toolpress")


class Lane:
    """Answers lists and calls of the catalogue itself; everything else, and every doubt, goes on to `app`.

    It steps aside where the server was given more than the catalogue: middleware and transforms of others see every
    request, and what other providers have stands in the lists.
    """

    def __init__(self, app: ASGIApp, *, mcp: FastMCP[Any], bare: Additions, executor: Executor) -> None:
        """`bare` is what the server held when nothing but the catalogue had been put into it."""
        self.app = app
        self._executor = executor
        self._mcp = mcp
        self._bare = bare
        self._told: set[str] = set()
        self._server = json.dumps(fastmcp_seams.server_info(mcp), separators=(",", ":")).encode("ascii")
        self._lists = lists.ReadyLists(app, executor.index.catalog, executor.observer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        ask = None
        if admitted is not None and scope["method"] == "POST" and (methods := self._methods()):
            ask = read(scope["headers"], admitted.message, methods)
        if admitted is None or ask is None:
            await self.app(scope, receive, send)
        elif ask.method == _CALL:
            await self._call(ask, admitted.caller.principal, scope, receive, send)
        else:
            await self._lists.answer(ask, admitted.caller.principal, scope, receive, send)

    async def _call(self, ask: Ask, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        info = self._executor.index.get(ask.params["name"])
        if info is None or self._is_hidden(info, principal) or any(word in ask.params for word in _OF_OTHERS):
            await self.app(scope, receive, send)
            return
        meta = ask.params.get("_meta") or {}
        self._executor.observer.asked(meta, ask.version, scope["headers"])
        token = meta.get("progressToken")
        if token is None or EVENTS not in Headers(scope=scope).get("accept", ""):
            await wire.send_json(send, await self._result(info, ask))
        else:
            await progress.answer(send, self._result(info, ask), token)

    def _is_hidden(self, info: ToolInfo, principal: Principal) -> bool:
        return decide(principal, info, self._executor.index.catalog).code == NOT_FOUND

    async def _result(self, info: ToolInfo, ask: Ask) -> bytes:
        answer = await self._executor.answer(info, ask.params.get("arguments") or {})
        return wire.call_result(ask, answer, self._server)

    def _methods(self) -> frozenset[str]:
        """What the lane answers now, by what was added to the server since; said once in the log."""
        now = fastmcp_seams.additions(self._mcp)
        if now == self._bare:
            return _ALL
        if now.middleware != self._bare.middleware or now.transforms != self._bare.transforms:
            self._tell("off: the server has middleware or transforms of others")
            return frozenset()
        self._tell("for calls alone: the server has components of others, which lists must hold")
        return _CALLS

    def _tell(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            _LOG.warning("fast lane %s", what)
