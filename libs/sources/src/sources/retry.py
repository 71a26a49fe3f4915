"""When to ask a source again, and how long to wait before."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sources.settings import SourceSettings

_TRANSIENT = {408, 425, 429}
#: A larger number of seconds is a moment since 1970.
_EPOCH = 10**9


def is_transient(status: int) -> bool:
    """Whether an answer with this HTTP status may differ the next time."""
    return status in _TRANSIENT or 500 <= status < 600


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110: a number of seconds or an HTTP date); None without one."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def is_limit(header: str) -> bool:
    """Whether a header (lower case) tells of a source's limits, such as x-ratelimit-remaining."""
    return "ratelimit" in header or "rate-limit" in header


def exhausted_for(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until limits of which nothing remains open again; None where there is room, or nobody says when.

    `…-reset` beside `…-remaining: 0` holds seconds, a Unix time (in seconds or milliseconds) or a date.
    """
    resets = (
        headers.get(name.lower().replace("remaining", "reset"))
        for name, value in headers.items()
        if is_limit(name.lower()) and "remaining" in name.lower() and _number(value) == 0
    )
    waits = [wait for reset in resets if reset is not None and (wait := _seconds_until(reset, now)) is not None]
    return max(waits, default=None)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _seconds_until(reset: str, now: datetime) -> float | None:
    number = _number(reset)
    if number is None:
        try:
            when = datetime.fromisoformat(reset.strip())
        except ValueError:
            return retry_after({"retry-after": reset}, now)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - now).total_seconds())
    if number < _EPOCH:
        return number
    return max(0.0, (number / 1000 if number > _EPOCH * 1000 else number) - now.timestamp())


def pause(settings: SourceSettings, attempt: int, asked: float | None, jitter: float) -> float | None:
    """Seconds to wait after failed attempt `attempt` (from 1); None: give up.

    What the source asked for is obeyed up to `max_retry_after`. Without it the pause is drawn evenly from 0 to the
    doubled back-off (full jitter: clients that failed together do not come back together).
    """
    if attempt >= settings.attempts or (asked or 0) > settings.max_retry_after:
        return None
    ceiling = min(settings.max_backoff, settings.backoff * 2 ** (attempt - 1))
    return ceiling * jitter if asked is None else asked
