"""Coaching agents: texts, examples and material for feedback after an evaluation."""

from __future__ import annotations

from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import judges
from toolpress_sandbox.mihu.answers import done
from toolpress_sandbox.replies import Reply

COACHING_AGENTS = "coaching_agents"


def list_coaching_agents(call: Call) -> Reply:
    return judges.listing(call, COACHING_AGENTS, judges.timed)


def get_coaching_agent(call: Call) -> Reply:
    row = call.records.get(COACHING_AGENTS, call.arguments["uuid"])
    return done("Coaching agent retrieved successfully", judges.timed(row))


def create_coaching_agent(call: Call) -> Reply:
    """Without templates or examples with samples of them."""
    samples = {name: call.settings[f"sample_{name}"] for name in ("coaching_templates", "training_examples")}
    row = judges.insert(call.records, COACHING_AGENTS, {**samples, **call.arguments})
    return done("Coaching agent created successfully", judges.timed(row))


def update_coaching_agent(call: Call) -> Reply:
    row = judges.update(call.records, COACHING_AGENTS, call.arguments["uuid"], call.changes())
    return done("Coaching agent updated successfully", judges.timed(row))


def delete_coaching_agent(call: Call) -> Reply:
    return judges.delete(call, COACHING_AGENTS)
