"""Archived pages read again: what goes on, with which time, what is named, and that no source is asked."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    ArchivedPageRequested,
    Headers,
    PostingsCollected,
    ReplayMode,
    WindowRequested,
)
from common.messaging.errors import PermanentError
from common.messaging.unit import Finished
from extractor.clients.archive import Archive
from extractor.handlers import FetchPages
from extractor.handlers.replaying import ReadWindow, RereadPage
from extractor.store import SourceStore
from sources.errors import SourceUnavailableError
from tests.integration.extractor.test_pages import rows, run_page
from tests.support.fake_source import AT, FakeSource

REPLAY = Headers(
    event_id=str(uuid.uuid4()), event_type="", run_id="replay-1", unit_id="u", stage="window", first_at=AT, sha256=""
)


def window(**changed: Any) -> WindowRequested:
    return WindowRequested(**{"since": AT, "until": AT + timedelta(seconds=1), **changed})


async def read_window(engine: AsyncEngine, event: WindowRequested, at_a_time: int = 400) -> Finished:
    stage = ReadWindow(SourceStore(), at_a_time)
    prepared = await stage.prepare(REPLAY, event)
    async with engine.begin() as conn:
        return await stage.apply(conn, REPLAY, event, prepared)


async def reread(engine: AsyncEngine, archive: Archive, page_id: str, mode: ReplayMode = "apply") -> Finished:
    stage = RereadPage(archive, SourceStore(), engine)
    event = ArchivedPageRequested(page_id=page_id, mode=mode)
    prepared = await stage.prepare(REPLAY, event)
    async with engine.begin() as conn:
        return await stage.apply(conn, REPLAY, event, prepared)


def pages_of(finished: Finished) -> list[str]:
    return [c.event.page_id for c in finished.children if isinstance(c.event, ArchivedPageRequested)]


def collected(finished: Finished) -> list[PostingsCollected]:
    return [c.event for c in finished.children if isinstance(c.event, PostingsCollected)]


async def test_a_page_out_of_the_archive_is_what_it_was_when_it_was_new(
    engine: AsyncEngine, archive: Archive, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = {"jobs": [{"id": n} for n in range(130)], "next": None}
    fetched = collected(await run_page(engine, stage, board="acme"))
    source.answer = SourceUnavailableError("no_answer", "nobody must ask")
    (page_id,) = pages_of(await read_window(engine, window()))
    again = await reread(engine, archive, page_id)
    assert [(c.items, c.collected_at, c.feed, c.archive_key, c.page) for c in collected(again)] == [
        (c.items, c.collected_at, c.feed, c.archive_key, c.page) for c in fetched
    ]
    assert (again.fetched, [c.postings for c in again.children]) == (130, [100, 30])
    assert {(c.replay, c.campaign_id) for c in collected(again)} == {("apply", "c1")}
    assert (source.asked, again.children) == (1, (await reread(engine, archive, page_id)).children)


async def test_a_window_goes_on_where_its_unit_stopped_and_meets_every_page_once(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    for page in range(1, 8):
        await run_page(engine, stage, page=page)
    found: list[str] = []
    left = [window()]
    while left:
        finished = await read_window(engine, left.pop(), at_a_time=3)
        found += pages_of(finished)
        left += [c.event for c in finished.children if isinstance(c.event, WindowRequested)]
    assert sorted(found) == sorted(str(row.id) for row in await rows(engine, "SELECT id FROM extractor.page"))


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, 3), ({"run_ids": ["r2"]}, 1), ({"sources": ["fake"]}, 3), ({"sources": ["lever"]}, 0),
        ({"until": AT}, 0), ({"since": AT + timedelta(milliseconds=1)}, 0),
    ],
)  # fmt: skip
async def test_a_window_is_narrowed_by_time_run_and_source(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, narrowed: dict[str, Any], expected: int
) -> None:
    for run, page in (("r1", 1), ("r1", 2), ("r2", 1)):
        await run_page(engine, stage, run, page)
    finished = await read_window(engine, window(**narrowed))
    assert len(pages_of(finished)) == expected
    assert ("nothing_archived" in finished.reasons) == (not expected)


async def test_pages_whose_time_was_over_are_named_and_the_others_go_on(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    for page in (1, 2, 3):
        await run_page(engine, stage, page=page)
    async with engine.begin() as conn:
        await conn.execute(sa.text("UPDATE extractor.page SET removed_at = now() WHERE page < 3"))
    finished = await read_window(engine, window())
    assert (len(pages_of(finished)), finished.reasons, finished.outcome) == (1, {"page_expired": 2}, "ok")
    assert "page=000" in str(finished.error)


async def test_a_damaged_and_a_missing_page_are_named(
    engine: AsyncEngine, archive: Archive, stage: FetchPages, source: FakeSource
) -> None:
    for page in (1, 2):
        await run_page(engine, stage, page=page)
    first, second = pages_of(await read_window(engine, window()))
    async with engine.begin() as conn:
        await conn.execute(sa.text("UPDATE extractor.page SET sha256 = repeat('0', 64) WHERE id = :id"), {"id": first})
    gone = (await rows(engine, f"SELECT archive_key FROM extractor.page WHERE id = '{second}'"))[0].archive_key  # noqa: S608 - an id of ours
    await archive.remove([gone])
    for page_id, reason in ((first, "page_damaged"), (second, "page_missing")):
        finished = await reread(engine, archive, page_id)
        assert (finished.outcome, finished.reasons, finished.children) == ("failed", {reason: 1}, [])
        assert "bronze/fake/" in str(finished.error)


async def test_what_nobody_could_read_then_is_no_failure_now(
    engine: AsyncEngine, archive: Archive, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = "<html>"
    await run_page(engine, stage)
    (page_id,) = pages_of(await read_window(engine, window()))
    finished = await reread(engine, archive, page_id)
    assert (finished.outcome, finished.reasons, finished.fetched) == ("ok", {"not_json": 1}, 0)


async def test_a_page_that_the_index_does_not_know_fails_for_good(engine: AsyncEngine, archive: Archive) -> None:
    with pytest.raises(PermanentError, match="page_unknown"):
        await reread(engine, archive, str(uuid.UUID(int=1)))
