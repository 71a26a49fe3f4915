"""How Adzuna is asked, and what its fields become."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from common.contracts import Days, OfferedPay, SourceQuery
from sources.adapter import PageRequest
from sources.adapters.adzuna import ADAPTER, PAGE_SIZE, _search
from sources.client import SourceClient
from sources.errors import SourceRejectedError
from tests.support.real_items import CAMPAIGN, NOW, request

AD: dict[str, Any] = ADAPTER.example["results"][0]
KEYS = {"app_id": SecretStr("canary-id"), "app_key": SecretStr("canary-key")}


async def test_the_campaign_makes_the_search_and_params_override_it() -> None:
    seen: list[httpx.URL] = []

    def answer(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.url)
        return httpx.Response(200, json={"results": []})

    settings = ADAPTER.settings.model_copy(update={"credentials": KEYS})
    async with SourceClient("adzuna", settings, transport=httpx.MockTransport(answer)) as client:
        page = await ADAPTER.fetch(client, request("adzuna", {}, "3"))
        await ADAPTER.fetch(client, request("adzuna", {"country": "uk", "what": "welder", "max_days_old": 2}))
    assert seen[0].path == "/v1/api/jobs/ca/search/3"
    expected = {"what": "data engineer", "where": "Toronto", "max_days_old": "30", "results_per_page": "50"}
    assert expected.items() <= dict(seen[0].params).items()
    assert dict(seen[0].params)["app_key"] == "canary-key"
    assert "canary" not in msgspec.json.encode([page.endpoint, page.params, page.headers, page.payload]).decode()
    assert seen[1].path == "/v1/api/jobs/gb/search/1"
    assert (seen[1].params["what"], seen[1].params["max_days_old"]) == ("welder", "2")
    assert "country" not in seen[1].params


@pytest.mark.parametrize(("first", "days"), [("2026-11-20", 1), ("2026-10-06", 46), ("2027-01-01", 1)])
def test_a_backfill_searches_as_far_back_as_its_first_day(first: str, days: int) -> None:
    posted = Days(first=date.fromisoformat(first), last=date(2027, 1, 1))
    asked = replace(request("adzuna", {}), requested_at=datetime(2026, 11, 20, 7, tzinfo=UTC), posted=posted)
    assert asked.days_back == days
    assert _search(asked)["max_days_old"] == days


async def test_a_country_that_adzuna_has_not_is_refused_before_it_is_asked() -> None:
    campaign = msgspec.structs.replace(CAMPAIGN, country="jp")
    asked = PageRequest(SourceQuery(source="adzuna"), campaign, 1, None, NOW)
    async with SourceClient("adzuna", ADAPTER.settings) as client:
        with pytest.raises(SourceRejectedError, match="country_unsupported"):
            await ADAPTER.fetch(client, asked)
    assert ADAPTER.check(SourceQuery(source="adzuna", params={"country": "jp"}))
    assert not ADAPTER.check(SourceQuery(source="adzuna", params={"country": "uk"}))


def test_pages_follow_as_long_as_the_count_promises() -> None:
    full: dict[str, Any] = {"results": [{}] * PAGE_SIZE}
    assert ADAPTER.next_cursor({**full, "count": 101}, request("adzuna", {}, "2")) == "3"
    assert ADAPTER.next_cursor({**full, "count": 100}, request("adzuna", {}, "2")) is None
    assert ADAPTER.next_cursor(full, request("adzuna", {})) == "2"
    assert ADAPTER.next_cursor({"results": [], "count": 900}, request("adzuna", {})) is None


def test_pay_is_in_the_currency_of_the_site_that_the_address_leads_to() -> None:
    posting = ADAPTER.map_to_common(AD)
    assert posting.pay == OfferedPay(minimum=Decimal(55000), maximum=Decimal(67500), currency="GBP", period="year")
    assert posting.places[0].country == "gb"
    hourly = ADAPTER.map_to_common({**AD, "salary_min": 12, "salary_max": 13.5}, "fr").pay
    assert hourly == OfferedPay(minimum=Decimal(12), maximum=Decimal("13.5"), currency="EUR")


@pytest.mark.parametrize("mark", ["1", 1, "1.0"])
def test_predicted_pay_is_nobodys_offer_and_stays_in_extra(mark: Any) -> None:
    posting = ADAPTER.map_to_common({**AD, "salary_is_predicted": mark})
    assert posting.pay is None
    assert (posting.extra["salary_min"], posting.extra["salary_is_predicted"]) == (55000, mark)


def test_a_cut_description_is_marked_as_excerpt() -> None:
    assert ADAPTER.map_to_common(AD).description_is_excerpt
    assert not ADAPTER.map_to_common({**AD, "description": "Short."}).description_is_excerpt
