"""People who come with a request, recognised among the tenant's contacts by phone number, then by email."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.mihu.contacts import active_fields
from toolpress_sandbox.mihu.filters import folded
from toolpress_sandbox.records import Records

_OWN = frozenset(
    {
        "phone_number",
        "name",
        "surname",
        "email",
        "timezone",
        "country_code",
        "primary_language",
        "preferred_contact_time",
        "preferred_contact_channel",
    }
)


class Book:
    """The tenant's contacts, read once for a whole request."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._fields = {field["key"] for field in active_fields(records)}
        self._by_phone: dict[str, JsonObject] = {}
        self._by_email: dict[str, JsonObject] = {}
        for contact in records.all("contacts"):
            self._enter(contact)

    def take_in(self, given: JsonObject, place: str) -> str:
        """The uuid of the person's contact, brought up to date or made. `place` is where in the request it stands.

        Members that are neither a contact's nor an active field of the tenant are dropped.
        """
        own = {name: value for name, value in given.items() if name in _OWN}
        custom = {name: value for name, value in given.items() if name in self._fields}
        known = self._by_phone.get(given.get("phone_number", "")) or self._by_email.get(folded(given.get("email")))
        if known is None:
            if "phone_number" not in given:
                raise refused(f"{place}.phone_number", "is required for somebody who is not a contact yet")
            known = self._records.insert("contacts", {"custom_fields": custom, **own})
        else:
            changes = {**own, "custom_fields": {**known["custom_fields"], **custom}}
            if any(known.get(name) != value for name, value in changes.items()):
                known = self._records.update("contacts", known["uuid"], changes)
        self._enter(known)
        return str(known["uuid"])

    def _enter(self, contact: JsonObject) -> None:
        """The first contact of a number or an address keeps it."""
        self._by_phone.setdefault(contact["phone_number"], contact)
        if contact["email"]:
            self._by_email.setdefault(folded(contact["email"]), contact)
