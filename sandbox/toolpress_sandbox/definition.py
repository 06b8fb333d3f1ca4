"""`sandbox.json` as frozen values: what the press says about a catalogue's operations, data and contracts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from toolpress.contract import CredentialHeader, JsonObject, Param
from toolpress_sandbox.wire import Wire


@dataclass(frozen=True, slots=True)
class Address:
    """One method and path template of an operation, with the value that it stands for when the operation switches."""

    method: str
    path: str
    argument: str | None = None
    value: str | bool | int | None = None


@dataclass(frozen=True, slots=True)
class OperationDef:
    """One operation. `handler` is `<module>.<function>`; without it `behaviour` holds an engine verb and its words."""

    name: str
    category: str
    effect: str
    addresses: tuple[Address, ...]
    params: tuple[Param, ...] = ()
    input: JsonObject = field(default_factory=dict)
    data_as: str | None = None
    stream: bool = False
    behaviour: JsonObject = field(default_factory=dict)
    handler: str | None = None
    secrets: tuple[str, ...] = ()
    """Dotted paths of arguments whose values must not be logged."""
    module: str = ""
    bare: bool = False
    """Whether its answers have no `success` member."""
    ignores: tuple[str, ...] = ()
    """Query parameters that the product knows and the tool does not send; they change nothing here."""
    public: bool = False
    """Open to callers without a key, such as an inbound webhook; its arguments are not checked by the engine."""

    def path_arguments(self) -> tuple[str, ...]:
        template = self.addresses[0].path
        names = [p.name for p in self.params if p.location == "path"]
        return tuple(sorted(names, key=lambda name: template.find("{" + name + "}")))


@dataclass(frozen=True, slots=True)
class CollectionDef:
    """How one kind of row behaves."""

    name: str
    label: str
    id_field: str = "id"
    parent: str | None = None
    """The field that names the owning row; `parent_collection` says where that row is."""
    parent_collection: str | None = None
    defaults: JsonObject = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Fields that no answer shows."""
    detail: tuple[str, ...] = ()
    """Fields that a list leaves out and a get shows."""
    soft_delete: bool = False
    versioned: str | None = None
    """Resource type under which each state of a row is kept, or None."""
    plural: str = ""
    index: tuple[str, ...] = ()
    """Fields by which rows are found without reading all of them."""


@dataclass(frozen=True, slots=True)
class Definition:
    """All that the engine knows about a catalogue."""

    catalog: str
    handlers: str
    accept: tuple[CredentialHeader, ...]
    prefixes: tuple[str, ...]
    roles: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    operations: Mapping[str, OperationDef]
    collections: Mapping[str, CollectionDef]
    contracts: Mapping[str, JsonObject]
    tenants: tuple[JsonObject, ...]
    seed: Mapping[str, JsonObject]
    settings: JsonObject
    mask: frozenset[str]
    """Names whose values never reach the request log, beside the arguments that manifests call secret."""
    default_key: str
    wire: Wire
    tenant_hosts: bool
    """Whether the first label of the Host header names the tenant."""
    permissions: bool
    """Whether a key that may not use an operation is told the permission that it lacks, as against its role."""
    request_log: str | None
    """Collection in which each request of a tenant becomes a row, or None."""
    before: str | None
    """`<module>.<function>` of the handlers' package that lets time pass before each request, or None."""
    raw: JsonObject = field(repr=False)


def load(catalog: str, source: Path | Mapping[str, Any] | None = None) -> Definition:
    """Read a definition from the generated package of the catalogue, a file or a mapping."""
    if isinstance(source, Mapping):
        return parse(dict(source))
    if source is not None:
        return parse(json.loads(source.read_text(encoding="utf-8")))
    text = files(f"toolpress_catalogs.{catalog}").joinpath("sandbox.json").read_text(encoding="utf-8")
    return parse(json.loads(text))


def parse(raw: JsonObject) -> Definition:
    data: JsonObject = raw.get("data") or {}
    operations = [_operation(item) for item in raw["operations"]]
    operations += [_public(item) for item in data.get("routes", ())]
    collections: JsonObject = dict(data.get("collections", {}))
    if any(item.get("versioned") for item in collections.values()):
        collections.setdefault("versions", {"label": "Version", "parent": "resource_id"})
    return Definition(
        catalog=raw["catalog"],
        handlers=raw.get("handlers") or "",
        accept=tuple(
            CredentialHeader(item["header"].lower(), item.get("scheme", "")) for item in raw["authentication"]["accept"]
        ),
        prefixes=tuple(raw["authentication"].get("prefixes", ())),
        roles=tuple(raw["roles"]),
        categories={name: tuple(entry["roles"]) for name, entry in raw["categories"].items()},
        operations={operation.name: operation for operation in operations},
        collections={name: _collection(name, item or {}) for name, item in collections.items()},
        contracts=raw.get("contracts") or {},
        tenants=tuple(data.get("tenants", ())),
        seed=data.get("seed", {}),
        settings=data.get("settings", {}),
        mask=frozenset(data.get("mask", ())),
        default_key=data.get("default_key", ""),
        wire=Wire(**data.get("wire", {})),
        tenant_hosts=bool(raw.get("tenancy")),
        permissions=bool(data.get("permissions", False)),
        request_log=data.get("request_log"),
        before=data.get("before"),
        raw=raw,
    )


def _operation(item: JsonObject) -> OperationDef:
    response = item.get("response") or {}
    behaviour = item.get("sandbox") or {}
    return OperationDef(
        name=item["name"],
        category=item["category"],
        effect=item["effect"],
        addresses=_addresses(item),
        params=tuple(
            Param(p["name"], p["location"], p.get("wire_name") or p["name"], p.get("style") or "repeat")
            for p in item.get("params", ())
        ),
        input=item.get("input") or {},
        data_as=response.get("data_as"),
        stream=response.get("format") == "sse",
        behaviour=behaviour,
        handler=behaviour.get("handler"),
        secrets=tuple(item.get("secrets", ())),
        module=item.get("module", ""),
        bare=bool(behaviour.get("bare", False)),
        ignores=tuple(behaviour.get("ignores", ())),
    )


def _addresses(item: JsonObject) -> tuple[Address, ...]:
    switch = item.get("switch")
    if not switch:
        return (Address(item["method"], item["path"]),)
    return tuple(Address(case["method"], case["path"], switch["argument"], case["when"]) for case in switch["cases"])


def _public(item: JsonObject) -> OperationDef:
    return OperationDef(
        name=item["handler"],
        category="",
        effect=item.get("effect", "execute"),
        addresses=(Address(item["method"], item["path"]),),
        handler=item["handler"],
        public=True,
    )


def _collection(name: str, item: JsonObject) -> CollectionDef:
    return CollectionDef(
        name=name,
        label=item.get("label", name),
        id_field=item.get("id", "id"),
        parent=item.get("parent"),
        parent_collection=item.get("parent_collection"),
        defaults=item.get("defaults", {}),
        hidden=tuple(item.get("hidden", ())),
        detail=tuple(item.get("detail", ())),
        soft_delete=bool(item.get("soft_delete", False)),
        versioned=item.get("versioned"),
        plural=item.get("plural") or f"{item.get('label', name)}s",
        index=tuple(item.get("index", ())),
    )
