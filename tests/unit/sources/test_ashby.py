"""What is special about Ashby's boards."""

from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from sources.adapters.ashby import ADAPTER
from sources.errors import MappingError
from tests.support.wired import Wired

ITEM: dict[str, Any] = {
    "id": "5b1d",
    "title": "Platform Engineer",
    "jobUrl": "https://jobs.ashbyhq.com/Acme%20Labs/5b1d",
    "location": "Toronto",
    "address": {"postalAddress": {"addressLocality": "Toronto", "addressCountry": "Canada"}},
    "secondaryLocations": [{"location": "Remote (US)", "address": {"postalAddress": {"addressCountry": "USA"}}}],
}
TIER = {"compensationType": "Salary", "interval": "1 YEAR", "currencyCode": "CAD", "minValue": 1, "maxValue": 2}


def with_pay(**compensation: Any) -> OfferedPay | None:
    return ADAPTER.map_to_common({**ITEM, "compensation": compensation}).pay


def test_the_board_in_the_address_is_the_employer() -> None:
    assert ADAPTER.map_to_common(ITEM, "acme-labs-1a2b3c4d").company == "Acme Labs"
    assert ADAPTER.map_to_common({**ITEM, "jobUrl": "https://acme.example/jobs/5b1d"}, "acme").company == "acme"


def test_all_locations_are_places_with_their_countries() -> None:
    assert ADAPTER.map_to_common(ITEM).places == [
        Place(text="Toronto", city="Toronto", country="ca"),
        Place(text="Remote (US)", country="us"),
    ]


def test_pay_is_the_salary_over_all_tiers_else_the_first_tiers() -> None:
    equity = {**TIER, "compensationType": "EquityCashValue", "minValue": 5}
    tiers = [{"components": [equity, {**TIER, "minValue": 9}]}]
    assert with_pay(summaryComponents=[equity, TIER], compensationTiers=tiers) == OfferedPay(
        minimum=Decimal(1), maximum=Decimal(2), currency="CAD", period="year"
    )
    assert with_pay(summaryComponents=[equity], compensationTiers=tiers) == OfferedPay(
        minimum=Decimal(9), maximum=Decimal(2), currency="CAD", period="year"
    )
    assert with_pay(compensationTierSummary="Offers Equity") == OfferedPay(text="Offers Equity")


def test_two_weeks_are_no_week() -> None:
    pay = with_pay(summaryComponents=[{**TIER, "interval": "2 WEEK"}])
    assert pay is not None
    assert pay.period is None


def test_a_job_that_is_not_listed_is_no_posting() -> None:
    with pytest.raises(MappingError, match="not_listed"):
        ADAPTER.map_to_common({**ITEM, "isListed": False})


async def test_the_whole_board_with_pay_is_asked_for() -> None:
    wired = Wired("ashby", lambda _: {"jobs": []})
    await wired.fetch({"board": "Acme Labs"})
    assert wired.urls == ["https://api.ashbyhq.com/posting-api/job-board/Acme%20Labs?includeCompensation=true"]


@pytest.mark.parametrize("board", ["../x", "a/b", "..", "a?b", "a#b", ""])
def test_a_board_cannot_leave_its_place_in_the_path(board: str) -> None:
    assert ADAPTER.check(SourceQuery(source="ashby", params={"board": board}))
