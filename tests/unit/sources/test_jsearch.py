"""What JSearch's fields become, and how a campaign becomes a search."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from sources.adapters.jsearch import ADAPTER
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError, SourceRejectedError
from sources.settings import SourceSettings
from tests.support.real_items import CAMPAIGN, request

ITEM: dict[str, Any] = {
    "job_id": "abc==",
    "job_title": "Data Engineer",
    "employer_name": "Acme",
    "job_apply_link": "https://jobs.example/1",
    "job_google_link": "https://google.example/1",
    "job_description": "You load data.",
    "job_city": "Toronto",
    "job_state": "Ontario",
    "job_country": "CA",
    "job_latitude": 43.6,
    "job_longitude": -79.3,
    "job_posted_at_timestamp": 1764892800,
}


def test_the_present_form_is_mapped() -> None:
    item = {**ITEM, "job_location": "Toronto, ON", "job_employment_types": ["FULLTIME"], "job_is_remote": True}
    posting = ADAPTER.map_to_common(item)
    assert posting.source_job_id == "abc=="
    assert posting.places == [
        Place(text="Toronto, ON", city="Toronto", region="Ontario", country="ca", latitude=43.6, longitude=-79.3)
    ]
    assert posting.employment_types == ["FULLTIME"]
    assert posting.remote == "remote"
    assert posting.posted_at == datetime(2025, 12, 5, tzinfo=UTC)
    assert posting.extra == {"job_google_link": "https://google.example/1"}


def test_the_older_form_is_mapped() -> None:
    item = {
        **ITEM,
        "job_employment_type": "CONTRACTOR",
        "job_required_skills": ["Python"],
        "job_posting_language": "en",
        "job_offer_expiration_timestamp": 1767484800,
        "job_required_experience": {"required_experience_in_months": 72},
        "job_is_remote": False,
    }
    posting = ADAPTER.map_to_common(item)
    assert posting.places[0].text == "Toronto, Ontario, CA"
    assert (posting.employment_types, posting.tags, posting.language) == (["CONTRACTOR"], ["Python"], "en")
    assert posting.valid_through == datetime(2026, 1, 4, tzinfo=UTC)
    assert posting.remote is None
    assert posting.extra["job_required_experience"] == {"required_experience_in_months": 72}
    assert posting.extra["job_is_remote"] is False


def test_pay_has_no_currency_unless_the_payload_says_it() -> None:
    pay = {"job_min_salary": 90000, "job_max_salary": 120000.5, "job_salary_period": "YEAR"}
    assert ADAPTER.map_to_common({**ITEM, **pay}).pay == OfferedPay(
        minimum=Decimal(90000), maximum=Decimal("120000.5"), period="year"
    )
    stated = ADAPTER.map_to_common({**ITEM, **pay, "job_salary_currency": "usd"}).pay
    assert stated is not None
    assert stated.currency == "USD"


def test_a_period_without_amounts_is_no_pay() -> None:
    posting = ADAPTER.map_to_common({**ITEM, "job_salary_period": "YEAR", "job_min_salary": None})
    assert posting.pay is None
    assert posting.extra["job_salary_period"] == "YEAR"


def test_highlights_are_added_only_where_the_text_lacks_them() -> None:
    highlights = {"Qualifications": ["You load   data.", "Five years of SQL"], "Benefits": ["You load data."]}
    posting = ADAPTER.map_to_common({**ITEM, "job_highlights": highlights})
    assert posting.description_text == "You load data.\n\nQualifications:\n- Five years of SQL"
    assert posting.extra["job_highlights"] == highlights


def test_an_item_without_id_says_so() -> None:
    with pytest.raises(MappingError, match="id_missing"):
        ADAPTER.map_to_common({"job_title": "x"})


def test_an_error_in_an_answer_with_status_200_is_found() -> None:
    with pytest.raises(PagePayloadError, match="quota exceeded"):
        ADAPTER.items({"status": "ERROR", "error": {"message": "quota exceeded"}, "data": []})


def test_pages_go_on_until_an_empty_one() -> None:
    assert ADAPTER.next_cursor({"data": [1]}, request("jsearch", {})) == "2"
    assert ADAPTER.next_cursor({"data": [1]}, request("jsearch", {"num_pages": 5}, "6")) == "11"
    assert ADAPTER.next_cursor({"data": []}, request("jsearch", {}, "7")) is None


def test_unknown_parameters_are_named() -> None:
    assert ADAPTER.check(SourceQuery(source="jsearch", params={"radius": 50})) == []
    assert "adress" in ADAPTER.check(SourceQuery(source="jsearch", params={"adress": "x"}))[0]


async def _asked(**campaign: Any) -> httpx.QueryParams:
    asked: list[httpx.Request] = []

    def answer(sent: httpx.Request) -> httpx.Response:
        asked.append(sent)
        return httpx.Response(200, json={"status": "OK", "data": []})

    settings = SourceSettings.model_validate({"base_url": "https://api.example", "credentials": {"api_key": "secret"}})
    page = request("jsearch", {"language": "en"}, "3")
    wanted = type(page)(page.source, msgspec.structs.replace(CAMPAIGN, **campaign), 3, "3", page.requested_at)
    async with SourceClient("jsearch", settings, transport=httpx.MockTransport(answer)) as client:
        fetched = await ADAPTER.fetch(client, wanted)
    assert asked[0].headers["x-api-key"] == "secret"
    assert "secret" not in str(fetched)
    return asked[0].url.params


async def test_the_campaign_becomes_a_search() -> None:
    sent = await _asked(date_window="week", employment_type_preference=["FULL_TIME", "CONTRACTOR"])
    assert dict(sent) == {
        "query": "data engineer in Toronto",
        "country": "ca",
        "date_posted": "week",
        "employment_types": "FULLTIME,CONTRACTOR",
        "language": "en",
        "page": "3",
    }


async def test_the_united_kingdom_is_asked_for_by_its_code() -> None:
    assert (await _asked(country="uk"))["country"] == "gb"


async def test_a_preference_that_jsearch_cannot_express_filters_nothing() -> None:
    assert "employment_types" not in await _asked(employment_type_preference=["FULL_TIME", "VOLUNTEER"])
    assert "work_from_home" not in await _asked(remote_preference=["remote", "hybrid"])
    assert (await _asked(remote_preference=["remote"]))["work_from_home"] == "true"


async def test_without_a_key_nothing_is_asked() -> None:
    async with SourceClient("jsearch", SourceSettings(base_url="https://api.example")) as client:
        with pytest.raises(SourceRejectedError, match="JSEARCH_API_KEY"):
            await ADAPTER.fetch(client, request("jsearch", {}))
