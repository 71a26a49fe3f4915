"""What is special about Workable and Recruitee, and how boards are asked for."""

from decimal import Decimal
from typing import Any

import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from sources.adapters import recruitee, workable
from sources.registry import adapter_of
from tests.support.wired import Wired

OFFER: dict[str, Any] = {"id": 21, "title": "Developer", "description": "<p>a</p>", "requirements": "<p>b</p>"}
JOB: dict[str, Any] = {"shortcode": "9C01", "title": "Support", "city": "Toronto", "state": "", "country": "Canada"}


@pytest.mark.parametrize(
    ("source", "params", "url"),
    [
        ("workable", {"board": "acme"}, "https://apply.workable.com/api/v1/widget/accounts/acme?details=true"),
        ("recruitee", {"board": "acme"}, "https://acme.recruitee.com/api/offers/"),
        ("lever", {"board": "acme"}, "https://api.lever.co/v0/postings/acme?mode=json&skip=0&limit=100"),
        (
            "lever",
            {"board": "acme", "region": "eu"},
            "https://api.eu.lever.co/v0/postings/acme?mode=json&skip=0&limit=100",
        ),
        (
            "greenhouse",
            {"board": "acme"},
            "https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true&pay_transparency=true",
        ),
    ],
)
async def test_a_board_is_asked_for_at_its_place(source: str, params: dict[str, str], url: str) -> None:
    wired = Wired(source, lambda _: {"jobs": []})
    await wired.fetch(params)
    assert wired.urls == [url]
    assert adapter_of(source).check(SourceQuery(source=source, params=params)) == []


def test_names_of_pages_and_hosts_are_no_boards() -> None:
    assert adapter_of("recruitee").check(SourceQuery(source="recruitee", params={"board": "evil.example/"}))
    assert adapter_of("recruitee").check(SourceQuery(source="recruitee", params={"board": "www"}))
    assert adapter_of("lever").check(SourceQuery(source="lever", params={"board": "acme", "region": "us"}))


def test_workable_jobs_carry_the_name_of_their_account() -> None:
    (item,) = workable.ADAPTER.items({"name": "Acme Inc", "jobs": [JOB]})
    assert workable.ADAPTER.map_to_common(item).company == "Acme Inc"
    assert workable.ADAPTER.map_to_common(JOB, "acme").company == "acme"


def test_workable_shows_no_hidden_location_but_keeps_it() -> None:
    shown = {"country": "Canada", "countryCode": "CA", "city": "Toronto", "region": None, "hidden": False}
    hidden = {**shown, "city": "Ottawa", "hidden": True}
    posting = workable.ADAPTER.map_to_common({**JOB, "locations": [shown, hidden]})
    assert posting.places == [Place(text="Toronto, Canada", city="Toronto", country="ca")]
    assert posting.extra["locations"] == [shown, hidden]
    assert workable.ADAPTER.map_to_common({**JOB, "locations": []}).places == posting.places


def test_recruitee_has_pay_hours_level_and_workplace() -> None:
    item = {
        **OFFER,
        "salary": {"min": "60000", "max": "75000", "period": "year", "currency": "EUR"},
        "employment_type_code": "parttime_fixed_term",
        "experience_code": "mid_level",
        "remote": True,
        "hybrid": True,
    }
    posting = recruitee.ADAPTER.map_to_common(item)
    assert posting.pay == OfferedPay(minimum=Decimal(60000), maximum=Decimal(75000), currency="EUR", period="year")
    assert (posting.employment_types, posting.seniority) == (["parttime", "fixed term"], "mid level")
    assert (posting.remote, posting.extra) == ("hybrid", {"remote": True})
    assert posting.description_html == "<p>a</p>\n<p>b</p>"


def test_recruitee_translations_that_repeat_the_offer_are_not_kept_and_others_are() -> None:
    texts = {"title": "Developer", "description": "<p>a</p>", "requirements": "<p>other</p>"}
    posting = recruitee.ADAPTER.map_to_common({**OFFER, "translations": {"en": texts}})
    assert posting.language == "en"
    assert posting.extra == {"translations": {"en": {"requirements": "<p>other</p>"}}}
    assert recruitee.ADAPTER.map_to_common({**OFFER, "translations": {"en": texts, "de": texts}}).language is None


def test_recruitee_places_are_all_locations_else_the_offers_own() -> None:
    berlin = {"city": "Berlin", "state": "Berlin", "country": "Germany", "country_code": "DE", "name": "HQ"}
    place = Place(text="Berlin, Germany", city="Berlin", region="Berlin", country="de")
    assert recruitee.ADAPTER.map_to_common({**OFFER, "locations": [berlin]}).places == [place]
    own = {"city": "Berlin", "state_name": "Berlin", "country": "Germany", "country_code": "DE", "location": "Berlin"}
    assert recruitee.ADAPTER.map_to_common({**OFFER, **own}).places == [place]
    assert recruitee.ADAPTER.map_to_common({**OFFER, "location": "Anywhere"}).places == [Place(text="Anywhere")]
