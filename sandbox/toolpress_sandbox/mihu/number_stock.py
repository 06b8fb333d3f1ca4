"""The carrier's numbers: what is on offer, what a country demands for one, and the purchase."""

from __future__ import annotations

from base64 import b64decode

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import filters, phone_numbers
from toolpress_sandbox.mihu.answers import conflict, done, refused
from toolpress_sandbox.replies import Refusal, Reply

_OFFERED = ("country_code", "type", "location", "monthly_fee", "capabilities")
_ADDRESS = ("street_address", "locality", "postal_code")
_ANSWERED_BY = {"textual": "value", "document": "document_id"}


def search_available_phone_numbers(call: Call) -> Reply:
    """Numbers that any tenant has bought are gone."""
    found = filters.equal(call, _stock(call), {name: name for name in ("country_code", "type")})
    return done("Available phone numbers retrieved successfully", {"items": found})


def get_phone_number_requirements(call: Call) -> Reply:
    return done("Phone number requirements retrieved successfully", _demand(call))


def upload_phone_number_document(call: Call) -> Reply:
    given: JsonObject = call.arguments["file"]
    if given.get("media_type") not in call.settings["phone_document_types"]:
        raise refused("file", f"must be one of {', '.join(call.settings['phone_document_types'])}")
    try:
        b64decode(given["content"], validate=True)
    except ValueError:
        raise refused("file.content", "must be base64") from None
    document = call.records.insert("phone_number_documents", {name: given[name] for name in ("name", "media_type")})
    return done("Document uploaded successfully", {"document_id": document["document_id"]})


def buy_phone_number(call: Call) -> Reply:
    number = call.arguments["number"]
    if phone_numbers.of_number(call.records, number):
        raise conflict(f"{number} is in the inventory already")
    offer = _offer(call)
    demand = _demand(call)
    _require_compliance(call, demand)
    _require_room(call)
    row = call.records.insert("phone_numbers", _row(call, offer, demand))
    return done("Phone number purchased successfully", phone_numbers.shown(call.records, row))


def _stock(call: Call) -> list[JsonObject]:
    return [
        {"number": number, **{name: offer[name] for name in _OFFERED}}
        for offer in call.settings["phone_stock"]
        for number in offer["numbers"]
        if call.records.locate("phone_numbers", number=number, is_external=False) is None
    ]


def _offer(call: Call) -> JsonObject:
    for offer in _stock(call):
        if offer["number"] == call.arguments["number"]:
            for name in ("country_code", "type"):
                if offer[name] != call.arguments[name]:
                    raise refused(name, f"is not that of the number; the search says {offer[name]}")
            return offer
    raise refused("number", "is not on offer; take one that search_available_phone_numbers shows")


def _demand(call: Call) -> JsonObject:
    """What the country demands for the type of number."""
    wanted = {name: call.arguments[name] for name in ("country_code", "type")}
    for entry in call.settings["phone_requirements"]:
        if all(entry[name] == value for name, value in wanted.items()):
            demand: JsonObject = entry
            return demand
    return {**wanted, "address_required": False, "requirements": []}


def _require_compliance(call: Call, demand: JsonObject) -> None:
    address: JsonObject = call.arguments.get("address", {})
    for name in _ADDRESS if demand["address_required"] else ():
        if not address.get(name):
            raise refused(f"address.{name}", "is required for this country and type")
    given = {entry["key"]: entry for entry in call.arguments.get("requirements", ())}
    for requirement in demand["requirements"]:
        key, member = requirement["key"], _ANSWERED_BY[requirement["type"]]
        answer = given.get(key, {})
        if not answer.get(member):
            raise refused("requirements", f"need a {member} for {key}; see get_phone_number_requirements")
        if answer.get("requirement_id", requirement["requirement_id"]) != requirement["requirement_id"]:
            raise refused("requirements", f"have another requirement_id for {key} than get_phone_number_requirements")
        if member == "document_id" and not call.records.find("phone_number_documents", answer[member]):
            raise refused("requirements", f"name a document for {key} that was not uploaded")


def _require_room(call: Call) -> None:
    limit = call.settings["phone_purchase_limit"]
    current = len(call.records.all("phone_numbers", is_external=False))
    if current >= limit:
        message = f"The workspace has {current} of at most {limit} bought numbers; release one first"
        raise Refusal(403, "PURCHASE_LIMIT_REACHED", message, {"limit": limit, "current": current})


def _row(call: Call, offer: JsonObject, demand: JsonObject) -> JsonObject:
    """A channel is switched on when the number is capable of it."""
    settings: JsonObject = call.records.collection("phone_numbers").defaults["channel_settings"]
    asked = [{name: item[name] for name in ("name", "type", "description")} for item in demand["requirements"]]
    return {
        **{name: offer[name] for name in ("number", "country_code", "type", "capabilities")},
        "location": call.arguments.get("location"),
        "compliance": {"status": "completed", "requirements": asked},
        "channel_settings": {
            **settings,
            **{name: {**settings[name], "enabled": offer["capabilities"][name]} for name in ("voice", "sms")},
        },
        "billing": {
            "monthly_fee": call.arguments.get("monthly_fee", offer["monthly_fee"]),
            "currency": call.settings["phone_currency"],
        },
        "purchased_at": call.records.now(),
    }
