"""USAJOBS: the search, its three forms of announcements, and the code lists that decode them."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from common.settings import config_path
from sources import usajobs_codelists
from sources.adapters.usajobs import ADAPTER, EXAMPLE
from sources.client import SourceClient
from sources.errors import PagePayloadError, SourceRejectedError
from sources.settings import SourceSettings
from sources.usajobs_codelists import ADDRESSES, code_lists, refresh
from tests.support.real_items import NOW, request
from tests.support.wired import Wired

KEYS = {"USAJOBS_USER_AGENT": "me@acme.example", "USAJOBS_AUTH_KEY": "canary-key"}
FOUND: dict[str, Any] = {"SearchResult": {"SearchResultCountAll": 742, "SearchResultItems": [{}]}}


def announcement(**descriptor: Any) -> dict[str, Any]:
    return {"MatchedObjectId": "1", "MatchedObjectDescriptor": descriptor}


def pay_of(low: str, high: str, interval: str) -> OfferedPay | None:
    entry = {"MinimumRange": low, "MaximumRange": high, "RateIntervalCode": interval}
    return ADAPTER.map_to_common(announcement(PositionRemuneration=[entry])).pay


async def test_the_campaign_is_searched_for_with_the_registered_address_and_key() -> None:
    wired = Wired("usajobs", lambda _: FOUND, KEYS)
    page = await wired.fetch({})
    assert dict(wired.requests[0].url.params) == {
        "Keyword": "data engineer", "ResultsPerPage": "500", "LocationName": "Toronto", "DatePosted": "30",
        "Page": "1", "Fields": "Full",
    }  # fmt: skip
    headers = wired.requests[0].headers
    assert (headers["host"], headers["user-agent"]) == ("data.usajobs.gov", "me@acme.example")
    assert headers["authorization-key"] == "canary-key"
    assert "canary-key" not in repr(page)


async def test_parameters_of_the_query_override_the_campaign() -> None:
    wired = Wired("usajobs", lambda _: FOUND, KEYS)
    await wired.fetch({"keyword": "data", "location_name": "Chicago", "radius_miles": 25, "results_per_page": 50}, "3")
    sent = dict(wired.requests[0].url.params)
    assert (sent["Keyword"], sent["LocationName"], sent["Radius"]) == ("data", "Chicago", "25")
    assert (sent["ResultsPerPage"], sent["Page"]) == ("50", "3")


async def test_without_the_registered_address_nothing_is_asked() -> None:
    with pytest.raises(SourceRejectedError, match="USAJOBS_USER_AGENT"):
        await Wired("usajobs", lambda _: FOUND, {"USAJOBS_AUTH_KEY": "k"}).fetch({})


def test_pages_go_on_until_all_that_were_found_are_read() -> None:
    assert ADAPTER.next_cursor(FOUND, request("usajobs", {})) == "2"
    assert ADAPTER.next_cursor(FOUND, request("usajobs", {}, "2")) is None
    assert ADAPTER.next_cursor(FOUND, request("usajobs", {"results_per_page": 50}, "14")) == "15"
    empty = {"SearchResult": {"SearchResultCountAll": 20_000, "SearchResultItems": []}}
    assert ADAPTER.next_cursor(empty, request("usajobs", {}, "21")) is None


@pytest.mark.parametrize("wrong", [{"results_per_page": 501}, {"radius_miles": 0}, {"keyword": 5}, {"page": 2}])
def test_parameters_are_checked(wrong: dict[str, Any]) -> None:
    assert ADAPTER.check(SourceQuery(source="usajobs", params={"keyword": "data", "radius_miles": None})) == []
    assert ADAPTER.check(SourceQuery(source="usajobs", params={"radius_miles": "50", "results_per_page": "500"})) == []
    assert len(ADAPTER.check(SourceQuery(source="usajobs", params=wrong))) == 1


def test_the_present_form_is_mapped() -> None:
    (item,) = ADAPTER.items(EXAMPLE)
    posting = ADAPTER.map_to_common(item)
    assert (posting.company, posting.department) == ("Bureau of Invented Statistics", "Department of Examples")
    assert posting.pay == OfferedPay(
        minimum=Decimal("99000.0"), maximum=Decimal("128000.0"), currency="USD", period="year"
    )
    assert posting.employment_types == ["Full-time", "Permanent"]
    assert (posting.remote, posting.tags) == ("telework eligible", ["Data Science Series"])
    assert posting.places == [
        Place(
            text="Chicago, Illinois", city="Chicago", region="Illinois", country="us", latitude=41.8781,
            longitude=-87.6298,
        )
    ]  # fmt: skip
    assert posting.valid_through == datetime(2026, 12, 31, 23, 59, 59, 997000, tzinfo=UTC)
    assert posting.description_html is not None
    assert "<h3>Duties</h3>\n<ul><li>Build models.</li><li>Explain them.</li></ul>" in posting.description_html
    assert posting.extra["decoded"] == {
        "pay_plan": ["General Schedule (Ch. 51, 5 U.S.C.)."], "grade": "GS-12 to GS-13",
        "hiring_paths": ["The public"], "service_type": ["Competitive"], "travel": ["Occasional travel"],
    }  # fmt: skip


def test_the_code_decides_where_the_name_is_free_text() -> None:
    schedule = [{"Code": "2", "Name": "Part Time 15 hours"}]
    posting = ADAPTER.map_to_common(announcement(PositionSchedule=schedule))
    assert posting.employment_types == ["Part-time"]
    assert posting.extra["MatchedObjectDescriptor"]["PositionSchedule"] == schedule


@pytest.mark.parametrize(
    ("interval", "pay"),
    [
        ("PH", OfferedPay(minimum=Decimal(14), maximum=Decimal(16), currency="USD", period="hour")),
        ("Per Hour", OfferedPay(minimum=Decimal(14), maximum=Decimal(16), currency="USD", period="hour")),
        ("BW", OfferedPay(text="Bi-weekly", minimum=Decimal(14), maximum=Decimal(16), currency="USD")),
        ("Per Moon", OfferedPay(text="Per Moon", minimum=Decimal(14), maximum=Decimal(16), currency="USD")),
    ],
)
def test_the_interval_is_decoded_and_two_weeks_are_no_week(interval: str, pay: OfferedPay) -> None:
    assert pay_of("14", "16", interval) == pay


def test_no_pay_is_said_in_words_and_nought_is_no_amount() -> None:
    assert pay_of("0", "0", "WC") == OfferedPay(text="Without Compensation")
    assert pay_of("0.0", "0.0", "PA") is None


@pytest.mark.parametrize(
    ("said", "country"), [("Singapore", "sg"), ("AU", "at"), ("GM", "de"), ("GG", None), ("US", "us"), ("Mars", None)]
)
def test_countries_are_names_or_codes_of_the_list(said: str, country: str | None) -> None:
    place = {"LocationName": "Somewhere", "CountryCode": said}
    assert ADAPTER.map_to_common(announcement(PositionLocation=[place])).places[0].country == country


def test_anywhere_is_no_city() -> None:
    anywhere = {"LocationName": " Anywhere", "CityName": " Anywhere", "CountryCode": "United States", "Latitude": 0}
    assert ADAPTER.map_to_common(announcement(PositionLocation=[{**anywhere, "Longitude": 0}])).places == [
        Place(text="Anywhere", country="us")
    ]


def test_text_without_tags_is_escaped_and_html_is_left_alone() -> None:
    details = {"JobSummary": "R&D, 5 < 6", "Requirements": "<p>R&amp;D</p>"}
    body = ADAPTER.map_to_common(announcement(UserArea={"Details": details})).description_html
    assert body == "<h3>Summary</h3>\nR&amp;D, 5 &lt; 6\n<h3>Requirements</h3>\n<p>R&amp;D</p>"


def test_a_past_announcement_is_a_record_of_another_shape() -> None:
    record = {
        "control_number": 773464600, "position_title": "Clerk", "department": "Department of State",
        "agency": "Other Agencies", "subagency": "Passport Services", "appointment_type": "Term",
        "occupation_series": ["0303 - Clerk"], "open_date": "2024-02-01", "close_date": "2024-02-09",
    }  # fmt: skip
    (item,) = ADAPTER.items([record])
    posting = ADAPTER.map_to_common(item)
    assert (posting.source_job_id, posting.company) == ("773464600", "Department of State")
    assert (posting.department, posting.tags) == ("Passport Services", ["0303 - Clerk"])
    assert posting.extra == {"agency": "Other Agencies"}


def listed(sent: httpx.Request) -> httpx.Response:
    """The shipped lists as the API gives them; one pay plan has another meaning."""
    name = next(name for name, address in ADDRESSES.items() if sent.url.path == f"/api/codelist/{address}")
    codes = {**getattr(code_lists(), name), **({"GS": "General Scale"} if name == "pay_plans" else {})}
    values = [{"Code": code, "Value": value, "IsDisabled": "No"} for code, value in codes.items()]
    return httpx.Response(200, json={"CodeList": [{"ValidValue": values, "id": name}]})


def client(answer: Any) -> SourceClient:
    settings = SourceSettings(base_url="https://data.usajobs.gov", requests_per_minute=600_000)
    return SourceClient("usajobs", settings, transport=httpx.MockTransport(answer), now=lambda: NOW)


@pytest.fixture
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of rules with a copy of the code lists, in the place of the repository's."""
    shutil.copy(config_path(usajobs_codelists.FILE), tmp_path)
    monkeypatch.setenv("POSTHORN_CONFIG", str(tmp_path))
    code_lists.cache_clear()
    yield
    code_lists.cache_clear()


@pytest.mark.usefixtures("own_config")
async def test_a_refresh_rewrites_the_file_with_a_higher_version() -> None:
    before = code_lists()
    async with client(listed) as asked:
        assert await refresh(asked) == ["pay_plans"]
    code_lists.cache_clear()
    after = code_lists()
    assert (after.version, after.as_of) == (before.version + 1, NOW.date())
    assert after.pay_plans["GS"] == "General Scale"
    assert after.occupational_series == before.occupational_series


@pytest.mark.usefixtures("own_config")
async def test_a_refresh_that_fails_leaves_the_file_as_it_is() -> None:
    before = code_lists()
    async with client(lambda _: httpx.Response(200, json={"CodeList": [{"ValidValue": []}]})) as asked:
        with pytest.raises(PagePayloadError, match="without codes"):
            await refresh(asked)
    code_lists.cache_clear()
    assert code_lists() == before
