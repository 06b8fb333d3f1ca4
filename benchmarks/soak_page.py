"""What a soak says: verdicts, and a page with a chart."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "soak.json"
PAGE, CHART = ROOT / "docs" / "soak.md", ROOT / "docs" / "soak.svg"
GROWTH = 0.03
"""Of the resident memory, over the second half; what a process of this size gains and loses by chance is as much."""
SOCKETS = 2
WIDTH, HEIGHT, LEFT, GAP = 860, 150, 60, 34
Json = dict[str, Any]


def growth_mib(samples: Sequence[Json]) -> float:
    """What the line of least squares through the resident memory gains over the second half of the load."""
    half = samples[len(samples) // 2 :]
    slope = statistics.linear_regression([each["at"] for each in half], [each["rss_mib"] for each in half]).slope
    return slope * (half[-1]["at"] - half[0]["at"])


def judge(soak: Json) -> list[Json]:
    """No growth, nothing stuck, nothing left open, and no errors while the upstream is well."""
    loaded = [each for each in soak["samples"] if each["at"] <= soak["minutes"] * 60]
    grown, size = growth_mib(loaded), statistics.median(each["rss_mib"] for each in loaded)
    calm = soak["outcomes"].get("calm", {})
    wrong = sum(count for kind, count in calm.items() if kind != "ok")
    return [
        _verdict(
            "growth of memory over the second half",
            f"{grown:+.2f} MiB of {size:.0f}",
            f"at most {GROWTH:.0%}",
            grown <= GROWTH * size,
        ),
        _verdict("calls without an end", soak["stuck"], "none", soak["stuck"] == 0),
        _verdict(
            "open sockets at rest",
            f"{soak['sockets_after']}, {soak['sockets_before']} before",
            f"at most {SOCKETS} more",
            soak["sockets_after"] <= soak["sockets_before"] + SOCKETS,
        ),
        _verdict("errors while the upstream was well", f"{wrong} of {sum(calm.values())}", "none", wrong == 0),
    ]


def _verdict(what: str, found: object, bound: str, good: bool) -> Json:
    return {"what": what, "found": str(found), "bound": bound, "good": good}


def save(soak: Json) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(soak) + "\n", encoding="utf-8")
    CHART.write_text(chart(soak), encoding="utf-8")
    PAGE.write_text(page(soak), encoding="utf-8")


def page(soak: Json) -> str:
    kinds = sorted(
        {kind for found in soak["outcomes"].values() for kind in found}, key=lambda kind: (kind != "ok", kind)
    )
    phases = [name for name in dict.fromkeys(name for _, name in soak["phases"]) if name in soak["outcomes"]]
    verdicts = "".join(
        f"| {each['what']} | {each['found']} | {each['bound']} | {'yes' if each['good'] else 'no'} |\n"
        for each in soak["verdicts"]
    )
    outcomes = "".join(
        f"| {name} | {' | '.join(str(soak['outcomes'][name].get(kind, 0)) for kind in kinds)} |\n" for name in phases
    )
    odd = ", ".join(f"{name} {count}" for name, count in sorted(soak["oddities"].items()))
    return f"""# Soak

A real `toolpress serve` process for {soak["minutes"]:g} minutes at {soak["rate"]:.0f} calls a second, half of what it \
could do here, in front of an upstream that is slow, answers with errors, with no JSON, with half an answer or not at \
all, breaks connections, and is stopped and started again. Beside the clients that call there are some that vanish in \
the middle of a call, leave sessions behind, and open streams and drop them.

`uv run python -m benchmarks.soak --minutes {soak["minutes"]:g} --save` writes this page. The chart shows what the \
process holds; phases in which the upstream fails are shaded.

![Resident memory, open sockets and calls under way over time](soak.svg)

| What | Found | Bound | Good |
|---|---|---|---|
{verdicts}
How calls ended, by what the upstream did meanwhile; calls that ran across a change are not counted:

| Upstream | {" | ".join(kinds)} |
|---|{"---:|" * len(kinds)}
{outcomes}
Clients that behaved badly, by what they did: {odd}.
"""


def chart(soak: Json) -> str:
    """Three strips below each other, over one time."""
    strips = (("rss_mib", "resident memory, MiB"), ("sockets", "open sockets"), ("under_way", "calls under way"))
    longest = soak["samples"][-1]["at"]
    height = len(strips) * (HEIGHT + GAP) + 30
    drawn = "".join(
        part
        for number, (name, title) in enumerate(strips)
        for part in _strip(soak, name, title, 24 + number * (HEIGHT + GAP), longest)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" '
        f'font-family="sans-serif" font-size="12" fill="#57606a">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{drawn}'
        f'<text x="{LEFT + WIDTH}" y="{height - 10}" text-anchor="end">{longest / 60:.1f} minutes</text>\n</svg>\n'
    )


def _strip(soak: Json, name: str, title: str, top: int, longest: float) -> Iterator[str]:
    values = [each[name] for each in soak["samples"]]
    most = max(values) * 1.1 or 1.0
    for (start, phase), (end, _) in zip(soak["phases"], [*soak["phases"][1:], (longest, "")], strict=True):
        if phase not in ("calm", "rest"):
            x, width = LEFT + start / longest * WIDTH, (end - start) / longest * WIDTH
            shade = "#ffd8d3" if phase == "down" else "#f3eede"
            yield f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" fill="{shade}"/>\n'
    points = " ".join(
        f"{LEFT + each['at'] / longest * WIDTH:.1f},{top + HEIGHT - each[name] / most * HEIGHT:.1f}"
        for each in soak["samples"]
    )
    yield f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#d0d7de"/>\n'
    yield f'<polyline points="{points}" fill="none" stroke="#0969da" stroke-width="1.5"/>\n'
    yield f'<text x="{LEFT}" y="{top - 6}">{title}</text>\n'
    yield f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{most:.0f}</text>\n'
    yield f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>\n'
