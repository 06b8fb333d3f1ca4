"""From words of server.yaml, contracts and Jinja files to what a catalogue offers beside its tools."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.codegen.scratch import manifest, module, project, tool
from toolpress.surface import EMPTY, LiveRead, PromptText, Surface, parse
from toolpress_codegen.contract_examples import examples_of
from toolpress_codegen.load import load
from toolpress_codegen.manifest import Module, PromptEntry, Server
from toolpress_codegen.press import press
from toolpress_codegen.resolve import resolve
from toolpress_codegen.text_source import read_text
from toolpress_codegen.wording import Names, WordingError, instructions, prompt_texts

CONTRACT = {
    "title": "Order",
    "description": "One order.",
    "mcp_usage": "Checks the document.",
    "required": ["lines"],
    "properties": {
        "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
        "kind": {"type": "string", "enum": ["cash", "credit"], "description": "How it is paid."},
    },
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "credit"}}},
            "then": {"properties": {"until": {"type": ["string", "null"], "format": "date"}}},
        }
    ],
    "$defs": {
        "line": {
            "type": "object",
            "required": ["item"],
            "properties": {"item": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
        }
    },
    "examples": [{"lines": [{"item": "a"}]}],
    "x-rules": [{"id": "sum", "severity": "error", "text": "It adds up."}],
}


def offered(words: dict[str, Any], texts: dict[str, str] | None = None, contracts: Any = None) -> Surface:
    server = Server.model_validate({**manifest("server.yaml"), **words})
    listing = tool(
        "list_things",
        {"per_page": {"type": "integer", "wire_name": "perPage"}, "old": {"type": "boolean"}},
        response={"data_as": "things"},
    )
    one = tool("get_thing", {"thing": {"type": "string"}}, request={"method": "GET", "path": "/things/{thing}"})
    modules = [Module.model_validate(module("things", listing, one))]
    return resolve(server, modules, contracts=contracts, texts=texts).surface


def entry(uri: str, **words: Any) -> dict[str, Any]:
    return {"uri": uri, "name": "n", "title": "T", "description": "D.", "category": "all", **words}


def test_without_words_there_is_nothing() -> None:
    assert offered({}) == EMPTY


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ({"tool": "list_things"}, LiveRead("/things", (), "things", ())),
        (
            {"tool": "list_things", "arguments": {"per_page": 5, "old": True}, "query": {"sum": "yes"}},
            LiveRead("/things", (("perPage", "5"), ("old", "true"), ("sum", "yes")), "things"),
        ),
        ({"tool": "get_thing", "arguments": {"thing": "a/b c"}}, LiveRead("/things/a%2Fb%20c")),
        (
            {"path": "/models", "query": {"all": "1"}, "data_as": "models", "fields": {"model": "id"}},
            LiveRead("/models", (("all", "1"),), "models", (("model", "id"),)),
        ),
    ],
)
def test_a_reading_is_prepared(read: dict[str, Any], expected: LiveRead) -> None:
    [found] = offered({"resources": [entry("x://a", read=read)]}).resources
    if "list" in str(read):
        expected = LiveRead("/list_things", expected.query, expected.data_as, expected.fields)
    assert found.read == expected
    assert found.text is None


def test_each_contract_is_a_resource_and_all_are_a_template() -> None:
    contracts = {"order": CONTRACT, "note": {"type": "object"}}
    words = {
        "resources": [entry("x://forms/{form}", contracts="each"), entry("x://forms", contracts="examples")],
    }
    surface = offered(words, contracts=contracts)
    note, order, examples = surface.resources
    assert (note.uri, note.name, note.title, note.description) == ("x://forms/note", "note", "T: note", "D.")
    assert (order.uri, order.title, order.description) == ("x://forms/order", "T: Order", "One order.")
    assert json.loads(order.text or "") == CONTRACT
    assert json.loads(examples.text or "") == examples_of(dict(sorted(contracts.items())))
    [template] = surface.templates
    assert (template.uri, template.variable, template.values) == ("x://forms/{form}", "form", ("note", "order"))


def test_examples_are_taken_from_the_contract() -> None:
    found = examples_of({"order": CONTRACT})["templates"]["order"]
    assert found["fields"] == {
        "lines": "array, required, minItems 1.",
        "lines[].item": "string, required.",
        "lines[].parts": "array.",
        "kind": "string, one of cash | credit. How it is paid.",
    }
    assert found["variants"] == {"kind: credit": {"until": 'string or null, format "date".'}}
    assert (found["examples"], found["notes"]) == (CONTRACT["examples"], ["sum (error): It adds up."])


PROMPT = PromptEntry.model_validate(
    {
        "name": "greet",
        "title": "Greet",
        "description": "Greet somebody.",
        "category": "all",
        "text": "greet.md.j2",
        "arguments": [
            {"name": "person", "description": "Who.", "required": True},
            {"name": "tone", "description": "How.", "enum": ["warm", "cool"], "default": "warm"},
            {"name": "place", "description": "Where.", "required": True, "enum": ["here", "there"]},
        ],
    }
)
KNOWN = Names(frozenset({"wave"}), frozenset({"x://a"}), frozenset({"greet"}), frozenset({"wave", "bow"}))


def test_a_prompt_has_one_text_for_each_choice_and_slots_for_the_rest() -> None:
    texts = {
        "greet.md.j2": "{{ person }}, {{ tone }} {{ place }}: {x} {% include 'end.md.j2' %}",
        "end.md.j2": "${a}\n",
    }
    found = prompt_texts(PROMPT, texts, KNOWN)
    assert found[1] == PromptText((("tone", "warm"), ("place", "there")), ("", "person", ", warm there: {x} ${a}"))
    assert [text.choices for text in found] == [
        (("tone", tone), ("place", place)) for tone in ("warm", "cool") for place in ("here", "there")
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{{ person }}\n{{ nobody }}", 2, "'nobody' is undefined"),
        ("\n\n{{ tool('bow') }}", 3, "there is no tool bow for this reader"),
        ("{{ resource('x://b') }}", 1, "there is no resource x://b for this reader"),
        ("{{ prompt('leave') }}", 1, "there is no prompt leave for this reader"),
        ("{% if may('nothing') %}{% endif %}", 1, "there is no tool nothing for this reader"),
        ("a\n{% for %}", 2, "Expected an expression, got 'end of statement block'"),
        ("{% include 'gone.md.j2' %}", 1, "there is no file gone.md.j2 in prompts/"),
        ("{{ person.__class__.__mro__ }}", 1, "access to attribute '__class__' of 'str' object is unsafe."),
    ],
)
def test_a_text_that_cannot_be_printed_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(WordingError) as caught:
        prompt_texts(PROMPT, {"greet.md.j2": text}, KNOWN)
    assert (caught.value.file, caught.value.line, caught.value.message) == ("greet.md.j2", line, message)


def test_instructions_ask_what_their_reader_may() -> None:
    texts = {"start.md.j2": "{{ role }}{% if may('wave') %} waves{% endif %}{% if may('bow') %} bows{% endif %}\n"}
    assert instructions("start.md.j2", texts, KNOWN, "guest") == "guest waves"


def test_the_surface_survives_its_file() -> None:
    words = {
        "resources": [
            entry("x://a", read={"tool": "list_things", "fields": {"a": "b"}}, changed_by=[]),
            entry("x://forms/{form}", contracts="each"),
        ],
        "prompts": [
            {
                **PROMPT.model_dump(),
                "arguments": [
                    {"name": "person", "description": "Who.", "required": True, "pattern": "^a$",
                     "suggest": {"tool": "list_things", "items": "things", "value": "id", "match": ["name"]}},
                    {"name": "tone", "description": "How.", "enum": ["warm", "cool"], "default": "warm"},
                ],
            }
        ],
        "instructions": "start.md.j2",
    }  # fmt: skip
    texts = {"greet.md.j2": "{{ person }} {{ tone }}", "start.md.j2": "Hello {{ role }}."}
    surface = offered(words, texts, {"order": CONTRACT})
    assert all((surface.resources, surface.templates, surface.prompts, surface.instructions))
    assert parse(json.loads(json.dumps(asdict(surface)))) == surface


def test_the_press_writes_the_surface_and_the_page(tmp_path: Path) -> None:
    root = project(tmp_path)
    folder = root / "specs" / "fragment"
    server = (folder / "server.yaml").read_text(encoding="utf-8")
    words = "resources:\n  - {uri: 'x://a', name: a, title: A, description: All., category: all, read: {tool: probe}}\n"
    (folder / "server.yaml").write_text(f"{server}{words}instructions: start.md.j2\n", encoding="utf-8")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "start.md.j2").write_text("Begin with {{ tool('probe') }}.\n", encoding="utf-8")
    files = press(root).files
    written = json.loads(files["generated/toolpress_catalogs/fragment/surface.json"])
    assert "Generated by toolpress" in written["generated"]
    surface = parse(written)
    assert {text for _, text in surface.instructions} == {"Begin with probe."}
    page = files["docs/reference/fragment/README.md"]
    assert "| `x://a` | All. | live: `GET /probe` |" in page
    assert "Begin with probe." in page
    assert press(root, shuffle=5).files == files


def test_texts_are_read_as_they_stand(tmp_path: Path) -> None:
    folder = project(tmp_path) / "specs" / "fragment" / "prompts"
    folder.mkdir()
    (folder / "b.md.j2").write_text("two\nlines\n", encoding="utf-8")
    (folder / "notes.txt").write_text("not read", encoding="utf-8")
    [catalog] = load(tmp_path).catalogs
    [found] = catalog.texts
    assert (found.text, found.spot((2,))) == ("two\nlines\n", (2, 1))
    assert [fault.rule for fault in read_text("x", b"\xef\xbb\xbfa").faults] == ["yaml-bom"]
    assert [fault.rule for fault in read_text("x", b"a\x00b").faults] == ["yaml-encoding"]
