"""Who calls: keys to tenant and role, and which operations a role may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import Clock, iso
from toolpress_sandbox.definition import Definition, OperationDef
from toolpress_sandbox.identifiers import fingerprint
from toolpress_sandbox.replies import Refusal, not_found
from toolpress_sandbox.store import Store

KEYS = "api_keys"
_LAST_USE_STEP = 17  # characters of an ISO time up to the minute: last use is written at most once a minute


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key. `key` is its row, without the key itself."""

    tenant: str
    role: str
    key_id: str
    key: JsonObject


def authenticate(store: Store, definition: Definition, clock: Clock, headers: Mapping[str, str]) -> Caller:
    """The first credential header that is present decides. Raises 401 MISSING_API_KEY or INVALID_API_KEY.

    Where tenants are hosts, an unknown one is 404 whatever the key, and a key of another tenant is an unknown key.
    """
    host = _tenant_host(definition, headers)
    presented = _presented(definition, headers)
    if presented is None:
        names = " or ".join(item.header.title() for item in definition.accept)
        raise Refusal(401, "MISSING_API_KEY", f"Send an API key in {names}")
    found = store.locate(KEYS, {"key_hash": fingerprint(presented)}) if _plausible(definition, presented) else None
    now = iso(clock.now())
    if found is None or not _usable(found[1], now) or host not in (None, found[0]):
        raise Refusal(401, "INVALID_API_KEY", "The API key is unknown, revoked or expired")
    tenant, key = found
    if str(key.get("last_used_at") or "")[:_LAST_USE_STEP] != now[:_LAST_USE_STEP]:
        key = {**key, "last_used_at": now}
        store.write(tenant, KEYS, key["id"], key, now=str(key["updated_at"]))
    return Caller(tenant, key["role"], key["id"], key)


def authorize(definition: Definition, caller: Caller, operation: OperationDef) -> None:
    """A write outside the role's categories is WRITE_BLOCKED; a read there does not exist for the caller."""
    if caller.role in definition.categories.get(operation.category, ()):
        return
    if definition.permissions:
        permission = f"{operation.module}.{'read' if operation.effect == 'read' else 'write'}"
        raise Refusal(403, "WRITE_BLOCKED", f"Missing permission: {permission}", {"permission": permission})
    if operation.effect == "read":
        raise not_found(operation.name)
    raise Refusal(
        403,
        "WRITE_BLOCKED",
        f"Role {caller.role} may not use {operation.name}; ask for a key with a higher role",
        {"role": caller.role, "allowed_roles": list(definition.categories.get(operation.category, ()))},
    )


def _tenant_host(definition: Definition, headers: Mapping[str, str]) -> str | None:
    """The id of the tenant whose host is called; None where tenants have no hosts."""
    if not definition.tenant_hosts:
        return None
    label = headers.get("host", "").partition(".")[0]
    for tenant in definition.tenants:
        if tenant["slug"] == label:
            return str(tenant["id"])
    raise Refusal(404, "UNKNOWN_TENANT", "There is no such workspace")


def _presented(definition: Definition, headers: Mapping[str, str]) -> str | None:
    for item in definition.accept:
        value = headers.get(item.header, "").strip()
        if value and not item.scheme:
            return value
        scheme, _, rest = value.partition(" ")
        if value and scheme.lower() == item.scheme.lower() and rest.strip():
            return rest.strip()
    return None


def _plausible(definition: Definition, key: str) -> bool:
    return not definition.prefixes or key.startswith(definition.prefixes)


def _usable(key: JsonObject, now: str) -> bool:
    return key.get("status") == "active" and not (key.get("expires_at") and key["expires_at"] <= now)
