"""Research on the web, as far as a sandbox without a network can show it: made from the question alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply

_SOURCES = ["https://example.com/research/1", "https://example.org/research/2"]
_NARROWER = ("search_region", "search_city", "search_latitude", "search_longitude")
_ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "en": "Two sources speak of “{question}”: prices, opening hours and waiting times matter most.",
        "de": "Zwei Quellen sprechen über „{question}“: Preise, Öffnungszeiten und Wartezeiten zählen am meisten.",
        "tr": "İki kaynak “{question}” hakkında konuşuyor: fiyat, çalışma saatleri ve bekleme süresi en önemlisi.",
        "fr": "Deux sources parlent de « {question} » : prix, horaires et attente comptent le plus.",
    }
)


def agentic_search(call: Call) -> Reply:
    _check_place(call)
    answer = _answer(call, call.arguments["query"])
    return done("Search completed successfully", {"answer": answer, "citations": list(_SOURCES)})


def website(call: Call) -> tuple[JsonObject, str | None]:
    """The members of an agent for the website asked for, and the answer to the prompt, if there is one."""
    address, prompt = call.arguments.get("source_url"), call.arguments.get("analysis_prompt")
    if not address and not prompt:
        raise refused("source_url", "is required unless analysis_prompt is given")
    _check_place(call)
    company = _company(address) if address else None
    members: JsonObject = {
        "name": f"{company or 'Research'} assistant",
        "role": f"Assistant of {company}" if company else "Assistant",
        "objective": "Answer questions of customers and take down their wishes.",
        "tone": "friendly and clear",
        "behavior_guidelines": "Say only what the source says; offer a call back otherwise.",
        "language": _language(call),
        "guidelines": [{"content": "Name no price that the source does not name."}],
        **({"company_name": company, "notes": [{"content": f"Source of all facts: {address}"}]} if company else {}),
        **({"topic": prompt} if prompt else {}),
    }
    return members, _answer(call, prompt) if prompt else None


def _company(address: str) -> str:
    host = urlsplit(address).hostname
    if not host:
        raise refused("source_url", "must be the address of a website")
    return host.removeprefix("www.").partition(".")[0].title()


def _check_place(call: Call) -> None:
    """A narrower place needs its country, and a point both its numbers."""
    given = [name for name in _NARROWER if call.arguments.get(name) is not None]
    if given and not call.arguments.get("search_country"):
        raise refused("search_country", f"is required with {given[0]}")
    for one, other in (("search_latitude", "search_longitude"), ("search_longitude", "search_latitude")):
        if one in given and other not in given:
            raise refused(other, f"is required with {one}")


def _answer(call: Call, question: str) -> str:
    return _ANSWERS.get(_language(call), _ANSWERS["en"]).format(question=question)


def _language(call: Call) -> str:
    return str(call.arguments.get("language", call.tenant["language"]))
