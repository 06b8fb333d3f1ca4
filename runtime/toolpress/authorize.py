"""The one answer to "may this principal use this?", asked by every listing, call and reading.

The audience of a tool, resource or prompt is its category's, so that what is added to a category is protected without
a further line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


class Guarded(Protocol):
    """A tool, resource or prompt."""

    @property
    def category(self) -> str: ...


def decide(principal: Principal, item: Guarded, catalog: Catalog) -> Decision:
    """A hidden write is refused by name, so that a downgraded key learns why; anything else hidden does not exist."""
    if principal.role in audience(item, catalog):
        return ALLOWED
    return BLOCKED if isinstance(item, ToolInfo) and item.effect != "read" else UNKNOWN


def outranks(role: object, principal: Principal, catalog: Catalog) -> bool:
    """Whether the role stands above the principal's own; what is no role of the catalogue outranks nobody."""
    order = catalog.roles
    if role not in order:
        return False
    return principal.role not in order or order.index(role) < order.index(principal.role)


def audience(item: Guarded, catalog: Catalog) -> tuple[str, ...]:
    """The roles that may use it; nobody when its category is not declared."""
    return next((category.roles for category in catalog.categories if category.name == item.category), ())
