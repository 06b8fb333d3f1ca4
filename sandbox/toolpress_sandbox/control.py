"""`/__sandbox__/`: what tests and demos steer a running sandbox with. Not part of the product's API."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from toolpress_sandbox.auth import KEYS
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.faults import Rule, parse_fault
from toolpress_sandbox.identifiers import fingerprint

PREFIX = "/__sandbox__"


def routes(engine: Engine) -> list[Route]:
    control = _Control(engine)
    return [
        Route("/health", control.health, methods=["GET"]),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/requests", control.requests, methods=["GET", "DELETE"]),
        Route("/hosts", control.hosts, methods=["GET"]),
        Route("/clock", control.clock, methods=["GET", "POST"]),
        Route("/rate-limits", control.rate_limits, methods=["GET", "POST"]),
        Route("/keys", control.keys, methods=["POST"]),
    ]


class _Control:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def health(self, _: Request) -> JSONResponse:
        definition = self._engine.definition
        return JSONResponse(
            {
                "status": "ok",
                "catalog": definition.catalog,
                "operations": sum(not operation.public for operation in definition.operations.values()),
                "tenants": [tenant["slug"] for tenant in definition.tenants],
                "now": iso(self._engine.clock.now()),
            }
        )

    async def reset(self, _: Request) -> JSONResponse:
        self._engine.reset()
        return JSONResponse({"status": "reset"})

    async def faults(self, request: Request) -> JSONResponse:
        """POST {fault, count?, operation?}: `fault` in the words of the X-Sandbox-Fault header."""
        faults = self._engine.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            body = await _body(request)
            operation = body.get("operation")
            if operation is not None and operation not in self._engine.definition.operations:
                return _wrong(f"no operation {operation!r}")
            try:
                faults.add(Rule(parse_fault(str(body.get("fault", ""))), body.get("count"), operation))
            except ValueError as error:
                return _wrong(str(error))
        rules = [{"fault": r.fault.text, "count": r.count, "operation": r.operation} for r in faults.rules]
        return JSONResponse({"faults": rules})

    async def requests(self, request: Request) -> JSONResponse:
        """GET ?tool=NAME: the log, oldest first."""
        if request.method == "DELETE":
            self._engine.journal.clear()
        return JSONResponse({"requests": self._engine.journal.entries(request.query_params.get("tool"))})

    async def hosts(self, _: Request) -> JSONResponse:
        """How many requests came for each host since the last reset."""
        return JSONResponse({"hosts": self._engine.journal.hosts})

    async def clock(self, request: Request) -> JSONResponse:
        """POST {advance: seconds} or {set: ISO time}."""
        if request.method == "POST":
            body = await _body(request)
            try:
                if "set" in body:
                    self._engine.clock.set(parse_iso(str(body["set"])))
                else:
                    self._engine.clock.advance(float(body["advance"]))
            except (KeyError, TypeError, ValueError):
                return _wrong('send {"advance": seconds} or {"set": "2026-01-31T12:00:00Z"}')
        return JSONResponse({"now": iso(self._engine.clock.now())})

    async def rate_limits(self, request: Request) -> JSONResponse:
        """POST {enabled, rpm?}: with rpm, one limit for all keys instead of each key's own."""
        limiter = self._engine.limiter
        if request.method == "POST":
            body = await _body(request)
            limiter.set(enabled=bool(body.get("enabled", True)), rpm=body.get("rpm"))
        return JSONResponse({"enabled": limiter.enabled, "rpm": limiter.rpm})

    async def keys(self, request: Request) -> JSONResponse:
        """POST {key, role?, status?}: what an administrator does to a key while clients use it."""
        body, engine = await _body(request), self._engine
        found = engine.store.locate(KEYS, {"key_hash": fingerprint(str(body.get("key", "")))})
        changes: dict[str, Any] = {name: body[name] for name in ("role", "status") if name in body}
        if found is None or changes.get("role", engine.definition.roles[0]) not in engine.definition.roles:
            return _wrong(f"name a known key and one of the roles {', '.join(engine.definition.roles)}")
        tenant, row = found
        engine.store.write(tenant, KEYS, row["id"], {**row, **changes}, now=iso(engine.clock.now()))
        return JSONResponse({"id": row["id"], "role": row["role"], "status": row["status"], **changes})


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _wrong(message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=400)
