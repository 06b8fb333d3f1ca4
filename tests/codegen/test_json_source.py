"""Reading contracts: one JSON object that every reader takes alike, or one fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolpress_codegen.json_source import read_json
from toolpress_codegen.source_file import BOM, MAX_BYTES, unprintable

FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "1:1 [contract] not JSON: Expecting value"),
    "trailing text": (b'{"a": 1}\n  b', "2:3 [contract] not JSON: Extra data"),
    "single quotes": (b"{\n 'a': 1}", "2:2 [contract] not JSON: Expecting property name enclosed in double quotes"),
    "list": (b"[]", "1:1 [contract] the file is not a JSON object"),
    "null": (b"null", "1:1 [contract] the file is not a JSON object"),
    "duplicate key": (b'{"a": {"b": 1, "c": 2, "b": 3}}', "1:1 [contract] not JSON for every reader: key 'b' stands"),
    "NaN": (b'{"a": NaN}', "1:1 [contract] not JSON for every reader: NaN is not a JSON number"),
    "Infinity": (b'{"a": [-Infinity]}', "1:1 [contract] not JSON for every reader: -Infinity is not a JSON number"),
    "beyond a float": (b'{"a": 1e400}', "1:1 [contract] not JSON for every reader: 1e400 is not a JSON number"),
    "ten thousand digits": (b'{"a": ' + b"9" * 10_000 + b"}", "1:1 [contract] not JSON for every reader: "),
    "endless nesting": (b'{"a": ' + b"[" * 100_000, "1:1 [contract] not JSON for every reader: "),
    "half of a pair": (b'{"a": "\\ud800"}', "1:1 [yaml-encoding] the text holds U+D800"),
    "half of a pair as key": (b'{"\\udc00": 1}', "1:1 [yaml-encoding] the text holds U+DC00"),
    "Latin-1": (b'{"a":\n"\xe9"}', "2:2 [yaml-encoding] byte 0xe9 is not UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "1:1 [yaml-encoding] the file is UTF-16 or UTF-32"),
    "control character": (b'{"a": "\x07"}', "1:8 [yaml-encoding] the file holds U+0007"),
    "byte order mark": (BOM + b"{}", "1:1 [yaml-bom] the file begins with a byte order mark"),
    "one byte too many": (b"{}".ljust(MAX_BYTES + 1), f"1:1 [yaml-size] the file has more than {MAX_BYTES} bytes"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_no_object_for_every_reader_is_one_fault(case: str) -> None:
    raw, expected = FAULTS[case]
    source = read_json("c.json", raw)
    assert source.data is None
    (fault,) = source.faults
    assert str(fault).startswith(f"c.json:{expected}")
    assert fault.hint.strip()


@given(st.binary(max_size=100) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(deadline=None, max_examples=200)
def test_any_bytes_give_data_or_a_fault(raw: bytes) -> None:
    source = read_json("c.json", raw)
    assert (source.data is None) == bool(source.faults)


TEXT = st.text(max_size=8).filter(lambda text: not unprintable(text))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(LEAVES, lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXT, part, max_size=4))


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.booleans())
@settings(deadline=None, max_examples=200)
def test_dumped_data_is_read_back(data: dict[str, Any], escaped: bool) -> None:
    source = read_json("c.json", json.dumps(data, ensure_ascii=escaped).encode())
    assert source.data == data
    assert source.faults == ()
