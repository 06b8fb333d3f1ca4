"""What the conformance suite asks of a server and manifests do not express, added by hand as any user would."""

from __future__ import annotations

from fastmcp import FastMCP

from tests.conformance import asking, content, input_required, talking


def extend(mcp: FastMCP) -> None:
    for part in (content, talking, asking, input_required):
        part.add_to(mcp)
