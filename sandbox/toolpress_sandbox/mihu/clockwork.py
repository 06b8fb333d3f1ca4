"""What happens by itself as time passes; called before each request of a tenant, under the sandbox's own clock."""

from __future__ import annotations

from toolpress_sandbox.mihu import (
    calls,
    deliveries,
    flow_runs,
    messaging,
    tasks,
    threads,
    transcriptions,
    whatsapp_templates,
)
from toolpress_sandbox.records import Records

STEPS = (
    calls.advance,
    tasks.advance,
    messaging.advance,
    threads.advance,
    whatsapp_templates.advance,
    transcriptions.advance,
    deliveries.advance,
    flow_runs.advance,
)


def advance(records: Records) -> None:
    """Lead everything that is under way to where it is by now."""
    for step in STEPS:
        step(records)
