"""Scheduled starts, right across daylight-saving changes."""

from datetime import UTC, datetime

import pytest

from gateway.domain.schedule import CRON, TIME_ZONE, next_start, run_id_of_slot


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


def test_a_time_that_the_change_skips_starts_once_that_day() -> None:
    day_before = datetime(2026, 3, 7, 12, tzinfo=UTC)
    first = next_start("30 2 * * *", TIME_ZONE, day_before)
    assert first is not None
    assert first.date().isoformat() == "2026-03-08"
    second = next_start("30 2 * * *", TIME_ZONE, first)
    assert second is not None
    assert second.date().isoformat() == "2026-03-09"


def test_every_scheduler_names_a_slot_alike() -> None:
    slot = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert run_id_of_slot(slot, "0b7c6d1e-0000-0000-0000-000000000000") == "20261121T120000Z-0b7c6d1e"
