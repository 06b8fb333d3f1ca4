"""The straight line of one call: who calls, may they, run it, say in one log line how it went."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from toolpress import credentials
from toolpress.arguments import repair
from toolpress.authorize import decide, outranks
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.contract import JsonObject, Operation, ToolInfo
from toolpress.errors import (
    ROLE_ESCALATION_DENIED,
    WRITE_BLOCKED,
    Forbidden,
    ToolpressError,
    UnknownTool,
    UpstreamRefused,
)
from toolpress.identity import IdentityCache
from toolpress.logs import call_log, current_request_id
from toolpress.principal import CALLER, Caller, Credential
from toolpress.response import Answer
from toolpress.surface import ResourceInfo
from toolpress.telemetry import SILENT, Observer
from toolpress.whoami import asker

Result = TypeVar("Result")
OnChange = Callable[[Caller, ToolInfo], None]
"""Told of every call that changed something upstream, or may have."""


class Executor:
    """Runs a catalogue's tools, and reads its resources, for whoever is calling.

    The credential is the gate's when there is one, else `credential`, else the one of the HTTP request that `headers`
    shows, else (no request at all: stdio) the one of the catalogue's environment variables, else `fallback`. Who it
    is is believed for `identity_ttl_s` seconds, the catalogue's `ttl_s` at most.
    """

    def __init__(
        self,
        index: CatalogIndex,
        client: Client,
        *,
        credential: Credential | None = None,
        identity_ttl_s: float | None = None,
        headers: Callable[[], credentials.RawHeaders | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer = SILENT,
    ) -> None:
        self.index = index
        self.client = client
        self.observer = client.upstream.observer = observer
        self.credential = credential
        self.fallback: Credential | None = None
        self.on_change: OnChange = lambda _caller, _tool: None
        longest = client.catalog.authentication.identity.ttl_s
        self.identity_ttl_s = longest if identity_ttl_s is None else min(identity_ttl_s, longest)
        self.identities = IdentityCache(asker(client), ttl_s=self.identity_ttl_s, clock=clock)
        self._headers = headers
        self._clock = clock

    async def caller(self) -> Caller:
        """Who calls now.

        Raises:
            Unauthenticated: No key, or none that the upstream knows.
            UpstreamError: The upstream could not be asked.
        """
        known = CALLER.get()
        if known is not None and known.catalog == self.index.catalog.name:
            return known
        return await self.caller_of(self._find())

    async def caller_of(self, credential: Credential) -> Caller:
        principal = await self.identities.principal(credential)
        return Caller(self.index.catalog.name, principal, credential)

    async def run(self, tool: ToolInfo, arguments: Mapping[str, Any]) -> Answer:
        """The result of the tool; raises ToolpressError and nothing else."""
        with self.observer.call("tools/call", tool.name):
            return await self._logged({"tool": tool.name}, lambda caller: self._allowed(tool, arguments, caller))

    async def answer(self, tool: ToolInfo, arguments: Mapping[str, Any]) -> Answer:
        """The same for those who pass everything on: an error is an answer too."""
        try:
            return await self.run(tool, arguments)
        except ToolpressError as error:
            return Answer(error.to_payload(), is_error=True)

    async def read(self, resource: ResourceInfo) -> JsonObject | str:
        """The answer that fills the resource, or its unchanging text; raises ToolpressError and nothing else."""
        with self.observer.call("resources/read", resource.uri):
            return await self._logged({"resource": resource.uri}, lambda caller: self._shown(resource, caller))

    async def _logged(self, named: Mapping[str, str], work: Callable[[Caller], Awaitable[Result]]) -> Result:
        start = self._clock()
        error: ToolpressError | None = None
        caller: Caller | None = None
        outcome = "cancelled"
        try:
            caller = await self.caller()
            result = await work(caller)
            outcome = "ok"
            return result
        except ToolpressError as problem:
            error, outcome = problem, "error"
            raise
        except asyncio.CancelledError:
            raise
        except Exception as problem:
            error = _internal(problem)
            outcome = "error"
            raise error from problem
        finally:
            call_log(
                request_id=current_request_id(),
                **named,
                outcome=outcome,
                duration_ms=round((self._clock() - start) * 1000, 1),
                caller=caller.principal if caller else None,
                error=error,
            )

    async def _allowed(self, tool: ToolInfo, arguments: Mapping[str, Any], caller: Caller) -> Answer:
        decision = decide(caller.principal, tool, self.index.catalog)
        if not decision.callable:
            raise _denied(tool, caller, decision.code)
        operation = self.index.operation(tool)
        schema = self.index.listing(tool.name).get("inputSchema", {})
        repaired = repair(dict(arguments), schema)
        self._hold_down(operation, repaired, schema, caller)
        changed = tool.effect != "read"  # also when the call is cut short
        try:
            return await self._as(caller, lambda client: client.answer(operation, repaired))
        except ToolpressError as error:
            changed = error.outcome == "unknown"
            raise
        finally:
            if changed:
                self.on_change(caller, tool)

    async def _shown(self, resource: ResourceInfo, caller: Caller) -> JsonObject | str:
        if not decide(caller.principal, resource, self.index.catalog).visible:
            raise UnknownTool(f"Unknown resource: {resource.uri}.")
        live = resource.read
        if live is None:
            return resource.text or ""
        return await self._as(caller, lambda client: client.read(resource.uri, live))

    async def _as(self, caller: Caller, work: Callable[[Client], Awaitable[Result]]) -> Result:
        """Work with the caller's credential; a role that the upstream contradicts is forgotten."""
        try:
            return await work(self.client.for_caller(caller.credential))
        except UpstreamRefused as error:
            if error.status in (401, 403):
                self.identities.drop(caller.credential)
            raise

    def _hold_down(self, operation: Operation, arguments: JsonObject, schema: JsonObject, caller: Caller) -> None:
        """Refuse a role above the caller's own; one that is left out is the default that the upstream would take."""
        for param in operation.params:
            if not param.role_ceiling:
                continue
            role = arguments.get(param.name, schema["properties"][param.name].get("default"))
            if outranks(role, caller.principal, self.index.catalog):
                raise Forbidden(
                    f"The role {caller.principal.role} may not give the role {role}.",
                    code=ROLE_ESCALATION_DENIED,
                    field=param.name,
                    fix="Name a role that is not above your own.",
                    retryable=False,
                    outcome="not_sent",
                    status=403,
                )

    def _find(self) -> Credential:
        catalog = self.index.catalog
        if self.credential is not None:
            return self.credential
        headers = self._headers()
        if headers is not None:
            return credentials.from_headers(headers, catalog)
        if self.fallback is not None and not os.environ.get(catalog.authentication.environment):
            return self.fallback
        return credentials.from_environment(os.environ, catalog)


def _denied(tool: ToolInfo, caller: Caller, code: str | None) -> ToolpressError:
    if code != WRITE_BLOCKED:
        return UnknownTool(f"Unknown tool: {tool.name}.", outcome="not_sent")
    return Forbidden(
        f"The role {caller.principal.role} may not use {tool.name}.",
        fix="Use a key of a higher role.",
        retryable=False,
        outcome="not_sent",
        status=403,
    )


def _internal(problem: Exception) -> ToolpressError:
    """A fault of ours; the original text stays out of the answer and the log, it may hold argument values."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"
    error = ToolpressError("Internal error.", fix="Report it with the request id of the server log.")
    error.add_note(f"{type(problem).__name__} at {where}")
    return error
