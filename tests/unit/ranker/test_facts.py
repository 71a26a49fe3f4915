"""What the ranker keeps of a job."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from common.contracts import Place, Salary
from ranker.domain.facts import Facts, Pay, Spot, facts_of
from tests.support.ranking import job


@pytest.mark.parametrize(
    ("salary", "pay"),
    [
        ({"reference_minimum": 90, "reference_maximum": 100, "reference_currency": "CAD"}, Pay(90, 100, "CAD")),
        ({"reference_minimum": 100, "reference_maximum": 90, "reference_currency": "CAD"}, Pay(90, 100, "CAD")),
        ({"reference_minimum": 90, "reference_currency": "CAD"}, Pay(90, 90, "CAD")),
        ({"reference_minimum": 0, "reference_maximum": 100, "reference_currency": "CAD"}, Pay(100, 100, "CAD")),
        ({"minimum": Decimal(90), "currency": "XXX"}, None),
        ({"yearly_minimum": 90, "currency": "USD"}, None),
        ({"reference_minimum": 90}, None),
    ],
)
def test_only_pay_in_the_reference_currency_is_kept(salary: dict[str, Any], pay: Pay | None) -> None:
    assert facts_of(job(salary=Salary(**salary))).pay == pay


def test_the_day_is_that_of_utc_and_of_the_first_sighting_only_without_a_date() -> None:
    evening = datetime(2026, 11, 19, 23, tzinfo=timezone(timedelta(hours=-5)))
    seen = datetime(2026, 11, 1, tzinfo=UTC)
    assert facts_of(job(posted_at=evening, first_seen_at=seen)).day == date(2026, 11, 20)
    first = facts_of(job(posted_at=None, first_seen_at=seen))
    assert (first.day, first.first_seen) == (date(2026, 11, 1), True)
    assert facts_of(job(posted_at=None)).day is None


def test_facts_survive_storing() -> None:
    facts = facts_of(job(places=[Place(city="Paris", country="fr", text="Paris")], skills=["sql"], seniority="lead"))
    assert facts.places == (Spot("Paris", None, "fr", "Paris"),)
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Facts) == facts
