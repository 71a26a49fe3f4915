"""How the aggregators of remote and European jobs are asked, and where their fields are peculiar."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from common.contracts import OfferedPay, Place
from sources.adapters import arbeitnow, himalayas, jobicy, remoteok, remotive, themuse
from sources.client import SourceClient
from sources.registry import adapter_of
from tests.support.real_items import read_pages, request


def example(name: str) -> dict[str, Any]:
    """The first item of a source's example."""
    item: dict[str, Any] = adapter_of(name).items(adapter_of(name).example)[0]
    return item


@pytest.mark.parametrize(
    ("name", "params", "addresses"),
    [
        ("remotive", {"category": "data"}, ["/api/remote-jobs?category=data"]),
        ("remoteok", {}, ["/api"]),
        ("jobicy", {"geo": "canada"}, ["/api/v2/remote-jobs?geo=canada"]),
        ("arbeitnow", {}, ["/api/job-board-api?page=1", "/api/job-board-api?page=2"]),
        ("themuse", {"level": "Senior Level"}, [f"/api/public/jobs?level=Senior+Level&page={n}" for n in (0, 1)]),
        ("himalayas", {"country": "DE"}, [f"/jobs/api/search?q=data+engineer&country=DE&page={n}" for n in (1, 2)]),
        ("weworkremotely", {"category": "remote-design-jobs"}, ["/categories/remote-design-jobs.rss"]),
    ],
)
async def test_all_pages_are_asked_for(name: str, params: dict[str, Any], addresses: list[str]) -> None:
    adapter = adapter_of(name)
    seen: list[str] = []

    def answer(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.url.raw_path.decode())
        page = adapter.example
        if isinstance(page, str):
            return httpx.Response(200, text=page)
        more = "https://elsewhere.example/?page=2" if len(seen) == 1 else None
        counts = {"links": {"next": more}, "page_count": 2, "totalCount": 2 * himalayas.PAGE_SIZE}
        return httpx.Response(200, json={**page, **counts} if isinstance(page, dict) else page)

    settings = adapter.settings.model_copy(update={"requests_per_minute": 6000})
    async with SourceClient(name, settings, transport=httpx.MockTransport(answer)) as client:
        pages = await read_pages(adapter, client, params)
    assert seen == addresses
    assert all(pages)
    assert not adapter.check(request(name, params).source)


def test_the_muse_is_not_asked_beyond_its_hundredth_page() -> None:
    payload = {"results": [{}], "page_count": 5000}
    assert themuse.ADAPTER.next_cursor(payload, request("themuse", {}, "98")) == "99"
    assert themuse.ADAPTER.next_cursor(payload, request("themuse", {}, "99")) is None


def test_flexible_is_a_way_of_working_and_no_place() -> None:
    posting = themuse.ADAPTER.map_to_common(example("themuse"))
    assert (posting.remote, posting.places) == ("remote", [Place(text="Toronto, Canada")])


def test_remote_oks_double_encoding_is_undone_and_zero_pay_is_none() -> None:
    item = {**example("remoteok"), "location": "GdaÅ\x84sk", "company": "Café—Bar", "salary_min": 0, "salary_max": 0}
    posting = remoteok.ADAPTER.map_to_common(item)
    assert (posting.places, posting.company, posting.pay) == ([Place(text="Gdańsk")], "Café—Bar", None)


def test_remotives_places_are_those_where_candidates_may_live() -> None:
    posting = remotive.ADAPTER.map_to_common(example("remotive"))
    assert posting.places == [Place(text="Canada"), Place(text="Europe")]
    assert posting.pay == OfferedPay(text="$90k - $120k")


def test_himalayas_company_is_the_slugs_where_the_name_is_the_columns() -> None:
    item = {**example("himalayas"), "companyName": "name", "companySlug": "alignment-health"}
    assert himalayas.ADAPTER.map_to_common(item).company == "Alignment Health"


def test_jobicys_older_pay_is_yearly_and_any_level_is_none() -> None:
    item = {k: v for k, v in example("jobicy").items() if not k.startswith("salary")}
    older = {**item, "annualSalaryMin": "70000", "salaryCurrency": "EUR", "jobLevel": "Any", "companyName": "A &amp; B"}
    posting = jobicy.ADAPTER.map_to_common(older)
    assert posting.pay is not None
    assert (posting.pay.minimum, posting.pay.currency, posting.pay.period) == (Decimal(70000), "EUR", "year")
    assert (posting.seniority, posting.company) == (None, "A & B")


def test_arbeitnows_flag_says_remote_or_nothing() -> None:
    item = example("arbeitnow")
    assert arbeitnow.ADAPTER.map_to_common(item).remote == "remote"
    assert arbeitnow.ADAPTER.map_to_common({**item, "remote": False}).remote is None
