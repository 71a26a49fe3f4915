"""When to ask a source again, and how long to wait before."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sources.settings import SourceSettings

_TRANSIENT = {408, 425, 429}


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


def pause(settings: SourceSettings, attempt: int, asked: float | None, jitter: float) -> float | None:
    """Seconds to wait after failed attempt `attempt` (from 1); None: give up.

    What the source asked for is obeyed up to `max_retry_after`. Without it the pause is drawn evenly from 0 to the
    doubled back-off (full jitter: clients that failed together do not come back together).
    """
    if attempt >= settings.attempts or (asked or 0) > settings.max_retry_after:
        return None
    ceiling = min(settings.max_backoff, settings.backoff * 2 ** (attempt - 1))
    return ceiling * jitter if asked is None else asked
