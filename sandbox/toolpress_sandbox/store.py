"""Rows in SQLite. A request runs in one transaction: it commits wholly or leaves nothing.

One connection behind one lock: requests are answered one after the other, which is what makes a run repeatable.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import RLock

from toolpress.contract import JsonObject

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, parent TEXT,
    data TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, deleted TEXT,
    UNIQUE (tenant, collection, id)
);
CREATE INDEX IF NOT EXISTS by_parent ON records (tenant, collection, parent);
CREATE INDEX IF NOT EXISTS in_order ON records (collection, tenant, sequence);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """The state of one sandbox, in memory or in the file at `path`."""

    def __init__(self, path: str | None = None) -> None:
        self._lock = RLock()
        self._indexed: dict[str, frozenset[str]] = {}
        try:
            self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise OSError(f"{path} is no usable data file: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def index(self, collection: str, members: Iterable[str]) -> None:
        """Find rows of a collection by these members without reading the others."""
        names = frozenset(members)
        for word in (collection, *names):
            if not word.isidentifier():
                raise ValueError(f"{word!r} cannot be indexed: it is no plain name")
        for name in sorted(names):
            self._database.execute(
                f"CREATE INDEX IF NOT EXISTS {collection}_by_{name} ON records (tenant, {_member(name)}) "
                f"WHERE collection='{collection}'"
            )
        self._indexed[collection] = names

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit when the block ends, roll back when it raises."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def write(
        self, tenant: str, collection: str, row_id: str, data: JsonObject, *, now: str, parent: str | None = None
    ) -> None:
        """Insert a row or replace its data; `created` and the sequence stay those of the first write."""
        self._database.execute(
            "INSERT INTO records (tenant, collection, id, parent, data, created, updated) VALUES (?,?,?,?,?,?,?) "
            "ON CONFLICT (tenant, collection, id) DO UPDATE SET data=excluded.data, parent=excluded.parent, "
            "updated=excluded.updated",
            (tenant, collection, row_id, parent, json.dumps(data, ensure_ascii=False), now, now),
        )

    def mark_deleted(self, tenant: str, collection: str, row_id: str, when: str | None) -> None:
        """Hide a row from reads, or with None show it again."""
        self._database.execute(
            "UPDATE records SET deleted=? WHERE tenant=? AND collection=? AND id=?", (when, tenant, collection, row_id)
        )

    def erase(self, tenant: str, collection: str, row_id: str) -> None:
        self._database.execute(
            "DELETE FROM records WHERE tenant=? AND collection=? AND id=?", (tenant, collection, row_id)
        )

    def read(self, tenant: str, collection: str, row_id: str, *, deleted: bool = False) -> JsonObject | None:
        rows = self._database.execute(
            "SELECT data FROM records WHERE tenant=? AND collection=? AND id=? AND (deleted IS NULL OR ?)",
            (tenant, collection, row_id, deleted),
        ).fetchall()
        return _row(rows[0][0]) if rows else None

    def select(
        self, tenant: str, collection: str, equals: JsonObject | None = None, *, parent: str | None = None,
        deleted: bool = False,
    ) -> list[JsonObject]:  # fmt: skip
        """Rows in order of insertion whose members equal `equals`; None matches a missing or null member."""
        condition, bound = self._where(collection, equals or {})
        if parent is not None:
            condition, bound = condition + " AND parent=?", [*bound, parent]
        rows = self._database.execute(
            f"SELECT data FROM records WHERE {condition} AND tenant=? AND (deleted IS NULL OR ?) ORDER BY sequence",  # noqa: S608 - only placeholders and names that `index` has checked are joined
            [*bound, tenant, deleted],
        )
        return [_row(text) for (text,) in rows.fetchall()]

    def newer(self, tenant: str, collection: str, mark: int) -> tuple[list[JsonObject], int]:
        """Live rows written for the first time after a mark, in that order, and the mark after them."""
        rows = self._database.execute(
            "SELECT sequence, data FROM records WHERE collection=? AND tenant=? AND sequence>? AND deleted IS NULL "
            "ORDER BY sequence",
            (collection, tenant, mark),
        ).fetchall()
        return [_row(text) for _, text in rows], rows[-1][0] if rows else mark

    def locate(self, collection: str, equals: JsonObject) -> tuple[str, JsonObject] | None:
        """The first live row in any tenant, with its tenant: for keys and inbound webhooks only."""
        condition, bound = self._where(collection, equals)
        rows = self._database.execute(
            f"SELECT tenant, data FROM records WHERE {condition} AND deleted IS NULL LIMIT 1",  # noqa: S608 - as above
            bound,
        ).fetchall()
        return (rows[0][0], _row(rows[0][1])) if rows else None

    def next_number(self) -> int:
        """The next value of the counter behind ids; a rolled-back request gives its numbers back."""
        self._database.execute(
            "INSERT INTO meta VALUES ('number', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1"
        )
        return int(self.meta("number") or 0)

    def meta(self, name: str) -> str | None:
        rows = self._database.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchall()
        return str(rows[0][0]) if rows else None

    def set_meta(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Remove every row and start the counters again."""
        self._database.execute("DELETE FROM records")
        self._database.execute("DELETE FROM meta")
        self._database.execute("DELETE FROM sqlite_sequence")

    def _where(self, collection: str, equals: JsonObject) -> tuple[str, list[object]]:
        """The condition on collection and members, with what is bound in it."""
        indexed = self._indexed.get(collection, frozenset()).intersection(equals)
        condition = f"collection='{collection}'" if indexed else "collection=?"
        bound: list[object] = [] if indexed else [collection]
        for name, value in equals.items():
            if name not in indexed:
                bound.append(f'$."{name}"')
            condition += f" AND {_member(name) if name in indexed else 'json_extract(data, ?)'} IS ?"
            bound.append(int(value) if isinstance(value, bool) else value)
        return condition, bound


def _member(name: str) -> str:
    """An indexed member in SQL; an index serves a query only where both spell it alike."""
    return f"json_extract(data, '$.{name}')"


def _row(text: str) -> JsonObject:
    row: JsonObject = json.loads(text)
    return row
