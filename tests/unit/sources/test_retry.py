"""When a source is asked again."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.retry import exhausted_for, is_transient, pause, retry_after
from sources.settings import SourceSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SETTINGS = SourceSettings(attempts=5, backoff=1, max_backoff=6, max_retry_after=20)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        (" 120 ", 120),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}, NOW) == seconds


def test_without_the_header_nothing_is_asked() -> None:
    assert retry_after({}, NOW) is None


@given(st.text())
def test_any_retry_after_is_read_or_ignored(header: str) -> None:
    assert (retry_after({"retry-after": header}, NOW) or 0) >= 0


def test_pauses_double_up_to_the_bound_and_are_drawn_from_the_whole_range() -> None:
    assert [pause(SETTINGS, attempt, None, 1.0) for attempt in (1, 2, 3, 4)] == [1, 2, 4, 6]
    assert pause(SETTINGS, 3, None, 0.0) == 0
    assert pause(SETTINGS, 3, None, 0.25) == 1


def test_what_the_source_asks_for_is_obeyed_up_to_the_bound() -> None:
    assert pause(SETTINGS, 1, 20, 0.5) == 20
    assert pause(SETTINGS, 1, 21, 0.5) is None


def test_the_last_attempt_is_followed_by_none() -> None:
    assert pause(SETTINGS, 5, None, 1.0) is None
    assert pause(SETTINGS, 5, 1, 1.0) is None


def test_only_overload_and_failures_of_the_server_are_transient() -> None:
    assert [s for s in (200, 301, 400, 401, 403, 404, 408, 410, 425, 429, 500, 503, 599) if is_transient(s)] == [
        408, 425, 429, 500, 503, 599,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        ({"X-RateLimit-Remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}, 60),
        ({"ratelimit-remaining": "0", "ratelimit-reset": str(int(NOW.timestamp() + 60) * 1000)}, 60),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "2026-11-20T12:01:00Z"}, 60),
        ({"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "Fri, 20 Nov 2026 12:01:00 GMT"}, 60),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "nan", "x-ratelimit-reset": "30"}, None),
        ({"x-items-remaining": "0", "x-items-reset": "30"}, None),
        (
            {
                "x-ratelimit-remaining-day": "0", "x-ratelimit-reset-day": "900",
                "x-ratelimit-remaining-minute": "0", "x-ratelimit-reset-minute": "9",
            },
            900,
        ),
    ],
)  # fmt: skip
def test_limits_of_which_nothing_remains_say_when_they_open(headers: dict[str, str], seconds: float | None) -> None:
    assert exhausted_for(httpx.Headers(headers), NOW) == seconds
