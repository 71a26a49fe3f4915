"""The two stages of the extractor up to their transaction: what is read, reused, refused and put off."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from common.contracts import Campaign, Days, Headers, PageRequested, RunRequested, SourcePosting, SourceQuery
from common.messaging.errors import PermanentError, RetryLaterError
from common.storage import ObjectStore, StorageUnavailableError
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.domain.backfill import window_back_to
from extractor.handlers import FetchPages, StartRun
from extractor.handlers.pages import PreparedPage, PreparedPages
from extractor.store import SourceStore
from sources.errors import MappingError, SourceRejectedError, SourceUnavailableError
from sources.registry import register, unregister
from tests.support.fake_source import FakeSource

AT = datetime(2025, 8, 19, 7, 0, tzinfo=UTC)
CAMPAIGN = Campaign(campaign_id="c1", version=1, campaign_name="Data", query="data engineer", country="ca")


@pytest.fixture
def source() -> Iterator[FakeSource]:
    fake = FakeSource()
    register(fake)
    yield fake
    unregister(fake.name)


@pytest.fixture
def archive() -> Archive:
    return Archive(ObjectStore.from_url("memory:///"), "bronze")


@pytest.fixture
def stage(archive: Archive) -> FetchPages:
    """Its time is over after one page."""
    return stage_of(archive, itertools.count().__next__)


def stage_of(archive: Archive, clock: Callable[[], float]) -> FetchPages:
    return FetchPages(archive=archive, providers=Providers(), store=SourceStore(), max_attempts=3, clock=clock)


def one(prepared: PreparedPages) -> PreparedPage:
    """The page of a unit that has one."""
    (page,) = prepared.pages
    return page


def headers(unit: str = "fetch:1", attempt: int = 0) -> Headers:
    return Headers(
        event_id="6a0e3d5e-95f0-4a0d-8d6f-7f9f0d3c0001", event_type="page.requested.v1", run_id="r1", unit_id=unit,
        stage="fetch", first_at=AT, sha256="", attempt=attempt,
    )  # fmt: skip


def request(name: str = "fake", page: int = 1, most: int = 2, **params: Any) -> PageRequested:
    source = SourceQuery(source=name, params=params, max_pages=most)
    return PageRequested(run_id="r1", requested_at=AT, campaign=CAMPAIGN, source=source, page=page)


async def test_a_page_is_archived_and_names_the_next(stage: FetchPages, source: FakeSource, archive: Archive) -> None:
    prepared = one(await stage.prepare(headers(), request(board="acme")))
    assert prepared.archived is not None
    assert prepared.archived.key == "bronze/fake/acme/date=2025/08/19/run=r1/page=0001.json.gz"
    assert prepared.batches.messages == [[Raw(b'{"id":1}'), Raw(b'{"id":2}')]]
    assert prepared.following is not None
    assert (prepared.following.page, prepared.following.cursor) == (2, "p2")


async def test_a_repeated_unit_takes_the_archived_page_and_does_not_ask_again(
    stage: FetchPages, source: FakeSource
) -> None:
    first = one(await stage.prepare(headers(), request()))
    source.answer = {"jobs": []}
    again = one(await stage.prepare(headers(), request()))
    assert source.asked == 1
    assert again.archived is not None
    assert first.archived is not None
    assert again.archived.reused
    assert (again.batches, again.archived.sha256) == (first.batches, first.archived.sha256)


async def test_two_queries_of_one_feed_do_not_take_each_others_page(stage: FetchPages, source: FakeSource) -> None:
    await stage.prepare(headers("fetch:1"), request(board="acme", department="a"))
    source.answer = {"jobs": [{"id": 9}]}
    other = one(await stage.prepare(headers("fetch:2"), request(board="acme", department="b")))
    again = one(await stage.prepare(headers("fetch:2"), request(board="acme", department="b")))
    assert source.asked == 2
    assert other.batches.messages == [[Raw(b'{"id":9}')]]
    assert again.batches == other.batches


async def test_the_page_cap_ends_the_chain(stage: FetchPages, source: FakeSource) -> None:
    assert (await stage.prepare(headers(), request(page=2))).following is None


async def test_a_unit_reads_sixteen_pages_and_names_the_next(source: FakeSource, archive: Archive) -> None:
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=20))
    assert [page.number for page in unit.pages] == list(range(1, 17))
    assert (source.asked, unit.following and unit.following.page) == (16, 17)
    keys = [page.archived.key for page in unit.pages if page.archived]
    assert (len(set(keys)), keys[15]) == (16, "bronze/fake/date=2025/08/19/run=r1/page=0016.json.gz")


async def test_the_archive_is_looked_into_until_a_page_is_not_there(source: FakeSource) -> None:
    looked: list[str] = []

    class Counted(ObjectStore):
        async def get(self, key: str, *, sha256: str | None = None) -> bytes:
            looked.append(key.partition("page=")[2])
            return await super().get(key, sha256=sha256)

    archive = Archive(Counted.from_url("memory:///"), "bronze")
    await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=3))
    assert looked == ["0001.json.gz"]
    looked.clear()
    await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=9))
    assert looked == ["0001.json.gz", "0002.json.gz", "0003.json.gz", "0004.json.gz"]
    assert source.asked == 9


async def test_a_page_whose_items_our_code_cannot_find_is_archived_before_it_fails(
    stage: FetchPages, source: FakeSource, archive: Archive
) -> None:
    source.answer = {"no": "jobs"}
    for _ in range(2):
        with pytest.raises(KeyError):
            await stage.prepare(headers(), request())
    assert source.asked == 1


async def test_large_pages_fill_a_unit_sooner(source: FakeSource, archive: Archive) -> None:
    source.answer = {"jobs": [{"id": n} for n in range(450)], "next": "more"}
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=20))
    assert [len(page.batches.messages) for page in unit.pages] == [5, 5, 5, 5]


async def test_a_unit_is_full_at_four_megabytes(source: FakeSource, archive: Archive) -> None:
    source.answer = {"jobs": [{"id": n, "text": "x" * 50_000} for n in range(60)], "next": "more"}
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=20))
    assert [page.number for page in unit.pages] == [1, 2]


async def test_pages_of_a_unit_add_up_to_one_read_of_the_feed(source: FakeSource, archive: Archive) -> None:
    source.lists_all, source.pages = True, {3: {"jobs": [{"id": 9}]}}
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=20))
    sweeps = [page.sweep for page in unit.pages if page.sweep]
    assert [(sweep.pages, sweep.postings, sweep.left_out) for sweep in sweeps] == [
        (1, 2, None),
        (2, 4, None),
        (3, 5, None),
    ]
    assert {sweep.sweep_id for sweep in sweeps} == {headers().event_id}


async def test_the_page_cap_ends_a_unit(source: FakeSource, archive: Archive) -> None:
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=3))
    assert ([page.number for page in unit.pages], unit.following) == ([1, 2, 3], None)


async def test_a_repeated_unit_asks_for_none_of_its_pages_again_though_its_time_is_over(
    stage: FetchPages, source: FakeSource, archive: Archive
) -> None:
    before = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=3))
    again = await stage.prepare(headers(), request(most=3))
    assert source.asked == 3
    assert [page.batches for page in again.pages] == [page.batches for page in before.pages]
    assert all(page.archived and page.archived.reused for page in again.pages)


@pytest.mark.parametrize(
    "trouble", [SourceUnavailableError("http_503", "down"), SourceRejectedError("http_404"), KeyError("ours")]
)
async def test_a_page_that_cannot_be_had_is_left_to_a_unit_of_its_own(
    source: FakeSource, archive: Archive, trouble: Exception
) -> None:
    source.pages = {3: trouble}
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=9))
    assert [(page.number, page.items) for page in unit.pages] == [(1, 2), (2, 2)]
    assert unit.following is not None
    assert (unit.following.page, unit.following.cursor) == (3, "p2")
    source.pages = {}
    following = await stage_of(archive, lambda: 0.0).prepare(headers("fetch:2"), unit.following)
    assert [page.number for page in following.pages] == [3, 4, 5, 6, 7, 8, 9]


async def test_what_is_no_page_ends_its_unit_as_failed_behind_the_pages_before_it(
    source: FakeSource, archive: Archive
) -> None:
    source.pages = {3: "<html>Service unavailable</html>"}
    unit = await stage_of(archive, lambda: 0.0).prepare(headers(), request(most=9))
    assert [page.failure and page.failure.reason for page in unit.pages] == [None, None, "not_json"]
    assert unit.following is None


async def test_a_page_that_cannot_be_read_is_archived_and_fails(stage: FetchPages, source: FakeSource) -> None:
    source.answer = "<html>Service unavailable</html>"
    prepared = one(await stage.prepare(headers(), request()))
    assert prepared.failure is not None
    assert prepared.failure.reason == "not_json"
    assert prepared.archived is not None
    assert prepared.archived.page.payload == source.answer


@pytest.mark.parametrize(
    ("asked", "reason"),
    [(request("nowhere"), "source_unknown"), (request(bad=True), "parameters_invalid")],
)
async def test_a_query_that_nobody_can_serve_fails_with_words(
    stage: FetchPages, source: FakeSource, asked: PageRequested, reason: str
) -> None:
    prepared = one(await stage.prepare(headers(), asked))
    assert prepared.failure is not None
    assert prepared.failure.reason == reason
    assert prepared.failure.detail
    assert source.asked == 0


async def test_a_refusal_fails_at_once(stage: FetchPages, source: FakeSource) -> None:
    source.answer = SourceRejectedError("http_401", "check FAKE_API_KEY")
    prepared = one(await stage.prepare(headers(), request()))
    assert prepared.failure is source.answer
    assert prepared.archived is None


async def test_an_outage_is_tried_later_when_the_source_says_so(stage: FetchPages, source: FakeSource) -> None:
    source.answer = SourceUnavailableError("rate_limited", delay=77)
    with pytest.raises(RetryLaterError) as raised:
        await stage.prepare(headers(), request())
    assert raised.value.delay == 77


async def test_the_last_attempt_of_an_outage_fails_with_its_reason(stage: FetchPages, source: FakeSource) -> None:
    source.answer = SourceUnavailableError("http_503", "down")
    delays = []
    for attempt in (0, 1):
        with pytest.raises(RetryLaterError) as raised:
            await stage.prepare(headers(attempt=attempt), request())
        delays.append(raised.value.delay)
    assert delays == [10, 40]
    assert one(await stage.prepare(headers(attempt=2), request())).failure is source.answer


async def test_an_archive_that_is_full_is_waited_for_without_asking_the_source_again(source: FakeSource) -> None:
    pauses: list[float] = []

    class Full(ObjectStore):
        async def put_if_absent(self, key: str, data: bytes, metadata: dict[str, str]) -> bool:
            if len(pauses) < 4:
                raise StorageUnavailableError("disk full")
            return await super().put_if_absent(key, data, metadata)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    archive = Archive(Full.from_url("memory:///"), "bronze")
    stage = FetchPages(archive=archive, providers=Providers(), store=SourceStore(), max_attempts=3, sleep=sleep)
    prepared = one(await stage.prepare(headers(), request(most=1)))
    assert prepared.archived is not None
    assert pauses == [1.0, 2.0, 4.0, 5.0]
    assert source.asked == 1


async def test_a_run_becomes_one_page_a_source() -> None:
    run = RunRequested(
        run_id="r1", requested_at=AT, campaign=CAMPAIGN, sources=[SourceQuery(source="a"), SourceQuery(source="b")] * 2
    )
    assert [q.source for q in await StartRun().prepare(headers(), run)] == ["a", "b"]


async def test_a_run_of_too_many_sources_is_refused() -> None:
    queries = [SourceQuery(source="a", params={"board": n}) for n in range(501)]
    with pytest.raises(PermanentError, match="too_many_sources"):
        await StartRun().prepare(
            headers(), RunRequested(run_id="r", requested_at=AT, campaign=CAMPAIGN, sources=queries)
        )


async def test_a_backfill_asks_dated_sources_for_the_shortest_window_and_names_the_others() -> None:
    sources = [SourceQuery(source=name) for name in ("jsearch", "lever", "nowhere")]
    run = RunRequested(
        run_id="r1", requested_at=AT, campaign=CAMPAIGN, sources=sources,
        posted=Days(first=AT.date() - timedelta(days=5), last=AT.date()),
    )  # fmt: skip
    stage = StartRun()
    finished = await stage.apply(None, headers(), run, await stage.prepare(headers(), run))  # type: ignore[arg-type]  # it needs no connection
    pages = [c.event for c in finished.children if isinstance(c.event, PageRequested)]
    assert [(p.source.source, p.campaign.date_window) for p in pages] == [("jsearch", "week"), ("nowhere", "week")]
    assert (finished.outcome, finished.reasons) == ("failed", {"cannot_backfill": 1})
    assert "cannot backfill lever" in str(finished.error)


@pytest.mark.parametrize(
    ("days", "window"),
    [(0, "today"), (-3, "today"), (1, "3days"), (2, "3days"), (6, "week"), (29, "month"), (30, "all")],
)
def test_a_window_reaches_back_to_its_first_day(days: int, window: str) -> None:
    assert window_back_to(AT.date() - timedelta(days=days), AT.date()) == window


def days(first: int, last: int) -> Days:
    """Days of August 2025."""
    return Days(first=AT.date().replace(day=first), last=AT.date().replace(day=last))


class Dated(FakeSource):
    """Its items say when they were posted, or nothing, or cannot be mapped."""

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        if item["id"] == "broken":
            raise MappingError("broken", "no posting")
        at = datetime.fromisoformat(item["at"]) if item.get("at") else None
        return SourcePosting(source_job_id=str(item["id"]), posted_at=at)


async def test_a_backfill_leaves_out_other_days_at_both_ends_and_says_how_many(
    stage: FetchPages, source: FakeSource, archive: Archive
) -> None:
    unregister(source.name)
    dated = Dated()
    register(dated)
    times = {
        "before": "2025-08-02T23:59:59+00:00", "first": "2025-08-03T00:00:00+00:00",
        "zone": "2025-08-02T22:00:00-04:00",
        "last": "2025-08-05T23:59:59+00:00", "after": "2025-08-06T00:00:00+00:00", "undated": None, "broken": None,
    }  # fmt: skip
    dated.answer = {"jobs": [{"id": name, "at": at} for name, at in times.items()]}
    asked = msgspec.structs.replace(request(board="acme"), posted=days(3, 5))
    page = one(await stage.prepare(headers(), asked))
    assert [msgspec.json.decode(item)["id"] for item in page.batches.messages[0]] == [
        "first", "zone", "last", "undated", "broken",
    ]  # fmt: skip
    assert (page.items, page.left_out) == (5, 2)
    assert page.archived is not None
    kept = await archive.stored(page.archived.key, page.archived.sha256)
    assert [item["id"] for item in kept.payload["jobs"]] == list(times)


async def test_the_days_of_a_backfill_go_with_every_page(stage: FetchPages, source: FakeSource) -> None:
    run = RunRequested(
        run_id="r1", requested_at=AT, campaign=CAMPAIGN, sources=[SourceQuery(source="adzuna")], posted=days(1, 2)
    )
    begun = StartRun()
    finished = await begun.apply(None, headers(), run, await begun.prepare(headers(), run))  # type: ignore[arg-type]  # it needs no connection
    (child,) = finished.children
    assert isinstance(child.event, PageRequested)
    assert child.event.posted == days(1, 2)
    source.answer = {"jobs": [], "next": "p2"}
    page = one(await stage.prepare(headers(), msgspec.structs.replace(request(board="acme"), posted=days(1, 2))))
    assert page.following is not None
    assert (page.following.posted, page.cut_off) == (days(1, 2), False)
    ended = one(await stage.prepare(headers("fetch:2"), msgspec.structs.replace(page.following, cursor="p2")))
    assert ended.cut_off
