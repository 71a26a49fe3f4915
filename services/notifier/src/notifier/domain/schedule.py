"""Decides after each attempt whether a webhook is delivered, tried again and when, or given up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

#: Seconds before each attempt (Standard Webhooks, "retry schedule"): at once, 5 s, 5 min, 30 min, 2 h … 24 h.
DELAYS: tuple[float, ...] = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
#: Largest deviation from the schedule, as a share of the delay.
JITTER = 0.05
#: An endpoint that fails for this long without one success is disabled (Standard Webhooks).
DISABLE_AFTER = timedelta(days=5)
#: Longest Retry-After that is obeyed.
MAX_RETRY_AFTER = timedelta(hours=24)

State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt ended: the HTTP status, or None and what went wrong."""

    status: int | None
    latency_ms: int
    error: str | None = None
    excerpt: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The delivery's next state; `delay` until the next attempt; why the endpoint is to be disabled, if it is."""

    state: State
    delay: timedelta | None = None
    disable: str | None = None


def judge(result: Result, attempt: int, failing_for: timedelta, random: float) -> Verdict:
    """The verdict on the attempt number `attempt` (from 1); `random` in 0..1 spreads the retries.

    2xx is delivered; 410 disables the endpoint; 429 and 503 wait at least their Retry-After; everything else,
    redirects included, is tried again by the schedule until it ends. `failing_for`: since the endpoint's first
    failure after its last success.
    """
    if result.status is not None and 200 <= result.status < 300:
        return Verdict("delivered")
    if result.status == 410:
        return Verdict("failed", disable="gone")
    disable = "failing_for_5_days" if failing_for >= DISABLE_AFTER else None
    if disable or attempt >= len(DELAYS):
        return Verdict("failed", disable=disable)
    delay = timedelta(seconds=DELAYS[attempt] * (1 + JITTER * (2 * random - 1)))
    if result.status in {429, 503} and result.retry_after is not None:
        delay = max(delay, result.retry_after)
    return Verdict("pending", delay)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The header Retry-After (seconds or a date, RFC 9110 10.2.3), at most 24 h; None if absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:10])
    else:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(timedelta(seconds=max(0.0, seconds)), MAX_RETRY_AFTER)
