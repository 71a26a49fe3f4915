"""What the postings of a cluster say as one job."""

from datetime import UTC, datetime
from typing import Any

from normalizer.domain.one_job import Happened, Saying, best_first, history_of, sources_of, winners
from normalizer.domain.precedence import Precedence

PRECEDENCE = Precedence({"lever": 1, "jsearch": 2}, 3)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def saying(source: str, key: str = "a", *, closed: datetime | None = None, blank: bool = False, **said: Any) -> Saying:
    return Saying(key, source, "1", said, blank, closed, day(2), day(9))


def chosen(*sayings: Saying) -> dict[str, tuple[Any, str, int]]:
    return {won.field: (won.value, won.reason, won.others) for won in winners(best_first(sayings, PRECEDENCE))}


def test_the_best_source_is_believed_unless_it_says_nothing_has_no_text_or_is_closed() -> None:
    better, worse = saying("lever", title="A", remote=None), saying("jsearch", title="B", remote="yes")
    assert chosen(worse, better) == {"title": ("A", "best_source", 1), "remote": ("yes", "only_one_says", 0)}
    assert chosen(saying("lever", title="A", blank=True), worse)["title"] == ("B", "best_source", 1)
    assert chosen(saying("lever", title="A", closed=day(5)), worse)["title"] == ("B", "best_source", 1)


def test_those_who_agree_are_all_right() -> None:
    assert chosen(saying("lever", title="A"), saying("jsearch", title="A"))["title"] == ("A", "all_agree", 0)


def test_the_earliest_publication_and_the_latest_end_count() -> None:
    dated = [
        saying("lever", posted_at=day(3), valid_through=day(20)),
        saying("files", posted_at=day(1), valid_through=day(28)),
    ]
    assert chosen(*dated) == {"posted_at": (day(1), "earliest", 1), "valid_through": (day(28), "latest", 1)}


def test_each_source_is_told_once_with_its_best_link() -> None:
    shown = sources_of([
        saying("lever", "a", url="https://read.example"), saying("lever", "b", apply_url="https://apply.example"),
        saying("files", "c"),
    ])  # fmt: skip
    assert [(s.source, s.postings, s.hash_key, s.apply_url) for s in shown] == [
        ("lever", 2, "b", "https://apply.example"), ("files", 1, "c", None)
    ]  # fmt: skip


def test_the_past_is_told_in_order_and_each_event_once() -> None:
    told = history_of([saying("lever", closed=day(12)), saying("lever", closed=day(12)), saying("files", "b")])
    assert [(h.at.day, h.kind, h.hash_key) for h in told] == [
        (2, "first_seen", "a"), (2, "first_seen", "b"), (9, "last_seen", "a"), (9, "last_seen", "b"),
        (12, "closed", "a"),
    ]  # fmt: skip


def test_what_happened_is_told_once_where_it_was_noted() -> None:
    events = [
        Happened(day(12), "closed", "a", "lever", "no whole read shows it"),
        Happened(day(14), "reopened", "a", "lever", "seen again"),
    ]
    told = history_of([saying("lever", closed=day(12))], events)
    assert [(h.at.day, h.kind, h.reason) for h in told] == [
        (2, "first_seen", ""), (9, "last_seen", ""), (12, "closed", "no whole read shows it"),
        (14, "reopened", "seen again"),
    ]  # fmt: skip
