"""The retry schedule of Standard Webhooks on a fake clock, and the verdict on every kind of answer."""

from datetime import UTC, datetime, timedelta

import pytest

from notifier.domain.schedule import DELAYS, Result, Verdict, judge, retry_after

NOW = datetime(2025, 8, 19, 7, 0, tzinfo=UTC)
NEVER = timedelta(0)


def answer(status: int | None, wait: timedelta | None = None) -> Result:
    return Result(status, 12, retry_after=wait)


@pytest.mark.parametrize("random", [0.0, 0.3, 1.0])
def test_attempts_follow_the_schedule_within_five_percent(random: float) -> None:
    expected = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    waited = []
    for attempt in range(1, 11):
        verdict = judge(answer(500), attempt, NEVER, random)
        if verdict.delay is None:
            break
        waited.append(verdict.delay.total_seconds())
    assert waited == pytest.approx(expected, rel=0.05001)
    assert verdict == Verdict("failed")
    assert len(DELAYS) == 10


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_delivered(status: int) -> None:
    assert judge(answer(status), 1, NEVER, 0.5) == Verdict("delivered")


@pytest.mark.parametrize("status", [None, 100, 301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_everything_else_is_tried_again(status: int | None) -> None:
    assert judge(answer(status), 1, NEVER, 0.5) == Verdict("pending", timedelta(seconds=5))


def test_gone_disables_the_endpoint() -> None:
    assert judge(answer(410), 1, NEVER, 0.5) == Verdict("failed", disable="gone")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_when_it_is_longer(status: int) -> None:
    assert judge(answer(status, timedelta(minutes=2)), 1, NEVER, 0.5).delay == timedelta(minutes=2)
    assert judge(answer(status, timedelta(seconds=1)), 2, NEVER, 0.5).delay == timedelta(minutes=5)


def test_retry_after_means_nothing_on_other_answers() -> None:
    assert judge(answer(500, timedelta(hours=2)), 1, NEVER, 0.5).delay == timedelta(seconds=5)


def test_five_days_of_failures_disable_the_endpoint() -> None:
    assert judge(answer(500), 1, timedelta(days=5), 0.5) == Verdict("failed", disable="failing_for_5_days")
    assert judge(answer(500), 1, timedelta(days=5) - timedelta(seconds=1), 0.5).disable is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("Tue, 19 Aug 2025 07:01:00 GMT", timedelta(seconds=60)),
        ("Tue, 19 Aug 2025 06:00:00 GMT", timedelta(0)),
        ("999999999999999999999", timedelta(hours=24)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_reading_retry_after(value: str, expected: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == expected
