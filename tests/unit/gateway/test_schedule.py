"""Scheduled starts, right across daylight-saving changes."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.schedule import (
    CRON,
    GRACE,
    MOST_CAUGHT_UP,
    TIME_ZONE,
    CatchUp,
    check_cron,
    next_start,
    run_id_of_slot,
    slots_after,
    slots_to_start,
)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-01-10T11:59:00", "2026-01-10T12:00:00"),  # EST
        ("2026-01-10T12:00:00", "2026-01-11T12:00:00"),
        ("2026-03-07T13:00:00", "2026-03-08T11:00:00"),  # the night of the change to EDT
        ("2026-10-31T12:00:00", "2026-11-01T12:00:00"),  # and back to EST
    ],
)
def test_seven_in_toronto_is_seven_in_summer_and_winter(after: str, expected: str) -> None:
    found = next_start(CRON, TIME_ZONE, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "day", "expected"),
    [
        ("30 2 * * *", "America/Toronto", "2026-03-08", ["03:00-04:00"]),  # 02:00 to 03:00 does not come
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["03:00+02:00"]),
        ("15,45 2,3 * * *", "Europe/Berlin", "2026-03-29", ["03:00+02:00", "03:15+02:00", "03:45+02:00"]),
        ("30 1 * * *", "America/Toronto", "2026-11-01", ["01:30-04:00"]),  # 01:00 to 02:00 comes twice
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["02:30+02:00"]),
        ("0 * * * *", "Europe/Berlin", "2026-10-25", [f"{h:02}:00+02:00" for h in (0, 1, 2)]
            + [f"{h:02}:00+01:00" for h in range(2, 24)]),
    ],
)  # fmt: skip
def test_a_day_of_change_has_each_slot_once(cron: str, zone: str, day: str, expected: list[str]) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    first = midnight.astimezone(UTC) - timedelta(seconds=1)
    slots = takewhile(lambda s: s.date() == midnight.date(), (
        s.astimezone(ZoneInfo(zone)) for s in slots_after(cron, zone, first)
    ))  # fmt: skip
    assert [f"{s:%H:%M}{s.isoformat()[-6:]}" for s in slots] == expected


@pytest.mark.parametrize(
    ("zone", "day", "hour"), [("America/Toronto", "2026-11-01", 1), ("Europe/Berlin", "2026-10-25", 2)]
)
def test_the_second_of_the_doubled_hours_does_not_go_back_to_the_first(zone: str, day: str, hour: int) -> None:
    again = datetime.fromisoformat(day).replace(hour=hour, minute=10, fold=1, tzinfo=ZoneInfo(zone))
    found = next_start(f"30 {hour} * * *", zone, again)
    assert found is not None
    assert found - again.astimezone(UTC) == timedelta(hours=24, minutes=20)


@pytest.mark.parametrize(
    ("late", "catch_up", "expected"),
    [
        (timedelta(seconds=5), "latest", 1), (timedelta(seconds=5), "none", 1), (timedelta(seconds=5), "all", 1),
        (GRACE, "none", 1), (GRACE + timedelta(seconds=1), "none", 0), (timedelta(hours=3), "latest", 1),
        (timedelta(days=2, hours=1), "all", 3), (timedelta(days=400), "all", MOST_CAUGHT_UP),
        (timedelta(days=400), "latest", 1), (timedelta(seconds=-1), "all", 0), (timedelta(seconds=-1), "latest", 0),
    ],
)  # fmt: skip
def test_what_was_missed_is_started_by_the_policy(late: timedelta, catch_up: CatchUp, expected: int) -> None:
    since = datetime(2026, 1, 10, 12, tzinfo=UTC)
    assert len(slots_to_start(CRON, TIME_ZONE, since, since + late, catch_up)) == expected


def test_one_start_stands_for_the_first_missed_and_many_are_the_newest() -> None:
    since, now = datetime(2026, 1, 10, tzinfo=UTC), datetime(2027, 1, 10, 0, 30, tzinfo=UTC)
    assert slots_to_start("* * * * *", "UTC", since, now, "latest") == [since]
    assert slots_to_start("* * * * *", "UTC", since, now, "none") == [now - GRACE]
    newest = slots_to_start("* * * * *", "UTC", since, now, "all")
    assert newest == [now - timedelta(minutes=n) for n in reversed(range(MOST_CAUGHT_UP))]


@pytest.mark.parametrize(
    ("written", "said"),
    [("daily", "it has 1"), ("0 0 7 * * *", "it has 6"), ("0 25 * * *", "Bad hour"), ("0 7 30 2 *", "Bad day-of-month"),
     ("0 7 29 2 5#5", None)],
)  # fmt: skip
def test_what_is_no_cron_expression_is_refused_in_words(written: str, said: str | None) -> None:
    if said is None:
        assert check_cron(written) == written
        return
    with pytest.raises(ValueError, match="cron expression of five fields") as refused:
        check_cron(written)
    assert said in str(refused.value)


def test_every_scheduler_names_a_slot_alike() -> None:
    slot = datetime(2026, 11, 21, 12, tzinfo=UTC)
    campaign = "0b7c6d1e-0000-0000-0000-000000000000"
    assert run_id_of_slot(slot, campaign) == "20261121T120000Z-0b7c6d1e"
    ids = {run_id_of_slot(slot, campaign, source) for source in ("", "sample", "greenhouse:board=acme")}
    assert len(ids) == 3
    assert max(map(len, ids)) <= 80
