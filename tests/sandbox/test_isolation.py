"""Tenants never see each other: every operation, called by globex with acme's ids, and lists without any of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.wire import GLOBEX, Driver
from toolpress_sandbox.definition import load

SEEDED = re.compile(r"\b(?:0[a-f]|1[a-f]|2[a-d])000000-0000-4000-8000-0000000000(\d\d)\b")
FIRST_GLOBEX = 81
CALLS = [
    pytest.param(operation["name"], example.get("input", {}), id=f"{operation['name']}-{number}")
    for operation in load("zihin").raw["operations"]
    for number, example in enumerate(operation["examples"])
]


def foreign(text: str) -> set[str]:
    """Seed ids in a text that are acme's."""
    return {match[0] for match in SEEDED.finditer(text) if int(match[1]) < FIRST_GLOBEX}


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_foreign_ids_do_not_exist(sandbox: Driver, tool: str, arguments: dict[str, Any]) -> None:
    before = (await sandbox("list_agent_history", agent_id="0a000000-0000-4000-8000-000000000001")).body
    answer = await sandbox(tool, GLOBEX, **arguments)
    assert foreign(json.dumps(answer.body)) <= foreign(json.dumps(arguments)), "an id of acme that was not sent"
    named = foreign(json.dumps(arguments)) or {"consumer_key"} & arguments.keys()
    if named and answer.status < 300:
        assert tool in ("list_csps", "list_approvals", "list_triggers"), "a filter may name what is not there"
        assert answer.body[next(n for n in ("data", "approvals", "triggers") if n in answer.body)] == []
    elif named:
        assert answer.code in ("NOT_FOUND", "PLAN_LIMIT_REACHED", "VALIDATION_ERROR"), answer.body
    after = (await sandbox("list_agent_history", agent_id="0a000000-0000-4000-8000-000000000001")).body
    assert after == before


@pytest.mark.parametrize(("owner", "other"), [("acme", "globex"), ("globex", "acme")])
async def test_no_list_shows_a_row_of_the_other(sandbox: Driver, owner: str, other: str) -> None:
    seed = sandbox.definition.seed
    names = {
        str(row[m]) for rows in seed[other].values() for row in rows for m in ("name", "consumer_key") if row.get(m)
    }
    names -= {str(row.get("name")) for rows in seed[owner].values() for row in rows}
    for operation in sandbox.definition.operations.values():
        if operation.public or operation.effect != "read" or operation.input.get("required"):
            continue
        answer = await sandbox(operation.name, f"zhn_test_{owner}_owner")
        strings = set(re.findall(r'"([^"]*)"', json.dumps(answer.body)))
        assert not names & strings, operation.name
        ids = {int(match[1]) >= FIRST_GLOBEX for match in SEEDED.finditer(json.dumps(answer.body))}
        assert ids <= {owner == "globex"}, operation.name


async def test_a_secret_of_the_other_tenant_is_no_reference(sandbox: Driver) -> None:
    answer = await sandbox(
        "create_mcp_server",
        GLOBEX,
        agent_id="0a000000-0000-4000-8000-000000000081",
        name="desk",
        endpoint="https://e.example.com",
        secret_ref="crm_token",
    )
    assert answer.code == "VALIDATION_ERROR"
