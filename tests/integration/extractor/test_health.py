"""Health of sources on a real database: pause, breaker, days, drift, unchanged pages, and credentials nowhere."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import PostingsCollected
from common.messaging.unit import Finished
from common.storage import ObjectStore
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.handlers import FetchPages
from extractor.store import SourceStore
from extractor.store.watch import SourceWatch
from sources.adapter import FetchedPage, PageRequest
from sources.client import SourceClient
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.registry import register, unregister
from sources.settings import SourceSettings
from tests.integration.extractor.test_pages import rows, run_page
from tests.support.fake_source import FakeSource

DOWN = SourceUnavailableError("http_503", "down")
WORKS = {"jobs": [{"id": 1}, {"id": 2}]}


async def broken(engine: AsyncEngine, stage: FetchPages, source: FakeSource) -> Finished:
    """The source after three failed pages, and what the fourth makes of it."""
    source.answer = DOWN
    for n in range(3):
        await run_page(engine, stage, f"r{n}")
    return await run_page(engine, stage, "r9")


async def let_time_pass(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await conn.execute(sa.text("UPDATE extractor.source_state SET trial_at = trial_at - interval '2 hours'"))


async def test_a_paused_source_is_not_asked_and_the_run_says_so(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, watch: SourceWatch
) -> None:
    async with engine.begin() as conn:
        await watch.store.pause(conn, "fake")
    finished = await run_page(engine, stage)
    assert (finished.outcome, finished.reasons, source.asked) == ("cancelled", {"source_paused": 1}, 0)
    assert finished.error is not None
    assert "posthorn source resume fake" in finished.error
    async with engine.begin() as conn:
        await watch.store.resume(conn, "fake")
    assert (await run_page(engine, stage)).outcome == "ok"


async def test_a_broken_source_is_left_alone_until_its_trial(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    fourth = await broken(engine, stage, source)
    assert (fourth.outcome, fourth.reasons, source.asked) == ("failed", {"source_broken": 1}, 3)
    source.answer = WORKS
    await let_time_pass(engine)
    assert (await run_page(engine, stage, "r10")).outcome == "ok"
    (row,) = await rows(engine, "SELECT failures, broken_at FROM extractor.source_state")
    assert row == (0, None)


async def test_a_trial_that_fails_ends_at_once_and_doubles_the_wait(
    engine: AsyncEngine, archive: Archive, stage: FetchPages, source: FakeSource, watch: SourceWatch
) -> None:
    await broken(engine, stage, source)
    await let_time_pass(engine)
    patient = FetchPages(archive=archive, providers=Providers(), store=SourceStore(), max_attempts=5, watch=watch)
    assert (await run_page(engine, patient, "r10")).reasons == {"http_503": 1}
    assert (await run_page(engine, patient, "r11")).reasons == {"source_broken": 1}
    ((wait,),) = await rows(engine, "SELECT wait FROM extractor.source_state")
    assert wait.total_seconds() == 600


async def test_a_trial_is_one_page_whatever_a_unit_may_read(
    engine: AsyncEngine, archive: Archive, stage: FetchPages, source: FakeSource, watch: SourceWatch
) -> None:
    await broken(engine, stage, source)
    await let_time_pass(engine)
    source.answer, source.asked = {**WORKS, "next": "more"}, 0
    quick = FetchPages(
        archive=archive, providers=Providers(), store=SourceStore(), max_attempts=5, watch=watch, clock=lambda: 0.0
    )
    trial = await run_page(engine, quick, "r10", most=5)
    assert (trial.outcome, source.asked, len(trial.children)) == ("ok", 1, 2)


async def test_only_one_of_many_gets_the_trial(engine: AsyncEngine, watch: SourceWatch) -> None:
    async with engine.begin() as conn:
        await watch.store.failed(conn, "fake", "down", limit=1, at_once=False, trial=False)
    await let_time_pass(engine)
    async with engine.begin() as one, engine.begin() as two:
        claimed = await watch.store.claim_trial(one, "fake")
        await one.commit()
        assert (claimed, await watch.store.claim_trial(two, "fake")) == (True, False)


async def test_boards_that_do_not_exist_break_no_source(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    source.answer = SourceRejectedError("http_404", "no such board")
    for n in range(5):
        assert (await run_page(engine, stage, f"r{n}")).reasons == {"http_404": 1}
    assert await rows(engine, "SELECT 1 FROM extractor.source_state") == []


async def test_a_day_adds_up_over_processes(
    engine: AsyncEngine, stage: FetchPages, source: FakeSource, watch: SourceWatch
) -> None:
    await run_page(engine, stage, "r1")
    await watch.flush()
    await run_page(engine, stage, "r2")
    await run_page(engine, stage, "r2")  # a repetition, read from the archive
    source.answer = DOWN
    await run_page(engine, stage, "r3")
    await watch.flush()
    await watch.flush()
    (day,) = await rows(engine, "SELECT * FROM extractor.source_day")
    assert (day.pages, day.failed, day.postings, day.sampled) == (3, 1, 4, 4)
    assert (day.errors, day.fields) == ({"http_503": 1}, {"id": 4})


class Adzuna(FakeSource):
    """Asks over HTTP, with credentials in headers and in the query."""

    name = "fake"
    settings = SourceSettings(
        base_url="https://api.example", needs=("app_id", "app_key"), requests_per_minute=60_000, attempts=1
    )

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        key = client.credential("app_key")
        return await client.get("/jobs", {"q": "x"}, {"x-id": client.credential("app_id")}, secrets={"app_key": key})


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch, source: FakeSource) -> Iterator[None]:
    monkeypatch.setenv("FAKE_APP_ID", "canary-id")
    monkeypatch.setenv("FAKE_APP_KEY", "canary-key")
    register(Adzuna())
    yield
    unregister("fake")


def stage_over(answer: Callable[[httpx.Request], httpx.Response], store: ObjectStore, watch: SourceWatch) -> FetchPages:
    def make(name: str, settings: SourceSettings) -> SourceClient:
        return SourceClient(name, settings, transport=httpx.MockTransport(answer))

    return FetchPages(
        archive=Archive(store, "bronze"), providers=Providers(make), store=SourceStore(), max_attempts=1, watch=watch
    )


@pytest.mark.usefixtures("http")
async def test_an_unchanged_page_is_taken_from_the_archive_and_counted_in_full(
    engine: AsyncEngine, watch: SourceWatch
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.headers.get("if-none-match") == '"v1"':
            return httpx.Response(304, headers={"etag": '"v1"'})
        return httpx.Response(200, json=WORKS, headers={"etag": '"v1"'})

    store = ObjectStore.from_url("memory:///")
    stage = stage_over(answer, store, watch)
    first, second, third = [await run_page(engine, stage, run) for run in ("r1", "r2", "r3")]
    assert [r.headers.get("if-none-match") for r in asked] == [None, '"v1"', '"v1"']
    assert first.fetched == second.fetched == third.fetched == 2
    assert _items(second) == _items(third) == _items(first)
    pages = await rows(engine, "SELECT status, items, archive_key FROM extractor.page ORDER BY run_id")
    assert [(p.status, p.items) for p in pages] == [(200, 2), (304, 2), (304, 2)]
    await store.remove([p.archive_key for p in pages])
    assert (await run_page(engine, stage, "r4")).fetched == 2
    assert len(asked) == 5  # conditional, then, as the earlier page is lost, in full


def _items(finished: Finished) -> list[Any]:
    return [child.event.items for child in finished.children if isinstance(child.event, PostingsCollected)]


@pytest.mark.usefixtures("http")
async def test_credentials_reach_no_log_no_archive_and_no_table(
    engine: AsyncEngine, watch: SourceWatch, caplog: pytest.LogCaptureFixture
) -> None:
    echo = "canary-id and canary-key are wrong"
    answers = [httpx.Response(200, json={**WORKS, "echo": echo}), httpx.Response(403, text=echo)]
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answers[len(sent) - 1]

    caplog.set_level(logging.DEBUG)
    store = ObjectStore.from_url("memory:///")
    stage = stage_over(answer, store, watch)
    done = [await run_page(engine, stage, run) for run in ("r1", "r2")]
    await watch.flush()
    assert [d.outcome for d in done] == ["ok", "failed"]
    assert (sent[0].url.params["app_key"], sent[0].headers["x-id"]) == ("canary-key", "canary-id")
    archived = [(await Archive(store, "bronze").stored(found.key)) async for found in store.list("bronze")]
    tables = ("page", "feed", "source_state", "source_day", "page_validators")
    stored = [await rows(engine, f"SELECT * FROM extractor.{table}") for table in tables]  # noqa: S608 - our own names
    assert archived
    assert "***" in str(archived)
    assert "canary" not in f"{archived} {stored} {done} {caplog.text}"
