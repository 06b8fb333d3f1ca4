"""The words that every floor shares: what a tool is, how its request is built, who may use it.

Frozen dataclasses over the standard library. The press prints values of these types into `generated/`, the
runtime executes them. Nothing here does anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

Location = Literal["path", "query", "header", "body", "route"]
"""Where an argument travels. `route` chooses the route (see `Switch`) and is not sent itself."""

Effect = Literal["read", "create", "replace", "update", "delete", "send", "execute"]
"""What a call does upstream; drives retries and what a failure may claim about the outcome."""

Observed = Literal["full", "partial", "listed", "inferred"]
"""How well the facts behind a tool were seen (the manifest's `source.observed`)."""

Style = Literal["repeat", "comma", "brackets", "flatten", "file"]
"""How a composite value travels.

An array in a query: `a=1&a=2` (repeat), `a=1,2` (comma) or `a[]=1&a[]=2` (brackets). An object in a body: as one
member, or with `flatten` each of its members beside the others. `file`: an object of name, media_type and base64
content that travels as a part of multipart/form-data.
"""

JsonObject = dict[str, Any]


class Unset(Enum):
    """The type of `UNSET`: an argument that is not sent, as against one sent as null."""

    UNSET = "UNSET"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Param:
    """One argument of a tool and its place in the upstream request."""

    name: str
    location: Location
    wire_name: str
    style: Style = "repeat"
    role_ceiling: bool = False
    """The value is a role: no caller may name one above its own."""


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP method and a path template; `{name}` holds the path argument of that name."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Routes chosen by the value of one argument with location `route`."""

    argument: str
    cases: tuple[tuple[str | bool | int, Route], ...]


@dataclass(frozen=True, slots=True)
class ResponseRule:
    """How an upstream answer becomes a tool result.

    `data_as` renames the envelope's `data` member. With format `sse` the named events' JSON payloads are merged in
    order into one object, and an `error` event is an error answer.
    """

    format: Literal["json", "sse"] = "json"
    data_as: str | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """All that the executor needs to run one tool."""

    name: str
    effect: Effect
    route: Route
    params: tuple[Param, ...]
    model: str
    """Where the generated argument model stands: `package.module:Class`; imported on the first call."""
    switch: Switch | None = None
    response: ResponseRule = ResponseRule()
    timeout_s: float | None = None
    """Overrides the catalogue's call timeout."""


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """One row of the index: what listing, roles and lookup need, without loading the tool's module."""

    name: str
    module: str
    category: str
    effect: Effect
    observed: Observed
    digest: str
    """Fingerprint of the tool as a client sees it; `tools.lock` holds the same value."""


@dataclass(frozen=True, slots=True)
class Category:
    """A group of tools that share their audience."""

    name: str
    title: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialHeader:
    """A request header that may carry the caller's key; `scheme` is the word before it, or empty."""

    header: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """The tool that shows whether a key is good, and the members of its answer that say whose it is.

    Without `role` every key has the catalogue's only role, and what it may do is the upstream's to say. Without
    `tenant` the tenant is the one that the caller named.
    """

    tool: str
    ttl_s: float
    """For how long an answer is believed, in seconds; the upper bound of a stale role."""
    role: str | None = None
    tenant: str | None = None
    arguments: tuple[tuple[str, str | int | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Tenancy:
    """A product with a host for each tenant: the base URL holds `{tenant}`, and callers name theirs."""

    header: str
    environment: str
    """Variable that names the tenant over stdio."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """How callers present a key and how it is passed upstream."""

    accept: tuple[CredentialHeader, ...]
    send: CredentialHeader
    prefixes: tuple[str, ...]
    environment: str
    """Variable that holds the key over stdio."""
    identity: Identity
    oauth: bool = False
    """Whether the server also mints access tokens for a pair of tenant and key (OAuth 2.1)."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions over HTTP, and how many hours one lasts by the caller's plan; any plan not listed has the shortest.

    `plan` is the member of the identity tool's answer that names it.
    """

    lifetime_hours: tuple[tuple[str, float], ...]
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds and the retry budget of reads."""

    call_timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    read_retries: int = 2
    """How many times a read is sent again after 429, 502, 503, 504 or a failed connection."""


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """Where an upstream error body keeps its message and code (dotted paths, first hit wins)."""

    message: tuple[str, ...]
    code: tuple[str, ...]
    field: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    by_status: tuple[tuple[int, str], ...] = ()
    """The code of an answer that carries none of its own."""
    fixes: tuple[tuple[str, str], ...] = ()
    """What to do about a code, in a sentence."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """A product's tools and the facts that hold for all of them."""

    name: str
    title: str
    version: str
    description: str
    package: str
    """Import name of the generated package: `{package}.tools.{module}`, `{package}.models.{module}`."""
    base_url: str
    authentication: Authentication
    roles: tuple[str, ...]
    """Highest first."""
    categories: tuple[Category, ...]
    limits: Limits
    errors: ErrorRules
    tools: tuple[ToolInfo, ...] = field(repr=False)
    tenancy: Tenancy | None = None
    sessions: Sessions | None = None
    """Absent where the endpoint keeps none: it then answers every client in plain JSON."""
    sandbox: str = ""
    """Import name of the sandbox's handlers for this product, or empty when the engine alone suffices."""
    mcp_url: str | None = None
    """The product's own MCP endpoint, where `toolpress proxy` connects unless told otherwise."""
