"""A read of a whole feed, page by page."""

from datetime import UTC, datetime

from common.contracts import Campaign, PageRequested, SourceQuery
from extractor.domain.envelope import whole_milliseconds
from extractor.domain.sweeps import begun, ended, with_page

AT = datetime(2026, 11, 20, 7, tzinfo=UTC)
CAMPAIGN = Campaign(campaign_id="c1", version=1, campaign_name="Data", query="data", country="ca")


def asked(page: int) -> PageRequested:
    query = SourceQuery(source="lever", params={"board": "acme"})
    return PageRequested(run_id="r", requested_at=AT, campaign=CAMPAIGN, source=query, page=page)


def test_a_read_adds_up_its_pages_and_is_called_by_the_request_of_its_first() -> None:
    first = begun(asked(1), "event-1", AT)
    assert first is not None
    second = with_page(with_page(first, 100, too_large=0, cut_off=False), 20, too_large=0, cut_off=False)
    told = ended(second, "lever", "acme", AT)
    assert (told.sweep_id, told.pages, told.postings, told.left_out) == ("event-1", 2, 120, None)


def test_a_page_that_nobody_began_with_belongs_to_no_read() -> None:
    assert begun(asked(2), "event-2", AT) is None


def test_what_was_left_out_once_is_left_out_of_the_whole() -> None:
    first = begun(asked(1), "event-1", AT)
    assert first is not None
    broken = with_page(with_page(first, 99, too_large=1, cut_off=False), 20, too_large=0, cut_off=False)
    assert (broken.postings, broken.left_out) == (119, "item_too_large")
    assert with_page(first, 100, too_large=0, cut_off=True).left_out == "pages_left_out"


def test_what_a_quick_source_shows_is_not_seen_before_its_read_began() -> None:
    sent = AT.replace(microsecond=601_128)
    first = begun(asked(1), "event-1", sent)
    assert first is not None
    assert first.started_at <= whole_milliseconds(sent)
