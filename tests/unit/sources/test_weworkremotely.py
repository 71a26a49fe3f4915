"""How the RSS of We Work Remotely is read."""

from datetime import UTC, datetime

import pytest

from sources.adapters.weworkremotely import ADAPTER
from sources.errors import PagePayloadError

FEED: str = ADAPTER.example


def test_an_item_of_the_feed_is_mapped() -> None:
    [item] = ADAPTER.items(FEED)
    posting = ADAPTER.map_to_common(item)
    assert (posting.company, posting.title) == ("Saltmarsh Software", "Senior Ruby Developer")
    assert posting.company_url == "https://saltmarsh.example"
    assert posting.tags == ["Ruby", "PostgreSQL", "Back-End Programming"]
    assert posting.employment_types == ["Full-Time"]
    assert posting.valid_through == datetime(2026, 12, 17, 10, tzinfo=UTC)
    assert posting.extra == {"content": "https://weworkremotely.example/logos/saltmarsh.gif", "country": "Canada"}


def test_repeated_elements_are_a_list() -> None:
    twice = FEED.replace("</category>", "</category><category>Design</category><category>Sales</category>")
    assert ADAPTER.map_to_common(ADAPTER.items(twice)[0]).tags[-3:] == ["Back-End Programming", "Design", "Sales"]


def test_a_title_without_company_stays_whole() -> None:
    posting = ADAPTER.map_to_common({"guid": "https://weworkremotely.com/1", "title": "Ruby Developer"})
    assert (posting.title, posting.company) == ("Ruby Developer", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FEED[:900], "page_is_not_rss"),
        ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><rss><channel>&a;</channel></rss>', "page_is_not_rss"),
        ("<?xml version='1.0'?><feed/>", "page_has_no_items"),
    ],
)
def test_a_feed_that_is_cut_off_or_hostile_is_no_page(text: str, reason: str) -> None:
    with pytest.raises(PagePayloadError) as failure:
        ADAPTER.items(text)
    assert failure.value.reason == reason
