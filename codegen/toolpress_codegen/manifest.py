"""The shape of `specs/`: what a contributor may write, as frozen Pydantic models.

`specs/manifest.schema.json` is printed from these models, so a description here is what an editor shows. Rules that
need more than one field live in `rules/`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from toolpress.contract import Effect, Location, Observed, Style

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
JsonSchema = dict[str, Any]
Text = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hints(_Entry):
    """The four MCP annotations; all are written out because the protocol's defaults are the unsafe ones."""

    readOnlyHint: bool
    destructiveHint: bool
    idempotentHint: bool
    openWorldHint: bool


class RouteCase(_Entry):
    """One route of a switch."""

    when: str | bool | int = Field(description="The value of the switch argument that picks this route.")
    method: Method
    path: str = Field(pattern=r"^/")


class RouteSwitch(_Entry):
    """Several upstream routes behind one tool, picked by one argument (`in: route`)."""

    argument: Text
    cases: tuple[RouteCase, ...] = Field(min_length=2)


class Request(_Entry):
    """The upstream request. Arguments find their place by `in:` on each property."""

    method: Method
    path: str = Field(pattern=r"^/", description="Path template; {name} holds the argument of that name.")
    switch: RouteSwitch | None = None
    timeout_s: float | None = Field(default=None, gt=0, description="Overrides the catalogue's call timeout.")


class Input(_Entry):
    """The arguments: a JSON Schema object whose properties may also use the words of `PROPERTY_WORDS`."""

    required: tuple[str, ...] = ()
    properties: dict[str, JsonSchema] = Field(default_factory=dict)


class Response(_Entry):
    """The answer. The shape is advisory: an answer that deviates never fails a call."""

    data_as: str | None = Field(default=None, description="Name under which the envelope's `data` is delivered.")
    format: Literal["json", "sse"] = "json"
    events: tuple[str, ...] = Field(default=(), description="With sse: the events whose payloads make the result.")
    shape: JsonSchema | None = Field(default=None, description="JSON Schema of the result as delivered.")


class Example(_Entry):
    """One call that succeeds on a fresh sandbox."""

    title: str | None = None
    input: dict[str, Any] = Field(default_factory=dict)


class FailingExample(_Entry):
    """One call that fails on a fresh sandbox with the code it stands under."""

    input: dict[str, Any] = Field(default_factory=dict)
    role: str | None = Field(default=None, description="Role of the calling key; the highest when absent.")
    key: Literal["valid", "revoked"] = "valid"


class DeclaredError(_Entry):
    """An error code that the tool may answer with."""

    when: Text
    example: FailingExample | None = None


class Source(_Entry):
    """Where the facts come from."""

    observed: Observed
    note: str | None = Field(default=None, description="What is inferred, or seen only in part.")


class Tool(_Entry):
    """One tool: one entry of a module's list."""

    name: str = Field(description="verb_noun, at most 45 characters: clients put their own prefix before it.")
    title: Text
    category: Text
    effect: Effect
    annotations: Hints
    description: Text
    request: Request
    input: Input = Input()
    response: Response = Response()
    errors: dict[str, DeclaredError] = Field(default_factory=dict)
    examples: tuple[Example, ...] = Field(min_length=1)
    sandbox: dict[str, Any] = Field(
        default_factory=dict, description="Behaviour on the sandbox: an engine verb (do) and its words, or a handler."
    )
    source: Source


class Module(_Entry):
    """One file: the tools of one API module."""

    module: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the generated Python module.")
    title: Text
    description: Text
    tools: tuple[Tool, ...] = Field(min_length=1)


class StatedHints(_Entry):
    """By annotation the tools for which the product states it: names, or beginnings of names with a `*`."""

    readOnlyHint: tuple[Text, ...] | None = None
    destructiveHint: tuple[Text, ...] | None = None
    idempotentHint: tuple[Text, ...] | None = None
    openWorldHint: tuple[Text, ...] | None = None


class CategoryEntry(_Entry):
    title: Text
    roles: tuple[str, ...] = Field(min_length=1)
    size: int | None = Field(default=None, description="Number of tools that the product states, checked by lint.")


class HeaderEntry(_Entry):
    header: Text
    scheme: str = ""


class IdentityEntry(_Entry):
    """The read that shows whether a key is good; `role` and `tenant` are dotted members of its answer."""

    tool: Text
    ttl_s: float = Field(gt=0, le=300)
    role: Text | None = Field(default=None, description="Absent where keys have no roles: then `roles` holds one.")
    tenant: Text | None = Field(default=None, description="Absent where the caller names the tenant.")
    arguments: dict[str, str | int | bool] = Field(default_factory=dict)


class TenancyEntry(_Entry):
    """For products with a host for each tenant: `base_url` then holds {tenant} as one whole label of its host."""

    header: Text = Field(description="Request header in which a caller names the tenant.")
    environment: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="The same for stdio.")


class AuthenticationEntry(_Entry):
    accept: tuple[HeaderEntry, ...] = Field(min_length=1)
    send: HeaderEntry
    prefixes: tuple[str, ...] = ()
    environment: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    identity: IdentityEntry
    oauth: bool = Field(default=False, description="Mint access tokens for pairs of tenant and key (OAuth 2.1).")


class SessionsEntry(_Entry):
    """Sessions over HTTP and event streams for clients that open with a handshake; without, plain JSON and no state."""

    lifetime_hours: dict[str, Annotated[float, Field(gt=0, le=24 * 366)]] = Field(
        min_length=1, description="By plan; a plan that is not listed has the shortest."
    )
    plan: Text | None = Field(
        default=None, description="Dotted member of the identity tool's answer that names the caller's plan."
    )


class LimitsEntry(_Entry):
    call_timeout_s: float = Field(gt=0)
    connect_timeout_s: float = Field(gt=0)
    read_retries: int = Field(ge=0, le=5)


class ErrorsEntry(_Entry):
    message: tuple[str, ...] = Field(min_length=1)
    code: tuple[str, ...] = Field(min_length=1)
    field: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    by_status: dict[int, str]
    codes: dict[str, Text] = Field(description="Every code that a tool may declare, with its meaning.")
    fixes: dict[str, Text] = Field(default_factory=dict, description="What an agent should do about a code.")


class ReadEntry(_Entry):
    """The GET that fills a resource each time it is read: that of a read tool, or a route of its own."""

    tool: Text | None = Field(default=None, description="A read tool whose route and data_as are taken.")
    arguments: dict[str, str | int | bool] = Field(default_factory=dict, description="Arguments of that tool.")
    path: str | None = Field(default=None, pattern=r"^/[^{}]*$", description="A route that no tool has.")
    query: dict[str, str] = Field(default_factory=dict, description="Query parameters beside the tool's arguments.")
    data_as: Text | None = Field(default=None, description="With path: the name for the envelope's `data`.")
    fields: dict[str, Text] = Field(
        default_factory=dict, description="What is shown of each item of the list: name shown -> upstream's name."
    )


class ResourceEntry(_Entry):
    """One resource, or with `contracts: each` one for each contract and a template for all of them."""

    uri: str = Field(pattern=r"^[a-z][a-z0-9+.-]*://\S+$", description="With contracts: each it holds one {variable}.")
    name: Text
    title: Text
    description: Text
    category: Text
    read: ReadEntry | None = Field(default=None, description="For what is read upstream each time.")
    contracts: Literal["each", "examples"] | None = Field(
        default=None, description="The files in contracts/: each one, or the fields, examples and notes of all."
    )
    changed_by: tuple[str, ...] = Field(default=(), description="Tools whose success may change what it shows.")


class SuggestEntry(_Entry):
    """Values for an argument from the list that a read tool without required arguments answers with."""

    tool: Text
    items: Text = Field(description="Member of the answer that holds the list.")
    value: Text = Field(description="Member of an item that is the value.")
    match: tuple[str, ...] = Field(default=(), description="Members that may hold what was typed, beside the value.")


class PromptArgumentEntry(_Entry):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: Text
    required: bool = False
    enum: tuple[str, ...] = Field(default=(), description="The press writes one text for each of these.")
    default: Text | None = Field(default=None, description="The value when the argument is left out.")
    pattern: Text | None = Field(default=None, description="What a value without enum must look like, as a whole.")
    suggest: SuggestEntry | None = None


class PromptEntry(_Entry):
    """A guided workflow; its text is a Jinja file in prompts/."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: Text
    description: Text
    category: Text
    text: Text = Field(description="Name of the file in prompts/.")
    arguments: tuple[PromptArgumentEntry, ...] = ()


class SandboxEntry(_Entry):
    handlers: str = Field(default="", description="Import name of the package with this product's handlers.")


class Server(_Entry):
    """`server.yaml`: the facts that hold for a whole catalogue."""

    catalog: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    version: Text
    description: Text
    base_url: str = Field(pattern=r"^https?://")
    mcp_url: str | None = Field(
        default=None, pattern=r"^https?://", description="The product's own MCP endpoint, for `toolpress proxy`."
    )
    tenancy: TenancyEntry | None = None
    authentication: AuthenticationEntry
    roles: tuple[str, ...] = Field(min_length=1, description="Highest first.")
    categories: dict[str, CategoryEntry] = Field(min_length=1)
    hints: StatedHints = StatedHints()
    limits: LimitsEntry
    sessions: SessionsEntry | None = None
    errors: ErrorsEntry
    resources: tuple[ResourceEntry, ...] = ()
    prompts: tuple[PromptEntry, ...] = ()
    instructions: Text | None = Field(
        default=None, description="File in prompts/ with what clients are told at the start, by role."
    )
    sandbox: SandboxEntry = SandboxEntry()


PROPERTY_WORDS = {"in": Location, "wire_name": str, "style": Style, "secret": bool, "role_ceiling": bool}
"""Words of ours on a property, beside JSON Schema's; they never reach a client."""
