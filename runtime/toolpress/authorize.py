"""The one answer to "may this principal use this tool?", asked by the listing and by every call.

A tool's audience is its category's, so that a tool which is added to a category is protected without a further line.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolpress.contract import Catalog, ToolInfo
from toolpress.errors import NOT_FOUND, WRITE_BLOCKED
from toolpress.principal import Principal


@dataclass(frozen=True, slots=True)
class Decision:
    """`code` says how a call that is not allowed is answered, and is None when it is allowed."""

    visible: bool
    callable: bool
    code: str | None = None


ALLOWED = Decision(visible=True, callable=True)
BLOCKED = Decision(visible=False, callable=False, code=WRITE_BLOCKED)
UNKNOWN = Decision(visible=False, callable=False, code=NOT_FOUND)


def decide(principal: Principal, tool: ToolInfo, catalog: Catalog) -> Decision:
    """A hidden write is refused by name, so that a downgraded key learns why; a hidden read does not exist."""
    if principal.role in audience(tool, catalog):
        return ALLOWED
    return UNKNOWN if tool.effect == "read" else BLOCKED


def outranks(role: object, principal: Principal, catalog: Catalog) -> bool:
    """Whether the role stands above the principal's own; what is no role of the catalogue outranks nobody."""
    order = catalog.roles
    if role not in order:
        return False
    return principal.role not in order or order.index(role) < order.index(principal.role)


def audience(tool: ToolInfo, catalog: Catalog) -> tuple[str, ...]:
    """The roles that may use the tool; nobody when its category is not declared."""
    return next((category.roles for category in catalog.categories if category.name == tool.category), ())
