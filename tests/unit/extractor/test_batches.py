"""Cutting a page into messages loses no item, keeps the order and the limits."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from extractor.domain.batches import Batches, split


def sent(batches: Batches) -> Any:
    return msgspec.json.decode(msgspec.json.encode(batches.messages))


def test_a_message_holds_a_hundred_postings() -> None:
    assert [len(m) for m in split([{"id": n} for n in range(239)]).messages] == [100, 100, 39]


def test_an_empty_page_gives_no_message() -> None:
    assert split([]).messages == []


def test_large_items_travel_in_smaller_messages() -> None:
    items = ["x" * 40 for _ in range(5)]
    assert [len(m) for m in split(items, max_bytes=100).messages] == [2, 2, 1]


def test_an_item_larger_than_a_message_travels_alone() -> None:
    batches = split(["a", "x" * 500, "b"], max_bytes=100, max_item_bytes=1000)
    assert [len(m) for m in batches.messages] == [1, 1, 1]


def test_an_item_beyond_the_limit_is_named_and_the_others_go_on() -> None:
    batches = split(["a", "x" * 500, "b"], max_item_bytes=100)
    assert (sent(batches), batches.too_large) == ([["a", "b"]], [1])


def test_half_an_emoji_costs_a_character_not_the_posting() -> None:
    batches = split([{"title": "Engineer \ud83d"}])
    assert sent(batches) == [[{"title": "Engineer ?"}]]


def test_the_extra_fields_of_a_csv_row_are_kept() -> None:
    assert sent(split([{"a": "1", None: ["x"]}])) == [[{"a": "1", "null": ["x"]}]]


@given(st.lists(st.text(max_size=60), max_size=60), st.integers(1, 7), st.integers(1, 120), st.integers(1, 100))
def test_every_item_is_sent_once_in_order_or_named(items: list[Any], postings: int, size: int, item_size: int) -> None:
    batches = split(items, max_postings=postings, max_bytes=size, max_item_bytes=item_size)
    kept = [item for n, item in enumerate(items) if n not in batches.too_large]
    assert [item for message in batches.messages for item in message] == [
        msgspec.Raw(msgspec.json.encode(item)) for item in kept
    ]
    for message in batches.messages:
        assert 1 <= len(message) <= postings
        assert len(message) == 1 or sum(len(bytes(i)) for i in message) <= size
