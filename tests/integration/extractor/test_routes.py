"""The extractor's HTTP: sources with their state, the page index, archived pages."""

import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.web.problems import add_problem_handlers
from extractor.clients.archive import Archive
from extractor.handlers import FetchPages
from extractor.routes import router
from extractor.store import SourceStore
from extractor.store.quotas import QuotaLedger
from extractor.store.watch import SourceWatch
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.settings import source_settings
from sources.terms import Terms
from tests.integration.extractor.test_pages import rows, run_page
from tests.support.fake_source import FakeSource


@pytest.fixture
async def http(engine: AsyncEngine, archive: Archive, watch: SourceWatch) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    add_problem_handlers(app)
    session = SimpleNamespace(engine=engine)
    app.state.wiring = SimpleNamespace(
        session=session, store=SourceStore(), archive=archive, quotas=QuotaLedger(engine), watch=watch
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://extractor") as client:
        yield client


async def test_sources_tell_what_they_need_and_how_they_are(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    await run_page(engine, stage, "r1", board="acme")
    source.answer = SourceRejectedError("http_404", "no such board")
    await run_page(engine, stage, "r1", board="nowhere")
    listed = {entry["name"]: entry for entry in (await http.get("/sources")).json()}
    feeds = {feed["feed"]: feed for feed in listed["fake"]["feeds"]}
    assert (feeds["acme"]["last_items"], feeds["acme"]["last_error"]) == (2, None)
    assert feeds["nowhere"]["last_error"] == "http_404: no such board"
    assert listed["greenhouse"]["known"] is True
    assert "board" in listed["greenhouse"]["missing"][0]
    assert listed["jsearch"]["credentials_missing"] == ["JSEARCH_API_KEY"]


async def test_a_source_tells_its_state_quotas_terms_and_days(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QUOTAS", "25/minute 250/day")
    source.terms = Terms(attribution="Jobs by Fake", attribution_url="https://fake.example")
    await QuotaLedger(engine).book("fake", source_settings("fake", source.settings).quotas)
    await run_page(engine, stage, "r1")
    source.answer = SourceUnavailableError("http_503", "down")
    await run_page(engine, stage, "r2")
    found = (await http.get("/sources/fake")).json()
    assert (found["state"], found["because"][0][:22]) == ("degraded", "1 of 2 pages failed on")
    assert found["days"] == [found["latest"]]
    assert (found["latest"]["pages"], found["latest"]["errors"]) == (2, {"http_503": 1})
    assert [(q["per"], q["used"], q["allowed"]) for q in found["quotas"]] == [("minute", 1, 25), ("day", 1, 250)]
    assert (found["terms"]["attribution"], found["terms"]["attribution_url"]) == (
        "Jobs by Fake",
        "https://fake.example",
    )


async def test_a_source_is_paused_and_resumed(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    paused = (await http.post("/sources/fake/pause")).json()
    assert (paused["state"], paused["because"][0][:14]) == ("paused", "paused by hand")
    assert (await run_page(engine, stage)).reasons == {"source_paused": 1}
    assert (await http.post("/sources/fake/resume")).json()["state"] == "ok"
    assert (await run_page(engine, stage)).fetched == 2
    for path in ("/sources/nowhere/pause", "/sources/nowhere/resume"):
        assert (await http.post(path)).status_code == 404
    assert (await http.get("/sources/nowhere")).json()["detail"].startswith("there is no source 'nowhere'; known: ")


async def test_the_pages_of_a_run_are_listed_in_parts_and_served_whole(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    for page in (1, 2, 3):
        await run_page(engine, stage, "r1", page=page)
    first = (await http.get("/pages", params={"run_id": "r1", "limit": 2})).json()
    rest = (await http.get("/pages", params={"run_id": "r1", "after": first[-1]["id"]})).json()
    assert sorted(p["page"] for p in first + rest) == [1, 2, 3]
    raw = await http.get(f"/pages/{first[0]['id']}/raw")
    assert raw.json()["response"]["payload"] == source.answer
    assert raw.headers["x-archive-sha256"] == first[0]["sha256"]


async def test_a_damaged_page_is_not_served(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    await run_page(engine, stage)
    async with engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE extractor.page SET sha256 = repeat('0', 64)")
    ((page_id,),) = await rows(engine, "SELECT id FROM extractor.page")
    answer = await http.get(f"/pages/{page_id}/raw")
    assert answer.status_code == 502
    assert "damaged" in answer.json()["title"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/pages/{uuid.UUID(int=1)}/raw", 404), ("/pages/x/raw", 422), ("/pages?from=yesterday", 422),
        ("/pages?run_id=%00", 422), ("/pages?run_id=r1&limit=0", 422), ("/pages?run_id=r1'--&source=x", 200),
    ],
)  # fmt: skip
async def test_odd_questions_get_clear_answers(http: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await http.get(path)).status_code == status
