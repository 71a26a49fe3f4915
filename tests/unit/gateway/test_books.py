"""The books of a run and its status in a word."""

import pytest

from common.contracts import Place, RunState
from gateway.domain.books import Books, status_of
from gateway.domain.card import fold, place_key


def test_books_balance_when_every_fetched_posting_has_ended() -> None:
    books = Books(10, {"new": 6, "duplicate": 3, "rejected": 1}, {})
    assert books.balanced
    assert books.open == 0


def test_postings_on_their_way_are_open() -> None:
    books = Books(10, {"new": 6}, {})
    assert not books.balanced
    assert books.open == 4


@pytest.mark.parametrize(
    ("state", "failed", "fetched", "status"),
    [
        ("running", 3, 0, "running"), ("completed", 0, 0, "succeeded"), ("completed", 1, 5, "partial"),
        ("completed", 1, 0, "failed"), ("cancelled", 1, 0, "cancelled"), ("timed_out", 0, 9, "timed_out"),
    ],
)  # fmt: skip
def test_status_sums_up_a_run(state: RunState, failed: int, fetched: int, status: str) -> None:
    assert status_of(state, failed, fetched) == status


def test_places_are_found_without_accents_and_case() -> None:
    key = place_key([Place(city="Montréal", region="Québec", country="ca"), Place(text="Remote – Canada")])
    assert fold("MONTREAL") in key
    assert "|ca|" in key
    assert fold("remote – canada") in key
