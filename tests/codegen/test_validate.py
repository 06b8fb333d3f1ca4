"""Judging: shape at the exact place, rules that wait for what they need, and no manifest that makes it raise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolpress_codegen.load import CatalogSource, Sources, load_folder, shuffled
from toolpress_codegen.rules import RULES
from toolpress_codegen.rules.schemas import KEYWORDS, TYPES
from toolpress_codegen.source_file import DataPath
from toolpress_codegen.validate import CatalogManifest, validate
from toolpress_codegen.yaml_source import read_yaml

EXAMPLES = Path(__file__).parent / "rules"


def stored(path: str) -> str:
    return (EXAMPLES / path).read_text(encoding="utf-8")


SERVER = stored("_base/server.yaml")
IDENTITY = stored("_base/identity.yaml")
NOTES = stored("path-arguments/good/notes.yaml")


def judged(server: str | None = SERVER, **modules: str) -> tuple[list[CatalogManifest], list[str]]:
    sources = (read_yaml(f"{name}.yaml", text.encode()) for name, text in modules.items())
    facts = None if server is None else read_yaml("server.yaml", server.encode())
    manifests, faults = validate(Sources((CatalogSource("desk", facts, tuple(sources), (), ()),)))
    return list(manifests), list(map(str, faults))


def rules(faults: Iterable[str]) -> list[str]:
    return [fault.split("[", 1)[1].split("]")[0] for fault in faults]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_sound_catalogue_becomes_a_manifest() -> None:
    (manifest,), faults = judged(identity=IDENTITY, notes=NOTES)
    assert faults == []
    assert manifest.server.catalog == "desk"
    assert [module.module for module in manifest.modules] == ["identity", "notes"]
    assert manifest.files == ("server.yaml", "identity.yaml", "notes.yaml")


def test_catalogue_with_a_fault_of_shape_becomes_none() -> None:
    manifests, faults = judged(identity=IDENTITY, notes=changed(NOTES, "title: Notes\n", ""))
    assert manifests == []
    assert faults == ["notes.yaml:1:1 [shape] the file has no title -> add title: to it"]


def test_catalogue_without_modules_lacks_its_identity_tool() -> None:
    manifests, faults = judged()
    assert manifests == []
    assert faults == [
        "server.yaml:11:20 [identity-tool] there is no tool whoami -> name the tool that says whom a key belongs to"
    ]


def test_identity_tool_has_no_required_arguments() -> None:
    _, faults = judged(
        identity=changed(IDENTITY, "    examples:", "    input: {required: [note], properties: {}}\n    examples:")
    )
    assert any("[identity-tool] whoami cannot be called for every request" in fault for fault in faults)


@pytest.mark.parametrize("server", [None, "title: [", changed(SERVER, "roles: [owner, member]\n", "")])
def test_rules_of_tools_do_not_wait_for_the_server(server: str | None) -> None:
    odd = changed(NOTES, "colour: {type: string", "colour: {type: text")
    for known, unheard in (("category: all", "category: none"), ("VALIDATION_ERROR: {", "UNHEARD_OF: {")):
        odd = changed(odd, known, unheard)
    _, faults = judged(identity=IDENTITY, notes=odd)
    assert rules(faults) == ["category-known", "schema-type", "error-declared"]
    manifests, faults = judged(server, identity=IDENTITY, notes=odd)
    assert manifests == []
    assert rules(fault for fault in faults if fault.startswith("notes.yaml")) == ["schema-type"]


def test_order_of_reading_does_not_show(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(EXAMPLES / "_base", folder)
    for name in "abc":
        (folder / f"{name}.yaml").write_text(IDENTITY, encoding="utf-8")
    (folder / "contracts").mkdir()
    for name in "xyz":
        (folder / "contracts" / f"{name}.json").write_text("{}", encoding="utf-8")
    sources = load_folder(folder, folder)
    (manifest,), faults = validate(sources)
    assert rules(map(str, faults)) == [rule for _ in "bcd" for rule in ("duplicate-module", "duplicate-tool")]
    for seed in range(5):
        mixed = shuffled(sources, Random(seed))
        assert mixed != sources
        (other,), told = validate(mixed)
        assert told == faults
        assert sorted(other.files) == sorted(manifest.files)
        assert other.contracts == manifest.contracts


def test_missing_type_of_a_path_argument_is_told_once() -> None:
    _, faults = judged(identity=IDENTITY, notes=changed(NOTES, "note: {type: string, ", "note: {"))
    assert rules(faults) == ["schema-type"]


def test_sound_tools_are_judged_beside_an_odd_one() -> None:
    second = NOTES.partition("tools:\n")[2].replace("save_note", "find_note").replace("type: string", "type: text")
    odd = changed(NOTES, "    title: Save note\n", "")
    _, faults = judged(identity=IDENTITY, notes=f"{odd}\n  - 7\n\n{second}")
    assert sorted(rules(faults)) == ["schema-type", "schema-type", "shape", "shape"]


def test_what_is_absent_is_not_missed_while_a_file_cannot_be_read() -> None:
    server = changed(SERVER, "member]}", "member], size: 9}")
    for unreadable in ("tools: [", "module: notes\ntools: {}\n", "- a\n"):
        _, faults = judged(server, notes=unreadable)
        assert faults
        assert not any("[identity-tool]" in fault or "[category-size]" in fault for fault in faults)
    _, faults = judged(server, identity=IDENTITY, notes=changed(NOTES, "    title: Save note\n", ""))
    assert "server.yaml:14:51 [category-size] tools in all: 2; the product states 9 -> " in "\n".join(faults)


SHAPES = {
    "one fault for the members of a union": (
        "tools:\n  - request: {switch: {argument: a, cases: [{when: [1], method: PUT, path: /}, 7]}}\n",
        {
            "2:52 [shape] tools[0].request.switch.cases[0].when: should be a valid string",
            "2:80 [shape] tools[0].request.switch.cases[1]: should be an object",
        },
    ),
    "a list of one where two are needed": (
        "tools:\n  - request: {switch: {argument: a, cases: [{when: 1, method: PUT, path: /}]}}\n",
        {"2:44 [shape] tools[0].request.switch.cases: should have at least 2 items, not 1"},
    ),
    "unknown key below a list of a mapping": (
        "tools:\n  - errors: {NOT_FOUND: {when: Gone., example: {inputs: {}}}}\n",
        {"2:49 [unknown-key] inputs is no key of tools[0].errors.NOT_FOUND.example"},
    ),
    "unknown key at the top": ("modul: notes\n", {"1:1 [unknown-key] modul is no key of the file"}),
    "missing words of an error called like a hint": (
        "tools:\n  - errors: {annotations: {}}\n",
        {"2:14 [shape] tools[0].errors.annotations has no when"},
    ),
    "no mapping for the hints": (
        "tools:\n  - annotations: [true]\n",
        {"2:18 [shape] tools[0].annotations: should be an object"},
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shape_is_told_at_its_place(case: str) -> None:
    text, expected = SHAPES[case]
    _, faults = judged(notes=text)
    told = {fault.removeprefix("notes.yaml:").split(" -> ")[0] for fault in faults}
    assert expected <= told
    assert not any("after validation" in fault for fault in told)


HINTS = {
    ("Tru", "readOnlyHint: false", "readOnlyHint: Tru"): "write true or false",
    ("off", "readOnlyHint: false", "readOnlyHint: off"): "write false; off is text in YAML 1.2",
    ("On", "readOnlyHint: false", "readOnlyHint: On"): "write true; On is text in YAML 1.2",
    ("effect", "effect: update", "effect: nothing"): "use one of these",
    ("number", "effect: update", "effect: 1"): "see the key's description in the manifest schema",
    ("empty", "title: Save note", "title: ''"): "fill it in",
}


@pytest.mark.parametrize("case", HINTS, ids=lambda case: case[0])
def test_shape_tells_the_way_out(case: tuple[str, str, str]) -> None:
    _, old, new = case
    _, (fault,) = judged(identity=IDENTITY, notes=changed(NOTES, old, new))
    assert " [shape] " in fault
    assert fault.endswith(f" -> {HINTS[case]}")


def test_key_that_is_no_number_is_marked_itself() -> None:
    _, faults = judged(changed(SERVER, "{400: ", "{bad: "))
    assert any(fault.startswith("server.yaml:19:15 [shape] errors.by_status.bad: ") for fault in faults)


def paths(value: Any, path: DataPath = ()) -> list[DataPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in inner for deeper in paths(item, (*path, key)))]


WORDS = st.sampled_from(
    [*KEYWORDS, *TYPES, "in", "wire_name", "style", "secret", "path", "query", "header", "route", "null", "(", "uuid"]
)
TEXTS = WORDS | st.text("{}/:a\\é\n", max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats(-9, 9) | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """`data` with a few values replaced, keys added and entries left out."""
    result = json.loads(json.dumps(data))
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(paths(result)[1:] or [("module",)]))
        holder = result
        for step in way:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if change == "add" and isinstance(holder, dict):
            holder[draw(WORDS)] = draw(JSON)
        elif change == "drop" and last in holder:
            del holder[last]
        else:
            holder[last] = draw(JSON)
    return result


def plain(text: str) -> dict[str, Any]:
    return read_yaml("", text.encode()).data or {}


MODULES = [plain(path.read_text(encoding="utf-8")) for path in sorted(EXAMPLES.glob("*/*/notes.yaml"))]
IDS = {rule.id for rule in RULES}


def judged_without_raising(server: dict[str, Any], module: dict[str, Any]) -> None:
    server_text, module_text = (json.dumps(data, ensure_ascii=False) for data in (server, module))
    texts = {"server.yaml": server_text, "notes.yaml": module_text, "identity.yaml": IDENTITY}
    facts, *modules = (read_yaml(file, text.encode()) for file, text in texts.items())
    manifests, faults = validate(Sources((CatalogSource("desk", facts, tuple(modules), (), ()),)))
    assert faults == tuple(sorted(set(faults)))
    assert {fault.rule for fault in faults} <= IDS
    for fault in faults:
        assert 1 <= fault.column <= len(texts[fault.file].splitlines()[fault.line - 1])
    assert manifests or faults


@given(st.sampled_from(MODULES).flatmap(mutated))
@settings(deadline=None, max_examples=150)
def test_no_module_makes_it_raise(module: dict[str, Any]) -> None:
    judged_without_raising(plain(SERVER), module)


@given(mutated(plain(SERVER)))
@settings(deadline=None, max_examples=50)
def test_no_server_makes_it_raise(server: dict[str, Any]) -> None:
    judged_without_raising(server, plain(NOTES))
