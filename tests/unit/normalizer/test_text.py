"""Text of payloads becomes storable and even."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.domain.text import each_evenly_spaced, evenly_spaced, line, lines, storable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Senior\t\nEngineer ", "Senior Engineer"),
        ("Sales &amp; Marketing", "Sales & Marketing"),
        ("<b>Engineer</b> (m/f)", "Engineer (m/f)"),
        ("a < b > c", "a < b > c"),
        ("a\x00b\x1fc\ud83dd", "abcd"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("\u3000全角\u3000空白", "全角 空白"),
        (" \x00 ", None),
        ("", None),
        (None, None),
    ],
)
def test_one_line(text: str | None, expected: str | None) -> None:
    assert line(text) == expected


def test_lines_of_all_kinds() -> None:
    assert lines("a\r\nb\rc\n\n d  e\u2028f") == ["a", "b", "c", "d e", "f"]


@given(st.text(st.characters(), max_size=50))
def test_what_comes_out_can_be_stored(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept
    kept.encode()
    assert storable(kept) == kept


@given(st.text(alphabet=st.sampled_from(" ab.\t\n\xa0\u2003\u3000\u200b\x1f\x85é"), max_size=12))
def test_spaces_of_all_kinds_become_single_ones(text: str) -> None:
    assert evenly_spaced(text) == " ".join(text.split())


@given(st.lists(st.text(alphabet=st.sampled_from(" ab.\n\n\t\xa0\u2003\u3000\x1f\x85é"), max_size=6), max_size=8))
def test_spaces_of_all_parts_become_single_ones_and_empty_parts_are_left_out(parts: list[str]) -> None:
    assert each_evenly_spaced(parts, "|".join(parts)) == [" ".join(part.split()) for part in parts if part.strip()]
