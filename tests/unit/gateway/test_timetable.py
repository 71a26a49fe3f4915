"""Which sources are read when."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.domain.campaign import CampaignCriteria
from gateway.domain.timetable import next_of, schedules_of

ACME: dict[str, Any] = {"source": "greenhouse", "params": {"board": "acme"}}


def criteria(**more: Any) -> CampaignCriteria:
    fields: dict[str, Any] = {
        "campaign_name": "c", "query": "q", "country": "ca", "email": "a@example.com", "date_window": "all",
    }  # fmt: skip
    return CampaignCriteria.model_validate(fields | more)


def test_a_source_with_times_of_its_own_is_left_out_of_the_campaigns() -> None:
    found = schedules_of(criteria(sources=[{"source": "sample"}, {**ACME, "schedule_cron": "0 0 * * *"}]))
    assert [(s.key, [q.source for q in s.sources]) for s in found] == [
        ("", ["sample"]), ("greenhouse:board=acme", ["greenhouse"]),
    ]  # fmt: skip
    assert found[1].time_zone == "America/Toronto"


def test_a_campaign_whose_sources_all_have_times_of_their_own_has_none_itself() -> None:
    own = {**ACME, "schedule_cron": "0 0 * * *", "schedule_time_zone": "UTC"}
    (only,) = schedules_of(criteria(sources=[own]))
    assert (only.key, only.time_zone) == ("greenhouse:board=acme", "UTC")
    assert schedules_of(criteria(sources=[ACME], schedule_cron=None)) == []


def test_the_next_start_is_that_of_the_earliest_schedule() -> None:
    own = {**ACME, "schedule_cron": "0 3 * * *", "schedule_time_zone": "UTC"}
    schedules = schedules_of(criteria(sources=[{"source": "sample"}, own]))
    assert next_of(schedules, datetime(2026, 1, 10, tzinfo=UTC)) == datetime(2026, 1, 10, 3, tzinfo=UTC)
    assert next_of([], datetime(2026, 1, 10, tzinfo=UTC)) is None


def test_a_wrong_time_zone_of_a_source_is_named() -> None:
    with pytest.raises(ValidationError, match="no such time zone: 'Mars/Olympus'"):
        criteria(sources=[{**ACME, "schedule_cron": "0 3 * * *", "schedule_time_zone": "Mars/Olympus"}])


def test_times_and_address_are_nothing_for_other_services() -> None:
    before = criteria(sources=[ACME])
    timed = criteria(sources=[{**ACME, "schedule_cron": "0 3 * * *"}], sla_minutes=30, schedule_catch_up="all")
    assert timed.concerning_others() == before.concerning_others()
    assert criteria(sources=[]).concerning_others() != before.concerning_others()
