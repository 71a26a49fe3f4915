"""A page in its transaction: what goes on, what is counted, what is remembered of the feed."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    Campaign,
    Days,
    FeedSwept,
    Headers,
    PageRequested,
    PostingsCollected,
    SourcePosting,
    SourceQuery,
    Sweep,
)
from common.messaging.unit import Finished
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.domain import batches
from extractor.handlers import FetchPages
from extractor.store import SourceStore
from extractor.store.watch import SourceWatch
from sources.errors import SourceRejectedError
from tests.support.fake_source import AT, FakeSource

CAMPAIGN = Campaign(campaign_id="c1", version=1, campaign_name="Data", query="data engineer", country="ca")


async def run_page(
    engine: AsyncEngine, stage: FetchPages, run_id: str = "r1", page: int = 1, most: int = 3,
    sweep: Sweep | None = None, posted: Days | None = None, **params: Any,
) -> Finished:  # fmt: skip
    query = SourceQuery(source="fake", params=params, max_pages=most)
    event = PageRequested(
        run_id=run_id, requested_at=AT, campaign=CAMPAIGN, source=query, page=page, sweep=sweep, posted=posted
    )
    unit = f"fetch:{run_id}:{page}:{params}"
    headers = Headers(
        event_id=str(uuid.uuid5(uuid.NAMESPACE_URL, unit)), event_type="page.requested.v1", run_id=run_id,
        unit_id=unit, stage="fetch", first_at=AT, sha256="",
    )  # fmt: skip
    prepared = await stage.prepare(headers, event)
    async with engine.begin() as conn:
        return await stage.apply(conn, headers, event, prepared)


async def rows(engine: AsyncEngine, sql: str) -> list[Any]:
    async with engine.connect() as conn:
        return list((await conn.execute(sa.text(sql))).all())


async def test_a_page_sends_its_postings_on_and_names_the_next(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = {"jobs": [{"id": n} for n in range(130)], "next": "p2"}
    finished = await run_page(engine, stage, board="acme")
    first, second, following = finished.children
    assert (first.postings, second.postings, finished.fetched, finished.source) == (100, 30, 130, "fake")
    assert isinstance(first.event, PostingsCollected)
    assert (first.event.feed, first.event.collected_at) == ("acme", AT)
    assert isinstance(following.event, PageRequested)
    assert (following.event.page, following.event.cursor) == (2, "p2")
    (row,) = await rows(engine, "SELECT * FROM extractor.page")
    assert (row.archive_key, row.items, row.status, row.error) == (first.event.archive_key, 130, 200, None)


async def test_the_same_page_again_leaves_the_same_rows_and_children(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    one, two = await run_page(engine, stage), await run_page(engine, stage)
    assert one.children == two.children
    assert len(await rows(engine, "SELECT 1 FROM extractor.page")) == 1
    assert source.asked == 1


async def test_pages_of_a_unit_are_one_transaction_and_each_is_indexed(
    engine: AsyncEngine, source: FakeSource, archive: Archive
) -> None:
    stage = FetchPages(
        archive=archive, providers=Providers(), store=SourceStore(), max_attempts=1, clock=lambda: 0.0,
        watch=SourceWatch(engine, broken_after=1),
    )  # fmt: skip
    source.pages = {4: "<html>Wartung</html>"}
    one, two = await run_page(engine, stage, most=9), await run_page(engine, stage, most=9)
    assert one == two
    sent = [c.event for c in one.children if isinstance(c.event, PostingsCollected)]
    assert ([event.page for event in sent], one.fetched, len(one.children)) == ([1, 2, 3], 6, 3)
    assert (one.outcome, one.error) == ("failed", "fake page 4: not_json: the answer is HTML")
    found = await rows(engine, "SELECT page, archive_key, items, error FROM extractor.page ORDER BY page")
    assert [row.archive_key for row in found[:3]] == [event.archive_key for event in sent]
    assert [(row.page, row.items) for row in found] == [(1, 2), (2, 2), (3, 2), (4, 0)]
    assert source.asked == 4
    (state,) = await rows(engine, "SELECT failures FROM extractor.source_state")
    assert state.failures == 1


async def test_an_item_too_large_is_rejected_and_the_books_balance(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extractor.handlers.pages.split", lambda items: batches.split(items, max_item_bytes=100))
    source.answer = {"jobs": [{"id": 1}, {"id": 2, "text": "x" * 200}, {"id": 3}]}
    finished = await run_page(engine, stage)
    assert (finished.counts, finished.reasons) == ({"rejected": 1}, {"item_too_large": 1})
    assert finished.fetched == sum(c.postings for c in finished.children) + 1
    assert finished.quarantined[0].reference.endswith("page=0001.json.gz#1")


async def test_a_broken_page_fails_by_name_and_is_indexed_with_its_error(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = "<html>\x00 Wartung</html>"
    finished = await run_page(engine, stage, board="acme")
    assert (finished.outcome, finished.fetched, finished.children) == ("failed", 0, [])
    assert finished.reasons == {"not_json": 1}
    assert finished.error == "fake/acme page 1: not_json: the answer is HTML"
    (row,) = await rows(engine, "SELECT items, error FROM extractor.page")
    assert row == (0, "not_json: the answer is HTML")


async def test_a_refusal_is_remembered_until_the_feed_works(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = SourceRejectedError("http_401", "check \x00FAKE_API_KEY")
    assert (await run_page(engine, stage, "r1")).outcome == "failed"
    source.answer = {"jobs": [{"id": 1}]}
    await run_page(engine, stage, "r2")
    (feed,) = await rows(engine, "SELECT * FROM extractor.feed")
    assert feed.last_error == "http_401: check FAKE_API_KEY"
    assert (feed.last_items, feed.last_run_id) == (1, "r2")
    assert feed.last_fetched_at is not None


async def test_a_backfill_tells_what_it_left_out_and_that_it_stopped_early_and_alarms_nobody(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_page(engine, stage, "r1", board="acme")

    def long_ago(item: Any, feed: str = "") -> SourcePosting:
        return SourcePosting(source_job_id="1", posted_at=AT - timedelta(days=90))

    monkeypatch.setattr(source, "map_to_common", long_ago)
    week = Days(first=AT.date() - timedelta(days=6), last=AT.date())
    finished = await run_page(engine, stage, "r2", most=1, posted=week, board="acme")
    assert (finished.outcome, finished.fetched, finished.children) == ("ok", 0, [])
    assert finished.reasons == {"outside_days": 2, "days_left": 1}
    assert finished.error == "fake/acme: more days were left after page 1; raise its max_pages"
    (feed,) = await rows(engine, "SELECT last_items, last_run_id, emptied_at FROM extractor.feed")
    assert tuple(feed) == (2, "r1", None)


async def test_nothing_where_there_was_something_is_an_alarm_once(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    def alarms() -> float:
        return REGISTRY.get_sample_value("extractor_source_empty_pages_total", {"source": "fake"}) or 0

    before = alarms()
    await run_page(engine, stage, "r1", board="acme")
    source.answer = {"jobs": []}
    second, third = await run_page(engine, stage, "r2", board="acme"), await run_page(engine, stage, "r3", board="acme")
    other = await run_page(engine, stage, "r3", board="umbrella")
    assert (second.outcome, second.reasons) == ("ok", {"source_empty": 1})
    assert second.error == "fake/acme: nothing found, 2 on the first page last time"
    assert third.reasons == other.reasons == {}
    assert alarms() == before + 1
    (feed,) = await rows(engine, "SELECT last_items, empty_since FROM extractor.feed WHERE feed = 'acme'")
    assert feed.last_items == 0
    assert feed.empty_since is not None


async def test_the_last_page_of_a_feed_that_lists_all_says_what_the_whole_read_showed(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "lists_all", True)
    first = await run_page(engine, stage, board="acme")
    assert first.aside == []
    batch, following = (child.event for child in first.children)
    assert isinstance(batch, PostingsCollected)
    assert isinstance(following, PageRequested)
    assert following.sweep == Sweep(sweep_id=str(batch.sweep_id), started_at=AT, pages=1, postings=2)
    source.answer = {"jobs": [{"id": 3}]}
    second = await run_page(engine, stage, page=2, sweep=following.sweep, board="acme")
    assert second.aside == [
        FeedSwept(
            source="fake", feed="acme", sweep_id=str(batch.sweep_id), started_at=AT, finished_at=AT, pages=2, postings=3
        )
    ]
    assert await rows(engine, "SELECT swept_at, left_out FROM extractor.feed") == [(AT, None)]


async def test_a_read_that_the_query_cuts_off_says_so_and_one_that_fails_says_nothing(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "lists_all", True)
    so_far = Sweep(sweep_id="s", started_at=AT, pages=2, postings=4)
    (told,) = (await run_page(engine, stage, page=3, sweep=so_far)).aside
    assert isinstance(told, FeedSwept)
    assert (told.left_out, told.postings) == ("pages_left_out", 6)
    source.answer = SourceRejectedError("http_404", "no such board")
    assert (await run_page(engine, stage, "r2", page=3, sweep=so_far)).aside == []


async def test_a_search_is_no_read_of_a_whole_feed(engine: AsyncEngine, stage: FetchPages, source: FakeSource) -> None:
    source.answer = {"jobs": [{"id": 1}]}
    finished = await run_page(engine, stage)
    assert finished.aside == []
    assert [getattr(child.event, "sweep_id", "") for child in finished.children] == [None]
