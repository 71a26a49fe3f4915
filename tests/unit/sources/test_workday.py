"""Careers sites of Workday."""

from typing import Any

import httpx
import pytest

from common.contracts import Place, SourceQuery
from sources.adapters.workday import ADAPTER, EXAMPLE, PAGE_SIZE
from tests.support.real_items import request
from tests.support.wired import Wired

SITE = {"tenant": "acme", "instance": "wd5", "site": "Careers"}
HEAD: dict[str, Any] = {
    "title": "Engineer",
    "externalPath": "/job/Toronto/Engineer_R-1",
    "locationsText": "Toronto",
    "postedOn": "Posted 3 Days Ago",
}


async def test_a_page_is_searched_for_and_its_details_are_fetched() -> None:
    def answer(sent: httpx.Request) -> Any:
        if sent.method == "POST":
            return {"total": 1, "jobPostings": [HEAD, {"title": "no path"}]}
        return {"jobPostingInfo": {"title": "Engineer", "jobDescription": "<p>x</p>"}}

    wired = Wired("workday", answer)
    page = await wired.fetch(SITE, "40")
    assert wired.urls == [
        "https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs",
        "https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/job/Toronto/Engineer_R-1",
    ]
    assert wired.body(0) == {"appliedFacets": {}, "limit": 20, "offset": 40, "searchText": ""}
    assert [sorted(item) for item in ADAPTER.items(page.payload)] == [["detail", "head"], ["detail_error", "head"]]


def test_a_posting_keeps_its_id_with_and_without_its_detail() -> None:
    (item,) = EXAMPLE["jobPostings"]
    feed = "fernwood.wd5.Careers"
    whole, head, detail = (ADAPTER.map_to_common(i, feed) for i in (item, item["head"], item["detail"]))
    assert {whole.source_job_id, head.source_job_id, detail.source_job_id} == {f"{feed}:R-1001"}
    assert ADAPTER.map_to_common(item["detail"]).source_job_id == whole.source_job_id
    assert (whole.company, head.company) == ("Fernwood Freight Inc.", "fernwood")
    assert head.url == whole.url


def test_a_relative_date_is_no_date() -> None:
    posting = ADAPTER.map_to_common(HEAD, "acme.wd5.Careers")
    assert posting.posted_at is None
    assert posting.extra["postedOn"] == "Posted 3 Days Ago"


def test_places_are_those_of_the_detail_and_a_count_is_none() -> None:
    info = {"location": "Toronto", "additionalLocations": ["Lyon"], "country": {"descriptor": "Canada"}}
    item = {"head": {**HEAD, "locationsText": "2 Locations"}, "detail": {"jobPostingInfo": info}}
    assert ADAPTER.map_to_common(item).places == [Place(text="Toronto", country="ca"), Place(text="Lyon")]
    assert ADAPTER.map_to_common(HEAD).places == [Place(text="Toronto")]
    counted = ADAPTER.map_to_common(item["head"])
    assert (counted.places, counted.extra["locationsText"]) == ([], "2 Locations")


def test_later_pages_do_not_say_how_many_there_are() -> None:
    full = [HEAD] * PAGE_SIZE
    assert ADAPTER.next_cursor({"total": 45, "jobPostings": full}, request("workday", SITE)) == "20"
    assert ADAPTER.next_cursor({"total": 0, "jobPostings": full}, request("workday", SITE, "20")) == "40"
    assert ADAPTER.next_cursor({"total": 0, "jobPostings": full[:5]}, request("workday", SITE, "40")) is None
    assert ADAPTER.next_cursor({"total": 20, "jobPostings": full}, request("workday", SITE)) is None


@pytest.mark.parametrize("wrong", [{"tenant": "a.b"}, {"instance": "evil"}, {"site": "a/b"}, {"site": None}, {"x": 1}])
def test_parts_of_the_address_are_checked(wrong: dict[str, Any]) -> None:
    assert ADAPTER.check(SourceQuery(source="workday", params=SITE)) == []
    assert len(ADAPTER.check(SourceQuery(source="workday", params={**SITE, **wrong}))) == 1
