"""The rules of a source's health: its circuit, drift of its fields, and the state that people see."""

from datetime import UTC, date, datetime, timedelta

import pytest

from extractor.domain.circuit import FIRST_WAIT, LONGEST_WAIT, Circuit, blames_source
from extractor.domain.drift import Drift, Sample, drift, sample
from extractor.domain.source_state import Day, Standing, judge
from sources.errors import SourceRejectedError, SourceUnavailableError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


def failing(circuit: Circuit, times: int) -> Circuit:
    for _ in range(times):
        circuit = circuit.failed(NOW, "http_503", limit=5, at_once=False, trial=False)
    return circuit


def test_the_fifth_failure_in_a_row_breaks() -> None:
    assert failing(Circuit(), 4).broken_at is None
    broken = failing(Circuit(), 5)
    assert (broken.broken_at, broken.trial_at, broken.reason) == (NOW, NOW + FIRST_WAIT, "http_503")


def test_refused_credentials_break_at_once() -> None:
    assert Circuit().failed(NOW, "http_401", limit=5, at_once=True, trial=False).broken_at == NOW


def test_each_trial_that_fails_doubles_the_wait_up_to_an_hour() -> None:
    circuit, waits = failing(Circuit(), 5), []
    for _ in range(5):
        circuit = circuit.failed(NOW, "http_503", limit=5, at_once=False, trial=True)
        waits.append(circuit.wait)
        assert circuit.trial_at == NOW + circuit.wait
    assert waits == [timedelta(minutes=m) for m in (10, 20, 40, 60, 60)]
    assert waits[-1] == LONGEST_WAIT


def test_a_page_that_was_on_its_way_moves_no_trial() -> None:
    broken = failing(Circuit(), 5)
    late = broken.failed(NOW + timedelta(minutes=1), "timeout", limit=5, at_once=False, trial=False)
    assert (late.trial_at, late.wait, late.failures) == (broken.trial_at, broken.wait, 6)


@pytest.mark.parametrize(
    ("reason", "blamed"),
    [("http_503", True), ("timeout", True), ("page_is_html", True), ("http_403", True), ("rate_limited", True),
     ("http_404", False), ("parameters_invalid", False), ("quota_exhausted", False), ("credential_missing", False)],
)  # fmt: skip
def test_a_missing_board_or_our_own_limits_say_nothing_of_the_source(reason: str, blamed: bool) -> None:
    assert blames_source(SourceUnavailableError(reason)) is blamed
    assert blames_source(SourceRejectedError(reason)) is blamed


def test_a_sample_names_filled_fields_and_one_level_below() -> None:
    item = {"id": 1, "empty": "", "none": None, "zero": 0, "pay": {"min": 1, "max": None, "deep": {"x": 1}}}
    item |= {"tags": ["a"], "offices": [{"name": "x"}, {"other": 1}], "bad\x00name": 1, "n" * 61: 1}
    found = sample([item, "no object", {"id": 2}])
    assert found.items == 2
    assert set(found.fields) == {"id", "zero", "pay", "pay.min", "pay.deep", "tags", "offices", "offices[].name"}
    assert found.fields["id"] == 2


def test_a_sample_is_spread_over_a_long_page() -> None:
    found = sample([{"first": 1}] * 500 + [{"second": 1}] * 500)
    assert (found.items, dict(found.fields)) == (10, {"first": 5, "second": 5})


ALL = {"id": 40, "title": 40, "pay": 40, "pay.min": 38, "note": 10}


def test_what_was_always_there_and_is_gone_has_vanished_and_what_is_new_has_appeared() -> None:
    today = Sample(20, {"id": 20, "position": 20, "position.name": 20, "pay": 1, "rare": 1})
    assert drift(today, [Sample(40, ALL)] * 3) == Drift(("pay", "title"), ("position",))


def test_a_field_that_was_sometimes_there_may_be_missing() -> None:
    assert drift(Sample(20, {"id": 20, "title": 19, "pay": 18, "pay.min": 3}), [Sample(40, ALL)] * 3) == Drift()


@pytest.mark.parametrize(
    ("today", "earlier"),
    [
        (Sample(4, {"id": 4}), [Sample(40, ALL)] * 3),
        (Sample(20, {"id": 20}), [Sample(40, ALL)] * 2),
        (Sample(20, {"id": 20}), []),
    ],
)
def test_too_little_is_no_drift(today: Sample, earlier: list[Sample]) -> None:
    assert drift(today, earlier) == Drift()


def day(**values: object) -> Day:
    return Day(day=DAY, **{"requests": 3, "pages": 3, **values})  # type: ignore[arg-type]  # a test's values


def test_the_state_is_the_worst_of_what_is_known() -> None:
    failed = day(failed=1, errors={"http_503": 4, "timeout": 1})
    paused = Standing(paused_at=NOW, broken_at=NOW)
    assert judge("x", Standing(), [], []).state == "ok"
    assert judge("x", Standing(), [failed, day()], []).state == "ok"
    assert judge("x", Standing(), [day()], ["acme"]).state == "degraded"
    assert judge("x", Standing(broken_at=NOW), [day()], []).state == "broken"
    assert judge("x", paused, [day()], []).state == "paused"


def test_reasons_say_what_happened_and_what_to_do() -> None:
    failed = day(failed=1, errors={"http_503": 4, "timeout": 1})
    said = judge("lever", Standing(broken_at=NOW, reason="http_503: down", trial_at=NOW), [failed], ["acme"]).because
    broken = "broken since 2026-11-20 12:00 UTC; tried again from 12:00 UTC on: http_503: down."
    assert said == (
        f"{broken} Once it is repaired: posthorn source resume lever",
        "1 of 3 pages failed on 2026-11-20: 4x http_503, 1x timeout",
        "nothing where there was something: acme",
    )
