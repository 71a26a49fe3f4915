"""JSON as the world writes it."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.json_text import parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": NaN, "b": -Infinity, "c": 1e999}', {"a": None, "b": None, "c": None}),
        (b'["\\ud800 half"]', ["? half"]),
        (b'["tab\there"]', ["tab\there"]),
        (b'["\xff"]', ["�"]),
        (b'["\\u0000"]', ["\x00"]),
    ],
)
def test_common_faults_are_mended(text: bytes, value: object) -> None:
    assert parse_json(text) == value


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b'{"a": ', b"[1,]", b"[" * 100_000, b"1" * 5000 + b"x", b'{"a":1}{"b":2}']
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@given(st.binary() | st.text().map(str.encode))
def test_whatever_parses_can_be_written_again(text: bytes) -> None:
    try:
        value = parse_json(text)
    except ValueError:
        return
    assert not (isinstance(value, float) and not math.isfinite(value))
    msgspec.json.encode(value)
