"""Whole reads of a feed, and time, close postings; being seen again opens them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from common.contracts import FeedSwept, Headers, Posting
from common.messaging.outbox import Outbox
from normalizer.handlers import NoteSweep
from normalizer.store import PostingStore
from normalizer.store.duplicate_decisions import DecisionStore
from normalizer.store.sweeps import SweepStore
from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer

BOARD = SOURCES[0]


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


def item(number: int, **said: Any) -> dict[str, Any]:
    text = f"Work number {number}."
    return {"source_job_id": str(number), "title": f"Engineer {number}", "description_html": text, **said}


class Board:
    """Reads of one board through the stage, noted and judged as the services do it."""

    def __init__(self, normalizer: Normalizer) -> None:
        self.normalizer = normalizer
        self.stage = NoteSweep(SweepStore(), asyncio.Event(), lambda: NOW)
        self.reads = 0

    async def read(self, items: Sequence[Any], at: datetime, *, lost: int = 0, run: str = "") -> dict[str, int]:
        """`lost`: postings that were sent on and have not come."""
        self.reads += 1
        sweep, run = f"00000000-0000-0000-0000-{self.reads:012}", run or f"run-{self.reads}"
        books = await self.normalizer.page(items, source=BOARD, at=at, run=run, feed="acme", sweep=sweep)
        told = FeedSwept(
            source=BOARD, feed="acme", sweep_id=sweep, started_at=at - timedelta(minutes=1), finished_at=at, pages=1,
            postings=len(items) + lost,
        )  # fmt: skip
        headers = Headers(
            event_id="", event_type="", run_id=run, unit_id="", stage="", first_at=at, sha256="",
        )  # fmt: skip
        async with self.normalizer.engine.begin() as conn:
            await self.stage.apply(conn, headers, told, await self.stage.prepare(headers, told))
        return books

    async def close(self, at: datetime) -> list[Posting]:
        """What others are told once everything that waits was judged and looked at."""
        return await self.normalizer.look(at)

    async def rows(self, sql: str) -> list[Any]:
        async with self.normalizer.engine.connect() as conn:
            return list((await conn.execute(sa.text(sql))).all())

    async def states(self) -> dict[str, str]:
        return dict(await self.rows("SELECT source_job_id, state FROM normalizer.posting ORDER BY 1"))

    async def events(self) -> list[Any]:
        return await self.rows("SELECT kind, at, reason FROM normalizer.posting_event ORDER BY at")


@pytest.fixture
def board(normalizer: Normalizer) -> Board:
    return Board(normalizer)


async def test_what_two_whole_reads_do_not_show_is_closed_and_told_once(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    await board.read([item(1)], day(1))
    assert await board.close(day(1)) == []
    await board.read([item(1)], day(2))
    (told,) = await board.close(day(2))
    assert (told.source_job_id, told.state, told.closed, told.version) == ("2", "closed", True, 2)
    assert told.state_reason == f"no whole read of {BOARD} acme shows it since 2026-11-21"
    assert await board.close(day(3)) == []
    assert [kind for kind, *_ in await board.events()] == ["closed"]
    assert (await board.rows("SELECT closed, missing FROM normalizer.sweep ORDER BY started_at"))[-1] == (1, 1)


async def test_reads_of_two_campaigns_within_an_hour_are_one(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    await board.read([item(1)], day(1))
    await board.read([item(1)], day(1) + timedelta(minutes=30))
    assert await board.close(day(2)) == []
    assert await board.states() == {"1": "open", "2": "open"}


async def test_a_read_that_has_not_arrived_whole_closes_nothing(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    await board.read([item(1)], day(1), lost=1)
    await board.read([item(1)], day(2), lost=1)
    assert await board.close(day(3)) == []
    await board.read([item(1)], day(3))
    assert await board.close(day(3)) == []
    assert await board.rows("SELECT count(*) FROM normalizer.sweep WHERE judged_at IS NULL") == [(2,)]


async def test_postings_that_come_again_in_a_replay_do_not_make_a_read_whole(board: Board) -> None:
    await board.read([item(1)], day(0), lost=1)
    sweep = "00000000-0000-0000-0000-000000000001"
    await board.normalizer.page([item(1)], source=BOARD, at=day(0), run="replay", feed="acme", sweep=sweep)
    assert await board.rows("SELECT arrived FROM normalizer.sweep") == [(1,)]


async def test_a_board_that_breaks_does_not_close_everything_until_that_lasts(board: Board) -> None:
    everything = [item(number) for number in range(20)]
    await board.read(everything, day(0))
    for number in range(1, 6):
        await board.read([], day(number))
        assert await board.close(day(number)) == []
    assert await board.rows("SELECT DISTINCT held FROM normalizer.sweep WHERE counted AND missing > 0") == [(True,)]
    await board.read([], day(6))
    assert len(await board.close(day(6))) == 20


async def test_seen_again_it_is_open_at_once_and_counted_as_updated(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    for number in (1, 2):
        await board.read([item(1)], day(number))
    await board.close(day(2))
    board.normalizer.sent.clear()
    assert await board.read([item(1), item(2)], day(3)) == {"unchanged": 1, "updated": 1}
    (again,) = board.normalizer.sent
    assert (again.source_job_id, again.state, again.version, again.state_since) == ("2", "open", 3, day(3))
    assert [kind for kind, *_ in await board.events()] == ["closed", "reopened"]
    assert await board.close(day(3)) == []
    assert await board.rows("SELECT bool_or(asleep), count(gone_at) FROM normalizer.sighting") == [(False, 0)]


async def test_a_page_archived_before_it_went_does_not_open_it(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    for number in (1, 2):
        await board.read([item(1)], day(number))
    await board.close(day(2))
    await board.normalizer.page(
        [item(1), item(2, tags=["new"])], source=BOARD, at=day(0), run="replay", feed="acme", replay="apply"
    )
    assert await board.states() == {"1": "open", "2": "closed"}


async def test_another_source_that_still_shows_it_keeps_it_open_in_its_words(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    for number in (1, 2):
        await board.read([item(1)], day(number))
    other = item(2, description_html="Work, told elsewhere.")
    await board.normalizer.page([other], source=SOURCES[1], at=day(2), run="search")
    (told,) = await board.close(day(2))
    assert (told.source, told.state, told.description_text) == (SOURCES[1], "open", "Work, told elsewhere.")
    assert {told.state for told in await board.close(day(60))} >= {"stale"}


async def test_the_end_of_validity_expires_it_unless_the_board_has_pushed_it_on(board: Board) -> None:
    await board.read([item(1, valid_through=day(5)), item(2, valid_through=day(5))], day(0))
    await board.read([item(1, valid_through=day(5)), item(2, valid_through=day(9))], day(4))
    (told,) = await board.close(day(6))
    assert (told.source_job_id, told.state, told.closed, told.state_since) == ("1", "expired", False, day(5))
    await board.read([item(1, valid_through=day(5)), item(2, valid_through=day(9))], day(7))
    assert await board.normalizer.look_again(day(7)) == []
    await board.read([item(1, valid_through=day(20)), item(2, valid_through=day(20))], day(8))
    (again,) = await board.normalizer.look_again(day(8))
    assert (again.source_job_id, again.state) == ("1", "open")


async def test_what_nobody_shows_for_long_is_stale_and_seen_again_it_is_not(board: Board) -> None:
    await board.normalizer.page([item(1)], source=SOURCES[1], at=day(0), run="search-1")
    assert await board.close(day(44)) == []
    (told,) = await board.close(day(46))
    assert (told.state, told.state_since) == ("stale", day(45))
    await board.normalizer.page([item(1)], source=SOURCES[1], at=day(50), run="search-2")
    (again,) = await board.normalizer.look_again(day(50))
    assert (again.state, again.state_reason) == ("open", "seen again")


async def test_a_new_id_after_the_old_one_went_is_flagged_as_repost(board: Board) -> None:
    await board.read([item(1)], day(0))
    for number in (1, 2):
        await board.read([], day(number))
    await board.read([item(1) | {"source_job_id": "99"}], day(30))
    (told,) = await board.normalizer.look_again(day(30))
    assert [(flag.kind, flag.evidence) for flag in told.flags] == [
        ("repost", f"{BOARD} showed it as 1 until 2026-11-20")
    ]
    assert [kind for kind, *_ in await board.events()] == ["reposted"]


async def test_a_posting_that_a_page_shows_under_two_ids_is_as_old_as_the_older_of_them(board: Board) -> None:
    old = item(1) | {"source_job_id": "99", "posted_at": (NOW - timedelta(days=200)).isoformat()}
    await board.read([item(1), old], day(0))
    assert [[flag.kind for flag in told.flags] for told in board.normalizer.sent] == [["evergreen"]]


async def test_reads_whose_time_is_over_are_forgotten(board: Board) -> None:
    await board.read([item(1)], day(0))
    async with board.normalizer.engine.begin() as conn:
        await SweepStore().purge(conn, day(-1))
        assert await board.rows("SELECT count(*) FROM normalizer.sweep") == [(1,)]
        await SweepStore().purge(conn, day(1))
    assert await board.rows("SELECT count(*) FROM normalizer.sweep") == [(0,)]


async def test_the_last_whole_read_of_a_feed_is_told_with_what_it_closed(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    for number in (1, 2):
        await board.read([item(1)], day(number))
    await board.close(day(2))
    async with board.normalizer.engine.connect() as conn:
        (told,) = await SweepStore().latest(conn, BOARD)
    assert (told.feed, told.postings, told.missing, told.closed, told.closed_in_all) == ("acme", 1, 1, 1, 1)


async def test_a_posting_and_its_job_tell_what_happened_to_them(board: Board) -> None:
    await board.read([item(1), item(2)], day(0))
    for number in (1, 2):
        await board.read([item(1)], day(number))
    (told,) = await board.close(day(2))
    await board.read([item(1), item(2)], day(3))
    async with board.normalizer.engine.connect() as conn:
        found = await PostingStore().read(conn, told.hash_key)
        events = await DecisionStore(Outbox("normalizer")).events(conn, told.hash_key)
    assert found is not None
    assert (found["state"], found["state_since"], found["state_reason"]) == ("open", day(3), "seen again")
    assert [event["kind"] for event in found["history"]] == ["closed", "reopened"]
    assert sorted(event.kind for event in events) == ["closed", "reopened"]


async def test_a_posting_that_comes_after_its_end_is_expired_from_the_first(board: Board) -> None:
    await board.read([item(1, valid_through=day(-1))], day(0))
    assert [(posting.outcome, posting.state) for posting in board.normalizer.sent] == [("new", "expired")]
    assert await board.close(day(0)) == []
    await board.read([item(1, valid_through=day(9))], day(1))
    assert [posting.state for posting in await board.normalizer.look_again(day(1))] == ["open"]


async def test_a_posting_that_is_old_when_it_is_first_seen_is_evergreen_from_the_first(board: Board) -> None:
    await board.read([item(1, posted_at=day(-300))], day(0))
    (told,) = board.normalizer.sent
    assert [(flag.kind, flag.evidence) for flag in told.flags] == [("evergreen", "open since 2026-01-24")]
    assert await board.close(day(44)) == []
