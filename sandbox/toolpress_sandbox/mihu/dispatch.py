"""What the clock does to tasks: those whose time has come begin, few at a time, and runs that are done are finished.

One look begins at most `BEGUN_AT_ONCE` tasks. A listing has `LISTING_PARALLEL` calls under way at most, a pool of
type Parallel its own number and any other pool one.
"""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import iso
from toolpress_sandbox.mihu import attempts, cadence, runs
from toolpress_sandbox.mihu.moments import zone
from toolpress_sandbox.records import Records

BEGUN_AT_ONCE = 25
LISTING_PARALLEL = 10
_ARMED = ("scheduled", "queued")
_FRONT = {"rank": 0}

Live = list[list[str]]


def look(records: Records, live: Live) -> tuple[str | None, Live]:
    """Begin what is due: when to look again (None: not before something changes), and the calls then under way."""
    ends = _end_campaigns(records)
    waiting = _waiting(records)
    line = _Line(records, live)
    for task in waiting:
        line.consider(task)
    for listing in records.all("listings", status=runs.RUNNING):
        if listing["uuid"] not in line.busy:
            records.update("listings", listing["uuid"], {"status": "Completed"})
    return min([*ends, *line.looks], default=None), line.live


class _Line:
    """One pass over the waiting tasks. `busy` are the listings with work left, `looks` the moments to look again."""

    def __init__(self, records: Records, live: Live) -> None:
        self._records = records
        self._moment = records.clock.now()
        self._now = iso(self._moment)
        self._begun = 0
        self._limits: dict[str, int] = {}
        self._openings: dict[tuple[str, ...], str] = {}
        under_way = [task for task in (records.find("tasks", uuid) for uuid, _ in live) if task]
        self._lanes = Counter(_lane(task) for task in under_way)
        self.live = list(live)
        self.busy = {task["listing_uuid"] for task in under_way}
        self.looks: list[str] = []

    def consider(self, task: JsonObject) -> None:
        """Begin the task, or note when it should be looked at again."""
        due = self._due(task) if task["status"] in _ARMED else None
        if due == self._now and self._begun < BEGUN_AT_ONCE and self._has_room(task):
            self._begin(task)
            return
        self.busy.add(task["listing_uuid"])
        if due is not None and (due > self._now or self._begun == BEGUN_AT_ONCE):
            self.looks.append(due)
        if task["expires_at"]:
            self.looks.append(task["expires_at"])

    def _begin(self, task: JsonObject) -> None:
        self._begun += 1
        call = attempts.begin(self._records, task)
        if call is not None:
            self.live.append([task["uuid"], call])
            self.busy.add(task["listing_uuid"])
            self._lanes[_lane(task)] += 1

    def _due(self, task: JsonObject) -> str:
        """The first moment from now on at which the task may begin."""
        if task["scheduled_at"] > self._now:
            return str(task["scheduled_at"])
        link = task["run"]
        if link is None:
            return self._now
        hours = (link["start_time"], link["end_time"], task["timezone"])
        if hours not in self._openings:
            where = zone(task["timezone"]) or ZoneInfo("UTC")
            moment = cadence.opening(self._moment, link["start_time"], link["end_time"], where)
            self._openings[hours] = iso(moment)
        return self._openings[hours]

    def _has_room(self, task: JsonObject) -> bool:
        """A lane without room needs no look: the end of one of its calls causes one."""
        lane = _lane(task)
        if lane is None:
            return True
        if lane not in self._limits:
            self._limits[lane] = _limit(self._records, task["run"])
        return self._lanes[lane] < self._limits[lane]


def _lane(task: JsonObject) -> str | None:
    return str(task["run"]["owner"]) if task["run"] else None


def _limit(records: Records, link: JsonObject) -> int:
    if link["collection"] == "listing_contacts":
        return LISTING_PARALLEL
    pool = records.find("pools", link["owner"])
    return int(pool["max_parallel_items"]) if pool and pool["type"] == "Parallel" else 1


def _waiting(records: Records) -> list[JsonObject]:
    """The tasks that have not begun, as they stand in line; those whose time is over expire."""
    now = records.now()
    kept: list[JsonObject] = []
    for task in [task for status in runs.WAITING for task in records.all("tasks", status=status)]:
        if task["expires_at"] and task["expires_at"] <= now:
            records.update("tasks", task["uuid"], {"status": "expired"})
            runs.lead(records, task, status="Skipped", notes="was not reached in time", next_retry_at=None)
        else:
            kept.append(task)
    return sorted(kept, key=lambda task: (-task["priority"], (task["run"] or _FRONT)["rank"], task["scheduled_at"]))


def _end_campaigns(records: Records) -> list[str]:
    """Finish the campaigns whose end has come; the ends of the others that run."""
    ends: list[str] = []
    for campaign in records.all("campaigns", status=runs.RUNNING):
        end = campaign["end_date"]
        if end and end <= records.now():
            runs.halt(records, {"campaign_uuid": campaign["uuid"]}, "campaigns", "Completed")
        elif end:
            ends.append(end)
    return ends
