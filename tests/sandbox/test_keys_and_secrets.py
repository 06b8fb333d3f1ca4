from __future__ import annotations

import json

import pytest

from tests.sandbox.ids import KEY, SECRET
from tests.sandbox.wire import ADMIN, OWNER, Driver


async def test_a_new_key_works_at_once_and_dies_at_once(sandbox: Driver) -> None:
    created = await sandbox("create_api_key", name="Robot", role="editor", prefix="zhn_test_", expires_in_days=2)
    data = created["data"]
    key, key_id = data["api_key"], data["id"]
    assert key.startswith("zhn_test_")
    assert key.endswith(data["suffix"])
    assert (await sandbox("whoami", key))["role"] == "editor"
    assert (await sandbox("get_api_key", key_id=key_id))["key"]["last_used_at"] == "2026-03-10T12:00:00.000Z"
    listing = await sandbox("list_api_keys")
    assert key not in json.dumps(listing.body)
    assert "key_hash" not in json.dumps(listing.body)
    assert (await sandbox("delete_api_key", key_id=key_id))["status"] == "revoked"
    assert (await sandbox("whoami", key)).code == "INVALID_API_KEY"
    statuses = {row["id"]: row["status"] for row in (await sandbox("list_api_keys"))["keys"]}
    assert (statuses[key_id], statuses[KEY(5)], statuses[KEY(1)]) == ("revoked", "revoked", "active")


async def test_a_key_expires(sandbox: Driver) -> None:
    key = (await sandbox("create_api_key", name="Short", role="member", expires_in_days=1))["data"]["api_key"]
    await sandbox.control("clock", advance=86_399)
    assert (await sandbox("whoami", key)).status == 200
    await sandbox.control("clock", advance=1)
    assert (await sandbox("whoami", key)).code == "INVALID_API_KEY"


async def test_no_key_makes_a_higher_one(sandbox: Driver) -> None:
    refused = await sandbox("create_api_key", ADMIN, name="Up", role="owner")
    assert (refused.status, refused.code) == (403, "ROLE_ESCALATION_DENIED")
    assert (await sandbox("create_api_key", ADMIN, name="Level"))["data"]["role"] == "admin"
    assert (await sandbox("create_api_key", OWNER, name="Level", role="owner"))["data"]["role"] == "owner"


@pytest.mark.parametrize(("wanted", "given", "tier"), [(8, 8, "default"), (30, 30, "basic"), (500, 50, "basic")])
async def test_the_plan_caps_the_rate(sandbox: Driver, wanted: int, given: int, tier: str) -> None:
    created = await sandbox("create_api_key", name="R", rate_limit_per_minute=wanted)
    data = created["data"]
    assert (data["rate_limit_per_minute"], data["calculated_tier"]) == (given, tier)
    updated = await sandbox("update_api_key", key_id=KEY(3), rate_limit_per_minute=wanted)
    assert (updated["key"]["rate_limit_per_minute"], bool(updated["warnings"])) == (given, wanted > 50)


async def test_a_secret_shows_its_value_once(sandbox: Driver) -> None:
    created = await sandbox("create_secret", name="stripe_key", value="sk-1", category="api")
    assert (created["value"], created["secret"]["name"]) == ("sk-1", "stripe_key")
    secret_id = created["secret"]["id"]
    updated = await sandbox("update_secret", secret_id=secret_id, value="sk-2", description="Payments")
    listing = await sandbox("list_secrets", category="api")
    assert {row["name"] for row in listing["secrets"]} == {"crm_token", "stripe_key"}
    for answer in (updated, listing):
        assert "sk-" not in json.dumps(answer.body)
        assert "fingerprint" not in json.dumps(answer.body)
    assert (await sandbox("create_secret", name="stripe_key", value="x")).code == "CONFLICT"
    await sandbox("delete_secret", secret_id=secret_id)
    assert secret_id not in {row["id"] for row in (await sandbox("list_secrets"))["secrets"]}
    assert (await sandbox("update_secret", secret_id=SECRET(99), value="x")).code == "NOT_FOUND"
