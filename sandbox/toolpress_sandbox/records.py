"""One tenant's rows inside one request: defaults, parents, soft deletion and the history of versioned rows."""

from __future__ import annotations

import copy
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import Clock, iso
from toolpress_sandbox.definition import CollectionDef, Definition
from toolpress_sandbox.identifiers import token_of, uuid_of
from toolpress_sandbox.replies import not_found
from toolpress_sandbox.store import Store

VERSIONS = "versions"


def _fresh(defaults: JsonObject) -> JsonObject:
    """Defaults that a row may change: only what can be changed in place is copied."""
    return {name: copy.deepcopy(item) if isinstance(item, (dict, list)) else item for name, item in defaults.items()}


class Records:
    """Rows of `tenant`. `actor` is written into every version as its author."""

    def __init__(self, store: Store, definition: Definition, tenant: str, clock: Clock, actor: str) -> None:
        self._store = store
        self._definition = definition
        self.tenant = tenant
        self.clock = clock
        self.actor = actor

    def now(self) -> str:
        return iso(self.clock.now())

    def new_id(self) -> str:
        return uuid_of(self._definition.catalog, self._store.next_number())

    def new_token(self, length: int = 32) -> str:
        return token_of(self._definition.catalog, self._store.next_number(), length)

    def collection(self, name: str) -> CollectionDef:
        return self._definition.collections[name]

    def find(self, collection: str, row_id: str, *, deleted: bool = False) -> JsonObject | None:
        return self._store.read(self.tenant, collection, row_id, deleted=deleted)

    def get(self, collection: str, row_id: str, **equals: Any) -> JsonObject:
        """The row, or NOT_FOUND when it is missing, deleted or its members differ from `equals`."""
        row = self.find(collection, row_id)
        if row is None or any(row.get(name) != value for name, value in equals.items()):
            raise not_found(self.collection(collection).label)
        return row

    def all(self, collection: str, *, deleted: bool = False, **equals: Any) -> list[JsonObject]:
        """Rows in order of insertion whose members equal `equals`."""
        parent = self.collection(collection).parent
        owner = equals.pop(parent, None) if parent else None
        return self._store.select(self.tenant, collection, equals, parent=owner, deleted=deleted)

    def insert(
        self, collection: str, row: JsonObject, *, change: str = "create", changelog: str | None = None
    ) -> JsonObject:
        spec = self.collection(collection)
        now = self.now()
        full = {spec.id_field: row.get(spec.id_field) or self.new_id(), **_fresh(spec.defaults), **row}
        full.setdefault("created_at", now)
        full.setdefault("updated_at", full["created_at"])
        if spec.versioned:
            full["version"] = 1
        self._write(spec, full, change, changelog)
        return full

    def update(
        self, collection: str, row_id: str, changes: JsonObject, *, change: str = "update",
        changelog: str | None = None, quiet: bool = False,
    ) -> JsonObject:  # fmt: skip
        """Merge `changes` into the row and keep the new state as a version.

        `quiet` is for bookkeeping members (counters, last use): neither the version nor `updated_at` moves.
        """
        spec = self.collection(collection)
        row = {**self.get(collection, row_id), **changes}
        if not quiet:
            row["updated_at"] = changes.get("updated_at", self.now())
            if spec.versioned:
                row["version"] = self.latest_version(spec.versioned, row_id) + 1
        self._write(spec, row, None if quiet else change, changelog)
        return row

    def restore(self, collection: str, row: JsonObject, *, change: str, changelog: str | None = None) -> JsonObject:
        """Bring back an earlier state, also of a deleted row, as a new version."""
        spec = self.collection(collection)
        row_id = row[spec.id_field]
        full = {**row, "updated_at": self.now()}
        if spec.versioned:
            full["version"] = self.latest_version(spec.versioned, row_id) + 1
        self._store.mark_deleted(self.tenant, collection, row_id, None)
        self._write(spec, full, change, changelog)
        return full

    def remove(self, collection: str, row_id: str, *, hard: bool | None = None) -> JsonObject:
        """Delete a row as its collection says, or for good with `hard`; its versions stay."""
        spec = self.collection(collection)
        row = self.get(collection, row_id)
        if spec.versioned:
            state = {**row, "version": self.latest_version(spec.versioned, row_id) + 1}
            self._keep(spec, row_id, state, "delete", None)
        soft = spec.soft_delete if hard is None else not hard
        if soft:
            self._write(spec, {**row, "deleted_at": self.now()}, None, None)
            self._store.mark_deleted(self.tenant, collection, row_id, self.now())
        else:
            self._store.erase(self.tenant, collection, row_id)
        return row

    def latest_version(self, resource_type: str, row_id: str) -> int:
        rows = self._store.select(self.tenant, VERSIONS, {"resource_type": resource_type}, parent=row_id)
        return max((row["version"] for row in rows), default=0)

    def versions(self, resource_type: str, row_id: str) -> list[JsonObject]:
        """Newest first."""
        rows = self._store.select(self.tenant, VERSIONS, {"resource_type": resource_type}, parent=row_id)
        return sorted(rows, key=lambda row: -int(row["version"]))

    def elsewhere(self, tenant: str) -> Records:
        """The same request in another tenant: only for what has no key, such as a webhook."""
        return Records(self._store, self._definition, tenant, self.clock, self.actor)

    def locate(self, collection: str, **equals: Any) -> tuple[str, JsonObject] | None:
        return self._store.locate(collection, equals)

    def _write(self, spec: CollectionDef, row: JsonObject, change: str | None, changelog: str | None) -> None:
        parent = row.get(spec.parent) if spec.parent else None
        self._store.write(
            self.tenant, spec.name, row[spec.id_field], row, now=row.get("updated_at") or self.now(), parent=parent
        )
        if spec.versioned and change:
            self._keep(spec, row[spec.id_field], row, change, changelog)

    def _keep(self, spec: CollectionDef, row_id: str, row: JsonObject, change: str, changelog: str | None) -> None:
        now = self.now() if change == "delete" else row.get("updated_at") or self.now()
        entry: JsonObject = {
            "id": self.new_id(),
            "resource_type": spec.versioned,
            "resource_id": row_id,
            "owner_id": row.get(spec.parent) if spec.parent else row_id,
            "version": row["version"],
            "change_type": change,
            "changed_by": self.actor,
            "changelog": changelog,
            "data": row,
            "created_at": now,
        }
        self._store.write(self.tenant, VERSIONS, entry["id"], entry, now=now, parent=row_id)
