"""`toolpress drive`: the report of `toolpress.drive`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass

from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.cli import exits
from toolpress.drive import Result, drive


@dataclass(frozen=True, slots=True)
class Row:
    """A tool's results. Without any example of a kind, that kind is not fulfilled."""

    tool: str
    succeed: tuple[Result, ...]
    fail: tuple[Result, ...]

    @property
    def succeeds(self) -> bool:
        return bool(self.succeed) and all(result.as_declared for result in self.succeed)

    @property
    def fails(self) -> bool:
        return bool(self.fail) and all(result.as_declared for result in self.fail)


def run(args: argparse.Namespace) -> int:
    index = CatalogIndex(find_catalog(args.catalog))
    names = [index.require(name).name for name in args.tool or ()]
    results = drive(index, args.catalog, names)
    rows = [_row(tool.name, results) for tool in index.tools if not names or tool.name in names]
    good = all(row.succeeds and row.fails for row in rows)
    if args.json:
        print(json.dumps(_json(rows, good), ensure_ascii=False, indent=2))
    else:
        print("\n".join(_table(rows)))
    return exits.OK if good else exits.FOUND


def _row(tool: str, results: list[Result]) -> Row:
    own = [result for result in results if result.case.tool == tool]
    return Row(
        tool,
        succeed=tuple(result for result in own if result.case.code is None),
        fail=tuple(result for result in own if result.case.code is not None),
    )


def _table(rows: list[Row]) -> Iterator[str]:
    width = max((len(row.tool) for row in rows), default=4)
    yield f"{'tool':{width}}  succeeds  fails as declared"
    for row in rows:
        codes = ", ".join(str(result.case.code) for result in row.fail) or "no failing example"
        yield f"{row.tool:{width}}  {_share(row.succeed):8}  {_share(row.fail)} {codes}"
    for row in rows:
        for result in (*row.succeed, *row.fail):
            if not result.as_declared:
                wanted = result.case.code or "success"
                yield f"MISMATCH {row.tool}: wanted {wanted}, saw {result.seen} {result.note}".rstrip()
    yield _summary(rows)


def _summary(rows: list[Row]) -> str:
    succeed, fail = sum(row.succeeds for row in rows), sum(row.fails for row in rows)
    return f"{succeed} of {len(rows)} succeed, {fail} of {len(rows)} fail as declared"


def _share(results: tuple[Result, ...]) -> str:
    return f"{sum(result.as_declared for result in results)}/{len(results)}"


def _json(rows: list[Row], good: bool) -> dict[str, object]:
    return {
        "good": good,
        "summary": _summary(rows),
        "tools": [
            {
                "tool": row.tool,
                "succeeds": row.succeeds,
                "fails_as_declared": row.fails,
                "cases": [
                    {"wanted": r.case.code or "success", "seen": r.seen, "as_declared": r.as_declared, "note": r.note}
                    for r in (*row.succeed, *row.fail)
                ],
            }
            for row in rows
        ],
    }
