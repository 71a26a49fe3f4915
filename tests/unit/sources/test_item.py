"""Items keep what was not read."""

from typing import Any

import pytest

from sources import values
from sources.errors import MappingError
from sources.item import Item


def test_the_rest_is_what_was_not_read() -> None:
    item = Item(
        {
            "title": "Engineer",
            "pay": {"min": 1, "note": "gross"},
            "empty": "",
            "none": None,
            "list": [],
            "odd\x00": "a\x00",
        }
    )
    assert item.text("title") == "Engineer"
    assert item.amount("pay.min") is not None
    assert item.rest() == {"pay": {"note": "gross"}, "odd": "a"}


def test_a_value_of_the_wrong_type_is_not_read() -> None:
    item = Item({"title": {"en": "Engineer"}, "posted": "2 days ago", "tags": ["a", {"b": 1}]})
    assert item.text("title") is None
    assert item.moment("posted") is None
    assert item.strings("tags") == []
    assert item.rest() == item.raw


def test_alternatives_are_tried_in_order_and_only_the_used_one_is_read() -> None:
    item = Item({"a": "", "b": "second", "c": "third"})
    assert item.text("a", "b", "c") == "second"
    assert item.rest() == {"c": "third"}


def test_a_key_with_a_dot_wins_over_a_path() -> None:
    item = Item({"company.name": "flat", "company": {"name": "nested"}})
    assert item.text("company.name") == "flat"
    assert item.rest() == {"company": {}} or item.rest() == {}


def test_repeated_texts_may_be_left_out_but_not_surprises() -> None:
    item = Item({"plain": "text again", "other": {"new": 1}})
    item.known("plain", "other", "absent")
    assert item.rest() == {"other": {"new": 1}}


@pytest.mark.parametrize("raw", [None, "text", 5, [], [1], True])
def test_only_objects_are_items(raw: Any) -> None:
    with pytest.raises(MappingError, match="not_an_object"):
        Item(raw)


def test_any_reader_can_be_used() -> None:
    assert Item({"a": "US"}).take(values.country, "a") == "us"
