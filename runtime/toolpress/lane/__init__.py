"""The fast lane: what agents ask all day, answered beside FastMCP instead of through it, in the same words."""

from toolpress.lane.layer import Lane
from toolpress.lane.lists import METHODS as LIST_METHODS
from toolpress.lane.ready_tools import ReadyTools

__all__ = ["LIST_METHODS", "Lane", "ReadyTools"]
