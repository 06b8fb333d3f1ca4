"""Reading YAML: what words mean, where things stand, and a clear fault for every trap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codegen.scratch import ROOT
from toolpress_codegen import yaml_source
from toolpress_codegen.scalars import UnportableNumberError, plain
from toolpress_codegen.source_file import BOM, MAX_BYTES, SourceFile, unprintable
from toolpress_codegen.yaml_source import MAX_ALIASED, MAX_DEPTH, read_yaml


def read(text: str | bytes) -> SourceFile:
    return read_yaml("a.yaml", text.encode() if isinstance(text, str) else text)


def told(text: str | bytes) -> list[str]:
    return [str(fault).removeprefix("a.yaml:") for fault in read(text).faults]


TEXTS = (
    *("no", "No", "yes", "on", "off", "y", "n", "tRue", "inf", "nan", "2026-01-01", "12:30", "1.2.3"),
    *("1_000", "0b1", "0x", "1e", "e5", ".", "+", "-x", "٣"),
)
WORDS: dict[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{word: word for word in TEXTS},
    "12": 12,
    "-3": -3,
    "+4": 4,
    "010": 10,
    "0o17": 15,
    "0xfF": 255,
    "1.5": 1.5,
    "-0.5": -0.5,
    "1.": 1.0,
    ".5": 0.5,
    "1e3": 1000.0,
    "1.5E-1": 0.15,
    "'no'": "no",
    '"12"': "12",
    "|-\n  null": "null",
    ">-\n  two\n  words": "two words",
    "!!str 12": "12",
    "! 12": "12",
    "!!int '12'": 12,
    "!!float 1": 1,
    "!!float '1.5'": 1.5,
    "!!bool 'true'": True,
    "!!null ''": None,
    "!!map {a: 1}": {"a": 1},
    "!!seq [1]": [1],
    "! [1]": [1],
}


@pytest.mark.parametrize("word", WORDS)
def test_word_means_what_yaml_1_2_says(word: str) -> None:
    source = read(f"value: {word}\n")
    assert source.faults == ()
    assert source.data == {"value": WORDS[word]}
    assert type(source.data["value"]) is type(WORDS[word])


def test_keys_are_strings() -> None:
    source = read("400: a\nno: b\nnull: c\n'': d\n1.0: e\n!!str true: f\n")
    assert source.data == {"400": "a", "no": "b", "null": "c", "": "d", "1.0": "e", "true": "f"}
    assert source.faults == ()


def test_places_are_those_of_the_text() -> None:
    source = read("# first\ntop:\n  - {name: a, 'deep': [1, \"é\"]}\n  -\n    ? plain\n    : |\n      text\nlast:\n")
    places = {path: (place.key, place.value) for path, place in source.places.items()}
    assert places == {
        (): ((2, 1), (2, 1)),
        ("top",): ((2, 1), (3, 3)),
        ("top", 0): ((3, 5), (3, 5)),
        ("top", 0, "name"): ((3, 6), (3, 12)),
        ("top", 0, "deep"): ((3, 15), (3, 23)),
        ("top", 0, "deep", 0): ((3, 24), (3, 24)),
        ("top", 0, "deep", 1): ((3, 27), (3, 27)),
        ("top", 1): ((5, 5), (5, 5)),
        ("top", 1, "plain"): ((5, 7), (6, 7)),
        ("last",): ((8, 1), (8, 6)),
    }
    assert source.spot(("top", 0, "name")) == (3, 12)
    assert source.spot(("top", 0, "name"), "key") == (3, 6)


def test_what_is_not_written_stands_where_its_surroundings_stand() -> None:
    source = read("top:\n  inner: {a: 1}\n")
    assert source.spot(("top", "inner", "b")) == source.spot(("top", "inner"), "key") == (2, 3)
    assert source.spot(("gone", 3)) == (1, 1)
    assert SourceFile("a.yaml", "", None).spot(("a",)) == (1, 1)


def test_aliases_are_copies_at_the_place_of_their_anchor() -> None:
    source = read("a: &a {x: [1]}\nb: *a\nc: {d: *a}\n")
    assert source.data == {"a": {"x": [1]}, "b": {"x": [1]}, "c": {"d": {"x": [1]}}}
    assert source.faults == ()
    assert source.spot(("b",), "key") == (2, 1)
    assert source.spot(("c", "d", "x", 0)) == source.spot(("a", "x", 0)) == (1, 12)


TRAPS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "1:1 [yaml-empty] the file is empty"),
    "comments alone": ("# a\n\n# b\n", "1:1 [yaml-empty] the file is empty"),
    "mark alone": (BOM, "1:1 [yaml-bom] the file begins with a byte order mark"),
    "document of nothing": ("---\n", "2:1 [yaml-root] the file is not a mapping at its top"),
    "single word": ("word\n", "1:1 [yaml-root] the file is not a mapping at its top"),
    "list": ("\n- a\n", "2:1 [yaml-root] the file is not a mapping at its top"),
    "alias as root": ("*a\n", "1:1 [yaml-root] the file is not a mapping at its top"),
    "second document": ("a: 1\n---\nb: 2\n", "2:1 [yaml-documents] a second YAML document begins"),
    "tab before a key": ("a:\n\tb: 1\n", "2:1 [yaml-tab] a tab stands where YAML wants spaces"),
    "tab after a colon": ("a: 1\nb:\tc: 2\n", "2:3 [yaml-tab] a tab stands where YAML wants spaces"),
    "duplicate key": ("a: 1\nb: 2\na: 3\n", '3:1 [yaml-duplicate-key] key "a" stands here and on line 1'),
    "duplicate key, quoted": ("b:\n  1: x\n  '1': y\n", '3:3 [yaml-duplicate-key] key "1" stands here and on line 2'),
    "key that is a list": ("? [a]\n: b\n", "1:3 [yaml-key] a key is not a plain word"),
    "key that is an alias": ("a: &a b\n*a : c\n", "2:1 [yaml-key] a key is not a plain word"),
    "merge key": ("a: &a {b: 1}\nc: {<<: *a}\n", "2:5 [yaml-key] merge keys (<<) do not exist in YAML 1.2"),
    "tag of Python": (
        "a: !!python/object/apply:os.system ['true']\n",
        '1:4 [yaml-tag] tag "!!python/object/apply:os.system" does not fit here',
    ),
    "tag of a word": ("a: !secret b\n", '1:4 [yaml-tag] tag "!secret" does not fit here'),
    "tag of a key": ("!!int 1: b\n", '1:1 [yaml-tag] tag "!!int" does not fit here'),
    "tag of a mapping": ("a: !!set {b: null}\n", '1:4 [yaml-tag] tag "!!set" does not fit here'),
    "tag of another type": ("a: !!bool no\n", '1:4 [yaml-tag] tag "!!bool" does not fit here'),
    "tag of the root": ("!!omap\na: 1\n", '1:1 [yaml-tag] tag "!!omap" does not fit here'),
    "infinity": ("a: .inf\n", '1:4 [yaml-number] ".inf" is not a number that every client can hold'),
    "no number": ("a: .NaN\n", '1:4 [yaml-number] ".NaN" is not a number that every client can hold'),
    "beyond a float": ("a: -1e999\n", '1:4 [yaml-number] "-1e999" is not a number that every client can hold'),
    "beyond 64 bits": (f"a: {2**63}\n", f'1:4 [yaml-number] "{2**63}" is not a number that every client can hold'),
    "hexadecimal beyond 64 bits": (
        "a: 0x8000000000000000\n",
        '1:4 [yaml-number] "0x8000000000000000" is not a number that every client can hold',
    ),
    "ten thousand digits": (
        f"a: {'9' * 10_000}\n",
        f'1:4 [yaml-number] "{"9" * 56}... is not a number that every client can hold',
    ),
    "unknown alias": ("a: *b\n", "1:4 [yaml-alias] alias *b has no finished anchor before it"),
    "alias within its anchor": ("a: &a [*a]\n", "1:8 [yaml-alias] alias *a has no finished anchor before it"),
    "unclosed bracket": (
        "a: [b\n",
        "2:1 [yaml-syntax] expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)",
    ),
    "colon in text": ("a: b: c\n", "1:5 [yaml-syntax] mapping values are not allowed here"),
    "percent": ("a: %b\n", "1:4 [yaml-syntax] found character '%' that cannot start any token"),
    "unknown escape": ('a: "\\q"\n', "1:6 [yaml-syntax] found unknown escape character 'q'"),
    "escape beyond Unicode": ('a: "\\U00110000"\n', "1:1 [yaml-syntax] this is not YAML: "),
    "escape beyond every number": ('a: "\\UFFFFFFFF"\n', "1:1 [yaml-syntax] this is not YAML: "),
    "version of many digits": (f"%YAML {'9' * 5000}.1\n---\na: 1\n", "1:1 [yaml-syntax] this is not YAML: "),
    "UTF-16": ("a: 1\n".encode("utf-16"), "1:1 [yaml-encoding] the file is UTF-16 or UTF-32"),
    "UTF-16 without a mark": ("a: 1\n".encode("utf-16-le"), "1:1 [yaml-encoding] the file is UTF-16 or UTF-32"),
    "UTF-32 without a mark": ("a: 1\n".encode("utf-32-be"), "1:1 [yaml-encoding] the file is UTF-16 or UTF-32"),
    "Latin-1": ("a: ä\nb: é!\r\nc: ü".encode("latin-1"), "1:4 [yaml-encoding] byte 0xe4 is not UTF-8"),
    "Latin-1 below": (b"a: \xc3\xa4\r\nb: x\xe9\n", "2:5 [yaml-encoding] byte 0xe9 is not UTF-8"),
    "half of a pair as bytes": (b"a: \xed\xa0\x80\n", "1:4 [yaml-encoding] byte 0xed is not UTF-8"),
    "control character": ("a: 1\nb: x\x1b[31m\n", "2:5 [yaml-encoding] the file holds U+001B"),
    "null character": ("a: 1\nb: \x00\n", "2:4 [yaml-encoding] the file holds U+0000"),
    "mark in the middle": ("a: 1\rb: \ufeff\n", "2:4 [yaml-encoding] the file holds U+FEFF"),
    "line end of YAML 1.1": ("a: 1\u2028b: 2\n", "1:5 [yaml-encoding] the file holds U+2028"),
    "escaped control character": ("a: ['b', \"\\0\"]\n", "1:10 [yaml-encoding] the text holds U+0000"),
    "escaped half of a pair": ('a: "\\uDC00"\n', "1:4 [yaml-encoding] the text holds U+DC00"),
    "escaped line end in a key": ('"a\\L": b\n', "1:1 [yaml-encoding] the text holds U+2028"),
    "one byte too many": (b"a: 1\n#".ljust(MAX_BYTES + 1), f"1:1 [yaml-size] the file has more than {MAX_BYTES} bytes"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_trap_is_told_at_its_place(trap: str) -> None:
    text, expected = TRAPS[trap]
    message, hint = told(text)[0].split(" -> ")
    assert message.startswith(expected)
    assert hint.strip()


def test_faults_that_leave_the_rest_readable_are_all_told() -> None:
    source = read(BOM + b'a: .inf\na: 1\nb: !x "\\a"\n? [c]\n: {<<: 1}\nd: 2\n')
    assert [(fault.line, fault.rule) for fault in source.faults] == [
        (1, "yaml-bom"),
        (1, "yaml-number"),
        (2, "yaml-duplicate-key"),
        (3, "yaml-encoding"),
        (3, "yaml-tag"),
        (4, "yaml-key"),
        (5, "yaml-key"),
    ]
    assert source.data == {"a": 0, "b": "", "d": 2}


def test_the_largest_file_is_read() -> None:
    assert read(b"a: 1\n#".ljust(MAX_BYTES)).data == {"a": 1}
    assert [fault.rule for fault in read((BOM + b"a: 1\n#").ljust(MAX_BYTES + 1)).faults] == ["yaml-bom", "yaml-size"]


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ("{a: ", "}")])
def test_nesting_ends_at_its_limit(opened: str, closed: str) -> None:
    def nested(levels: int, inner: str = "x") -> str:
        return opened * levels + inner + closed * levels

    half = MAX_DEPTH // 2
    anchored = f"a: &a {nested(half)}\n"
    assert told(f"a: {nested(MAX_DEPTH - 1)}\n") == []
    assert told(f"{anchored}b: {nested(MAX_DEPTH - half - 1, '*a')}\n") == []
    for text in (f"a: {nested(MAX_DEPTH)}\n", f"{anchored}b: {nested(MAX_DEPTH - half, '*a')}\n"):
        (fault,) = read(text).faults
        assert fault.rule == "yaml-depth"


def test_endless_nesting_is_refused_at_once() -> None:
    (fault,) = read("a: " + "[" * (MAX_BYTES - 10)).faults
    assert fault.rule == "yaml-depth"


def test_aliases_end_at_their_limit() -> None:
    listed = f"a: &a [{', '.join('x' * 99)}]\nb:\n"
    assert told(listed + "  - *a\n" * (MAX_ALIASED // 100)) == []
    (fault,) = told(listed + "  - *a\n" * (MAX_ALIASED // 100 + 1))
    assert fault.startswith(f"{MAX_ALIASED // 100 + 3}:5 [yaml-alias] aliases add more than {MAX_ALIASED} values")


def test_a_long_chain_of_aliases_is_no_deeper_than_the_limit() -> None:
    links = [f"a{index}: &a{index} [*a{index - 1}]\n" for index in range(1, 200)]
    source = read("a0: &a0 x\n" + "".join(links))
    assert [fault.rule for fault in source.faults] == ["yaml-depth"]


def spots_hold(source: SourceFile, text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for fault in source.faults:
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
        assert "\n" not in str(fault)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_bytes_give_data_or_a_fault(raw: bytes) -> None:
    source = read(raw)
    assert source.data is not None or source.faults
    spots_hold(source, raw.decode("utf-8", "replace"))


PIECES = st.sampled_from(
    (
        *(
            "a",
            ": ",
            "- ",
            "? ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "&a ",
            "*a",
            "!x ",
            "!!int ",
            "<<",
            '"',
            "'",
            "\\",
            "#",
            "@",
        ),
        *("\n", "\r", "\x85", "  ", "\t", "|\n", ">-\n", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x:\n", "@", "1e999"),
    )
)


@given(st.text(max_size=60) | st.lists(PIECES, max_size=30).map("".join))
@settings(deadline=None, max_examples=500)
def test_any_text_gives_data_or_a_fault(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    source = read(raw)
    assert source.data is not None or source.faults
    spots_hold(source, raw.decode("utf-8", "replace"))


def is_text(text: str) -> bool:
    """Whether YAML 1.2 reads the unquoted `text` as itself."""
    try:
        return isinstance(plain(text), str)
    except UnportableNumberError:
        return False


TEXT = st.text(max_size=8).filter(lambda text: not unprintable(text))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    leaves = st.none() | st.booleans() | NUMBERS | text
    inner = st.recursive(leaves, lambda part: st.lists(part, max_size=4) | st.dictionaries(text, part, max_size=4))
    return st.dictionaries(text, inner, max_size=4)


@given(values(TEXT), st.sampled_from(['"', "'"]), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=150)
def test_quoted_yaml_is_read_back(data: dict[str, Any], quote: str, flow: bool, unicode: bool) -> None:
    text = yaml.safe_dump(data, default_style=quote, default_flow_style=flow, allow_unicode=unicode)
    assert read(text).data == data
    assert told(text) == []


@given(values(TEXT.filter(is_text)), st.booleans())
@settings(deadline=None, max_examples=150)
def test_plain_yaml_is_read_back(data: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, sort_keys=False)
    assert read(text).data == data
    assert told(text) == []


@given(values(TEXT))
@settings(deadline=None, max_examples=150)
def test_json_is_read_back_with_the_place_of_everything(data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    source = read(text)
    assert source.data == data
    assert source.faults == ()
    lines = text.split("\n")
    for path, place in source.places.items():
        value: Any = data
        for step in path:
            value = value[step]
        if not isinstance(value, list | dict):
            line, column = place.value
            assert lines[line - 1][column - 1 :].rstrip(",") == json.dumps(value, ensure_ascii=False)
        if path and isinstance(path[-1], str):
            line, column = place.key
            assert lines[line - 1][column - 1 :].startswith(json.dumps(path[-1], ensure_ascii=False) + ":")


def read_in_python(text: str | bytes) -> SourceFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_source, "_QUICK", yaml.SafeLoader)
        return read(text)


@given(values(TEXT), st.booleans())
@settings(deadline=None, max_examples=150)
def test_libyaml_changes_no_value_and_no_place(data: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    assert read(text) == read_in_python(text)


# Before a closing bracket the two place what is not written apart; of `?` within words libyaml knows more.
@given(st.lists(PIECES.filter(lambda piece: "?" not in piece), max_size=30).map("".join))
@settings(deadline=None, max_examples=300)
def test_libyaml_changes_no_wording(text: str) -> None:
    quick, python = read(f"{text}\n"), read_in_python(f"{text}\n")
    assert quick.data == python.data
    assert [(fault.rule, fault.message) for fault in quick.faults] == [
        (fault.rule, fault.message) for fault in python.faults
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "specs" / "zihin").glob("*.yaml")), ids=lambda path: path.name)
def test_manifests_are_the_same_without_libyaml(path: Path) -> None:
    assert read(path.read_bytes()) == read_in_python(path.read_bytes())
