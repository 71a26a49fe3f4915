"""Lists and details of SmartRecruiters."""

from typing import Any

import httpx
import pytest

from common.contracts import Place
from sources.adapters.smartrecruiters import ADAPTER, EXAMPLE
from sources.errors import SourceUnavailableError
from tests.support.real_items import request
from tests.support.wired import Wired

HEAD: dict[str, Any] = {"id": "744", "name": "Analyst", "company": {"identifier": "Acme", "name": "Acme Inc"}}


def answers(sent: httpx.Request) -> Any:
    """Three heads; the detail of 1 is there, that of 2 is gone, and the third head has no id."""
    if sent.url.path.endswith("/postings"):
        return {"totalFound": 250, "content": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}, "?"]}
    if sent.url.path.endswith("/1"):
        return {"id": "1", "name": "A", "jobAd": {"sections": {"jobDescription": {"title": "Job", "text": "<p>x</p>"}}}}
    return httpx.Response(404, text="gone")


async def test_a_page_holds_heads_and_details_and_says_which_detail_is_missing() -> None:
    wired = Wired("smartrecruiters", answers)
    page = await wired.fetch({"board": "Acme"}, "100")
    assert wired.urls[0] == "https://api.smartrecruiters.com/v1/companies/Acme/postings?limit=100&offset=100"
    items = ADAPTER.items(page.payload)
    assert [sorted(item) for item in items] == [["detail", "head"], ["detail_error", "head"], ["detail_error", "head"]]
    first, second = (ADAPTER.map_to_common(item, "Acme") for item in items[:2])
    assert first.description_html == "<h3>Job</h3>\n<p>x</p>"
    assert (second.title, second.url) == ("B", "https://jobs.smartrecruiters.com/Acme/2")
    assert "404" in second.extra["detail_error"]


async def test_a_page_whose_details_are_all_away_is_worth_a_retry() -> None:
    def away(sent: httpx.Request) -> Any:
        return {"content": [HEAD]} if sent.url.path.endswith("/postings") else httpx.Response(503)

    with pytest.raises(SourceUnavailableError, match="http_503"):
        await Wired("smartrecruiters", away, {"SMARTRECRUITERS_ATTEMPTS": "1"}).fetch({"board": "Acme"})


async def test_an_answer_that_is_no_list_is_left_as_it_came() -> None:
    page = await Wired("smartrecruiters", lambda _: {"message": "no such company"}).fetch({"board": "Acme"})
    assert page.payload == {"message": "no such company"}


def test_pages_go_on_to_the_total() -> None:
    page = {"content": [HEAD] * 100, "totalFound": 250}
    assert ADAPTER.next_cursor(page, request("smartrecruiters", {})) == "100"
    assert ADAPTER.next_cursor(page, request("smartrecruiters", {}, "200")) is None
    assert ADAPTER.next_cursor({**page, "content": []}, request("smartrecruiters", {}, "100")) is None


def test_what_the_head_says_otherwise_than_the_detail_is_kept() -> None:
    detail = {**HEAD, "name": "Senior Analyst"}
    posting = ADAPTER.map_to_common({"head": HEAD, "detail": detail})
    assert posting.title == "Senior Analyst"
    assert posting.extra["head"] == {"name": "Analyst"}


def test_a_detail_that_stands_alone_is_the_same_posting() -> None:
    item = EXAMPLE["content"][0]
    (alone,) = ADAPTER.items(item["detail"])
    assert ADAPTER.map_to_common(alone).source_job_id == ADAPTER.map_to_common(item).source_job_id
    assert ADAPTER.map_to_common(alone).description_html == ADAPTER.map_to_common(item).description_html


def test_the_place_has_coordinates_and_no_gaps() -> None:
    place = {"city": "Warsaw", "country": "pl", "latitude": "52.2296756", "longitude": "21.0122287", "hybrid": True}
    posting = ADAPTER.map_to_common({**HEAD, "location": {**place, "fullLocation": "Warsaw, , Poland"}})
    assert posting.places == [
        Place(text="Warsaw, Poland", city="Warsaw", country="pl", latitude=52.2296756, longitude=21.0122287)
    ]
    assert posting.remote == "hybrid"
