"""Whether a posting is still open, since when and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from common.contracts import JobState
from common.settings import config_path
from normalizer.domain.closing import Standing, Twin, closed_by, counts, flags, missed, standing
from normalizer.domain.closing_rules import ClosingRules, closing_rules_from

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "version": "t", "missing": {"sweeps": 2, "apart_hours": 1}, "drop": {"share": 0.5, "least": 10, "sweeps": 4},
    "stale_days": 30, "repost_days": 90, "evergreen_days": 180, "keep_sweeps_days": 60,
}  # fmt: skip
RULES = closing_rules_from(DOCUMENT)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@dataclass(frozen=True)
class Sighted:
    source: str = "lever"
    source_job_id: str = "1"
    feed: str = "acme"
    first_seen_at: datetime = NOW - timedelta(days=20)
    last_seen_at: datetime = NOW - timedelta(days=3)
    gone_at: datetime | None = None
    valid_through: datetime | None = None
    posted_at: datetime | None = None


def stands(*seen: Sighted, before: Standing = Standing()) -> Standing:  # noqa: B008 - it cannot be changed
    return standing(seen, seen[0], before, NOW, RULES)


def starts(*days: float) -> list[datetime]:
    return [ago(each) for each in days]


def test_what_two_whole_reads_do_not_show_is_closed_and_one_is_not_enough() -> None:
    assert missed(starts(0), 10, 2, 8, RULES).before is None
    assert missed(starts(0, 1), 10, 2, 8, RULES) == missed(starts(0, 1, 2, 3, 4), 10, 2, 8, RULES)
    assert missed(starts(0, 1), 10, 2, 8, RULES).before == ago(1)


def test_reads_close_to_each_other_are_one() -> None:
    assert counts(NOW, None, RULES)
    assert counts(NOW, ago(1 / 24), RULES)
    assert not counts(NOW, ago(0.9 / 24), RULES)
    assert not counts(ago(1), NOW, RULES)


def test_where_most_is_missing_the_source_is_thought_broken_until_it_lasts() -> None:
    held = missed(starts(0, 1, 2), 100, 60, 40, RULES)
    assert (held.held, held.before) == (True, None)
    assert missed(starts(0, 1, 2, 3), 100, 60, 40, RULES).before == ago(3)
    assert not missed(starts(0, 1), 100, 50, 50, RULES).held


def test_a_small_feed_may_close_most_of_it_but_an_emptied_one_is_not_believed() -> None:
    assert not missed(starts(0, 1), 6, 5, 1, RULES).held
    assert missed(starts(0, 1), 6, 6, 0, RULES).held


def test_it_is_closed_since_the_first_read_that_did_not_show_it() -> None:
    told = stands(Sighted(gone_at=ago(2)))
    assert (told.state, told.since) == ("closed", ago(2))
    assert told.reason == "no whole read of lever acme shows it since 2026-11-18"


def test_another_source_keeps_it_open_only_if_it_has_shown_it_since() -> None:
    gone = Sighted(gone_at=ago(2))
    assert closed_by([gone, Sighted("jsearch", last_seen_at=ago(2.5))]) == gone
    assert closed_by([gone, Sighted("jsearch", last_seen_at=ago(1))]) is None


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Sighted(valid_through=ago(1)), "expired"),
        (Sighted(valid_through=ago(-1)), "open"),
        (Sighted(last_seen_at=ago(31)), "stale"),
        (Sighted(last_seen_at=ago(29)), "open"),
        (Sighted(valid_through=ago(1), gone_at=ago(2)), "closed"),
    ],
)
def test_time_ends_what_nobody_shows_any_more(seen: Sighted, state: JobState) -> None:
    assert stands(seen).state == state


def test_a_state_that_lasts_keeps_its_beginning_and_one_that_ends_says_so() -> None:
    closed = Standing("closed", ago(9), "said before")
    assert stands(Sighted(gone_at=ago(2)), before=closed) == closed
    assert stands(Sighted(), before=closed) == Standing("open", ago(3), "seen again")


def told(*seen: Sighted, twin: Twin | None = None, state: JobState = "open") -> list[str]:
    found = flags(seen, state, min(each.first_seen_at for each in seen), twin, NOW, RULES)
    return [f"{flag.kind}: {flag.evidence}" for flag in found]


def test_a_new_id_after_the_old_one_went_is_a_repost() -> None:
    old = Sighted(first_seen_at=ago(60), last_seen_at=ago(40))
    assert told(old, Sighted(source_job_id="2")) == ["repost: lever showed it as 1 until 2026-10-11"]
    assert told(Sighted(last_seen_at=ago(19)), Sighted(source_job_id="2")) == []
    assert told(old, Sighted("jsearch")) == []
    assert told(Sighted(last_seen_at=ago(20) - RULES.missing.apart), Sighted(source_job_id="2")) != []
    assert told(Sighted(first_seen_at=ago(170), last_seen_at=ago(115)), Sighted(source_job_id="2")) == []


def test_two_ids_on_two_pages_of_one_read_are_no_repost() -> None:
    page = Sighted(first_seen_at=ago(20), last_seen_at=ago(20))
    next_page = ago(20) + timedelta(minutes=5)
    assert told(page, Sighted(source_job_id="2", first_seen_at=next_page, last_seen_at=next_page)) == []


def test_the_same_job_under_an_id_of_its_own_is_a_repost_of_the_earlier_one() -> None:
    assert told(Sighted(), twin=Twin("ab", ago(50), ago(20))) == ["repost: the same job as ab of 2026-10-01"]
    assert told(Sighted(), twin=Twin("ab", ago(150), ago(20))) == []


def test_what_is_open_for_long_is_evergreen_as_the_source_dates_it() -> None:
    assert told(Sighted(posted_at=ago(200))) == ["evergreen: open since 2026-05-04"]
    assert told(Sighted(posted_at=ago(100))) == []
    assert told(Sighted(posted_at=ago(200)), state="closed") == []


def test_the_shipped_rules_are_valid_and_rules_that_contradict_themselves_are_not() -> None:
    assert isinstance(closing_rules_from(yaml.safe_load(config_path("closing.yml").read_text())), ClosingRules)
    with pytest.raises(ValueError, match=r"drop\.sweeps"):
        closing_rules_from(DOCUMENT | {"missing": {"sweeps": 5, "apart_hours": 1}})
