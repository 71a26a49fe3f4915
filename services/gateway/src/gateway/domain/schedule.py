"""When a campaign runs by itself: cron in a time zone, right across daylight-saving changes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

#: Daily at seven in Toronto.
CRON = "0 7 * * *"
TIME_ZONE = "America/Toronto"


def check_time_zone(name: str) -> str:
    """The name of an IANA time zone; ValueError for any other text."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name!r}; use an IANA name such as {TIME_ZONE}") from error
    return name


def check_cron(expression: str) -> str:
    """A cron expression of five fields; ValueError for any other text."""
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f"not a cron expression of five fields: {error}") from error
    return expression


def next_start(expression: str, time_zone: str, after: datetime) -> datetime | None:
    """The first start later than `after`, in UTC; None for an expression that never comes."""
    local = after.astimezone(ZoneInfo(time_zone))
    found = next(CronSim(expression, local), None)
    return found.astimezone(UTC) if found else None


def run_id_of_slot(slot: datetime, campaign_id: str) -> str:
    """The run id of a scheduled start: the same for every scheduler that finds the slot due."""
    return f"{slot.astimezone(UTC):%Y%m%dT%H%M%SZ}-{campaign_id[:8]}"
