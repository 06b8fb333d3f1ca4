"""The numeric ids that some kinds of rows have beside their uuid."""

from __future__ import annotations

from toolpress_sandbox.records import Records


def next_number(records: Records, collection: str) -> int:
    return max((row["id"] for row in records.all(collection)), default=0) + 1
