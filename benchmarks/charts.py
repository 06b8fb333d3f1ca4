"""Bar charts as SVG that can be read on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.figures import Figure
from benchmarks.report import number

_WIDTH, _LEFT, _BAR, _STEP, _TOP = 720, 220, 18, 28, 40
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.ours{fill:#0969da}.peer{fill:#8c959f}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#4493f8}.peer{fill:#6e7681}}"
)


def bars(title: str, unit: str, figures: Sequence[Figure]) -> str:
    """One bar for each figure, the first of them ours; lengths are in proportion."""
    longest = max(figure.median for figure in figures) or 1
    room = _WIDTH - _LEFT - 120
    lines = []
    for at, figure in enumerate(figures):
        top, length = _TOP + at * _STEP, max(1, round(figure.median / longest * room))
        kind = "peer" if at else "ours"
        lines += [
            f'<text x="{_LEFT - 10}" y="{top + 14}" text-anchor="end">{escape(figure.label)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{length}" height="{_BAR}" rx="3"/>',
            f'<text x="{_LEFT + length + 8}" y="{top + 14}">{number(figure.median)} {escape(unit)}</text>',
        ]
    height = _TOP + len(figures) * _STEP + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    heading = f'<title>{escape(title)}</title><style>{_STYLE}</style><text x="10" y="22">{escape(title)}</text>'
    return "\n".join((head, heading, *lines, "</svg>\n"))
