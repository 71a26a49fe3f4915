"""When a campaign runs by itself: cron in a time zone, right across daylight-saving changes."""

import hashlib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

#: Daily at seven in Toronto.
CRON = "0 7 * * *"
TIME_ZONE = "America/Toronto"
#: What becomes of slots that nobody started in time: one start for all, no start, or a start each.
CatchUp = Literal["latest", "none", "all"]
#: With `none` a slot is still started this late: as long as a restart takes.
GRACE = timedelta(minutes=10)
#: With `all` the newest of the missed slots, this many at most.
MOST_CAUGHT_UP = 24


def check_time_zone(name: str) -> str:
    """The name of an IANA time zone; ValueError for any other text."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name!r}; use an IANA name such as {TIME_ZONE}") from error
    return name


def check_cron(expression: str) -> str:
    """A cron expression of five fields (minute, hour, day, month, weekday); ValueError for any other text."""
    said = "not a cron expression of five fields such as '0 7 * * 1-5' (minute hour day month weekday)"
    if len(expression.split()) != 5:
        raise ValueError(f"{said}: it has {len(expression.split())}")
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{said}: {error}") from error
    except StopIteration as error:
        raise ValueError(f"{expression!r} names a day that never comes") from error
    return expression


def slots_after(expression: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The slots later than `after`, in UTC, each once.

    As in Debian's cron: a slot in the hour that a change skips comes right behind the gap, and one in the hour that
    comes twice comes the first time; with `*` as hour or minute the slots follow the clock through both.
    """
    last = after.astimezone(UTC)
    for found in CronSim(expression, after.astimezone(ZoneInfo(time_zone))):
        slot = found.astimezone(UTC)
        # In the second of the doubled hours cronsim names the first once more, and behind the gap one moment for many.
        if slot > last:
            yield slot
            last = slot


def next_start(expression: str, time_zone: str, after: datetime) -> datetime | None:
    """The first slot later than `after`, in UTC; None for an expression that never comes."""
    return next(slots_after(expression, time_zone, after), None)


def slots_to_start(
    expression: str, time_zone: str, since: datetime, now: datetime, catch_up: CatchUp
) -> list[datetime]:
    """Of the slots from `since` to `now`, both included, those that a policy starts, the oldest first.

    `latest` starts the first of them, standing for all; `none` does so with what is at most `GRACE` old; `all` starts
    each of the newest `MOST_CAUGHT_UP`.
    """
    if catch_up == "all":
        return _newest(expression, time_zone, since, now)
    if catch_up == "none":
        since = max(since, now - GRACE)
    first = next_start(expression, time_zone, since - timedelta(seconds=1))
    return [first] if first is not None and first <= now else []


def _newest(expression: str, time_zone: str, since: datetime, now: datetime) -> list[datetime]:
    """Looks back further and further, so that a year of minutes costs no more than a day of them."""
    back = timedelta(days=1)
    while True:
        start = max(since, now - back)
        found: deque[datetime] = deque(maxlen=MOST_CAUGHT_UP)
        for slot in slots_after(expression, time_zone, start - timedelta(seconds=1)):
            if slot > now:
                break
            found.append(slot)
        if start == since or len(found) == MOST_CAUGHT_UP:
            return list(found)
        back *= 8


def run_id_of_slot(slot: datetime, campaign_id: str, source: str = "") -> str:
    """The run id of a scheduled start: the same for every scheduler that finds the slot due.

    `source` is the key of a source with a schedule of its own.
    """
    own = f"-{hashlib.sha256(source.encode()).hexdigest()[:8]}" if source else ""
    return f"{slot.astimezone(UTC):%Y%m%dT%H%M%SZ}-{campaign_id[:8]}{own}"
