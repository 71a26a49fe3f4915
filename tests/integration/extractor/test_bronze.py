"""The archive over HTTP: listed, checked against its index, swept of what is too old; and what never gets into it."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Campaign, SourceQuery
from common.storage import LifecycleRule, ObjectStore
from common.web.problems import add_problem_handlers
from extractor.clients.archive import Archive
from extractor.domain.envelope import Provenance, RawPage
from extractor.domain.retention import Retention
from extractor.handlers import FetchPages
from extractor.handlers.sweeping import Sweeper
from extractor.routes import router
from extractor.store import BronzeStore, SourceStore
from extractor.store.companies import Answer, CompanyStore
from sources.adapter import PageRequest
from sources.client import SourceClient
from sources.registry import adapter_of, adapters
from tests.integration.extractor.test_pages import rows, run_page
from tests.support.fake_source import AT, FakeSource

STRAY = "bronze/fake/date=2025/08/19/run=lost/page=0001.json.gz"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(ObjectStore.from_url(tmp_path.as_uri()), "bronze")


@pytest.fixture
def sweeper(archive: Archive, engine: AsyncEngine) -> Sweeper:
    return Sweeper(archive, BronzeStore(), engine, Retention(180, {"brief": 10, "long": 999}))


@pytest.fixture
async def http(engine: AsyncEngine, archive: Archive, sweeper: Sweeper) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    add_problem_handlers(app)
    session = SimpleNamespace(engine=engine)
    app.state.wiring = SimpleNamespace(
        session=session, store=SourceStore(), archive=archive, bronze=BronzeStore(), sweeper=sweeper
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://extractor") as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **asked: Any) -> Any:
    answer = await http.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_pages_are_listed_by_day_run_and_source(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource
) -> None:
    for run in ("r1", "r2"):
        await run_page(engine, stage, run)
    day = AT.date().isoformat()
    for asked, expected in (
        ({}, 2), ({"from": day, "to": day}, 2), ({"from": "2025-08-20"}, 0), ({"to": "2025-08-18"}, 0),
        ({"run_id": "r2"}, 1), ({"source": "lever"}, 0),
    ):  # fmt: skip
        assert len(await get(http, "/pages", **asked)) == expected, asked


async def test_a_check_names_what_is_damaged_missing_or_unknown(
    http: httpx.AsyncClient, engine: AsyncEngine, stage: FetchPages, source: FakeSource, tmp_path: Path
) -> None:
    for page in (1, 2, 3, 4):
        await run_page(engine, stage, page=page)
    keys = [page["archive_key"] for page in await get(http, "/pages")]
    by_page = dict(zip("1234", sorted(keys), strict=True))
    (tmp_path / by_page["2"]).write_bytes(b"\x1f\x8b not what it was")
    (tmp_path / by_page["3"]).unlink()
    whole = (tmp_path / by_page["1"]).read_bytes()
    (tmp_path / STRAY).parent.mkdir(parents=True)
    (tmp_path / STRAY).write_bytes(whole)
    found: dict[str, str] = {}
    after: dict[str, str] = {}
    while True:
        part = await get(http, "/bronze/check", limit=3, **after)
        found |= {fault["archive_key"]: fault["fault"] for fault in part["faults"]}
        if part["next"] is None:
            break
        after = {"after": part["next"]}
    assert found == {by_page["2"]: "damaged", by_page["3"]: "missing"}
    assert await get(http, "/bronze/unindexed") == {"objects": 4, "unindexed": 1, "keys": [STRAY]}
    assert (await get(http, "/bronze/unindexed", run_id="r1", day="2025-08-19"))["unindexed"] == 0
    assert (await get(http, "/pages/raw", key=STRAY))["response"]["payload"] == source.answer
    for key in ("../../etc/passwd", "bronze/fake/date=2025/08/19/run=r9/page=0001.json.gz", "x"):
        assert (await http.get("/pages/raw", params={"key": key})).status_code == 404


async def test_a_check_reads_answers_on_companies_too(
    http: httpx.AsyncClient, engine: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    keys = [
        await keep_answer(archive, engine, "glassdoor", now - timedelta(days=days, seconds=n))
        for n, days in enumerate((0, 0, 0, 200))
    ]
    (tmp_path / keys[0]).write_bytes(b"not what it was")
    (tmp_path / keys[1]).unlink()
    (tmp_path / keys[3]).unlink()
    checked = await get(http, "/bronze/check")
    assert {fault["archive_key"]: fault["fault"] for fault in checked["faults"]} == {
        keys[0]: "damaged", keys[1]: "missing",
    }  # fmt: skip
    assert (checked["checked"], checked["removed"]) == (3, 1)
    assert (await get(http, "/bronze/check", source="lever"))["checked"] == 0
    assert (await get(http, "/bronze/check", run_id="r"))["checked"] == 0


async def keep_answer(archive: Archive, engine: AsyncEngine, source: str, day: datetime) -> str:
    """Archive and index an answer on a company of that day."""
    page = RawPage("https://x", {}, day, day, 200, {}, {"data": []})
    kept = await archive.keep(page, Provenance("r", f"{source}{day}", "c", source, str(day.timestamp()), 1), day)
    key = uuid.uuid4()
    answer = Answer(key, key, "acme", page.payload, kept.key, kept.sha256, source, day)
    async with engine.begin() as conn:
        await CompanyStore().keep(conn, [answer])
    return kept.key


async def keep(archive: Archive, engine: AsyncEngine, source: str, day: datetime) -> str:
    """Archive and index a page of that day."""
    page = RawPage("https://x", {}, day, day, 200, {}, {"jobs": []})
    asked = Provenance("r", f"{source}{day}", "c", source, "", 1)
    kept = await archive.keep(page, asked, day)
    async with engine.begin() as conn:
        await conn.execute(
            sa.text(
                "INSERT INTO extractor.page (id, run_id, campaign_id, source, feed, page, archive_key, sha256, bytes,"
                " status, items, fetched_at) VALUES (gen_random_uuid(), 'r', 'c', :source, '', 1, :key, :sha256, 1,"
                " 200, 0, :day)"
            ),
            {"source": source, "key": kept.key, "sha256": kept.sha256, "day": day},
        )
    return kept.key


async def test_a_sweep_removes_what_is_too_old_for_the_archive_or_for_the_terms_of_its_source(
    http: httpx.AsyncClient, engine: AsyncEngine, archive: Archive, sweeper: Sweeper, tmp_path: Path
) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    old = {
        await keep(archive, engine, source, now - timedelta(days=days))
        for source, days in (("fake", 181), ("brief", 11), ("long", 181))
    }
    kept = {
        await keep(archive, engine, source, now - timedelta(days=days))
        for source, days in (("fake", 180), ("brief", 10), ("long", 180))
    }
    (tmp_path / "bronze" / "a note").write_text("not ours")
    before = await sweeper.sweep(now, dry_run=True)
    assert (before.objects, dict(before.by_source)) == (3, {"fake": 1, "brief": 1, "long": 1})
    assert all((tmp_path / key).exists() for key in old | kept)
    assert await sweeper.sweep_once_a_day(now)
    assert not await sweeper.sweep_once_a_day(now)
    assert await sweeper.sweep_once_a_day(now + timedelta(hours=11, minutes=59)) is False
    assert {key for key in old | kept if (tmp_path / key).exists()} == kept
    removed = await rows(engine, "SELECT archive_key FROM extractor.page WHERE removed_at IS NOT NULL")
    assert {row.archive_key for row in removed} == old
    ((day, objects),) = await rows(engine, "SELECT day, objects FROM extractor.archive_sweep")
    assert (day, objects) == (date(2026, 11, 20), 3)
    checked = await get(http, "/bronze/check")
    assert (checked["checked"], checked["removed"], checked["faults"]) == (3, 3, [])
    assert (tmp_path / "bronze" / "a note").exists()


async def test_a_bucket_is_told_the_same_for_each_source_whose_terms_ask_for_less(
    archive: Archive, engine: AsyncEngine, sweeper: Sweeper
) -> None:
    retention = Retention(180, {"brief": 10, "long": 999})
    in_bucket = Sweeper(archive, BronzeStore(), engine, retention, "s3://archive", 30)
    rules = await in_bucket.set_lifecycle(dry_run=True)
    assert rules == [LifecycleRule("bronze/", 180, 30), LifecycleRule("bronze/brief/", 10, 30)]
    assert await sweeper.set_lifecycle() == []


@pytest.mark.parametrize("name", [name for name, adapter in adapters().items() if adapter.settings.needs])
async def test_credentials_never_reach_the_archive(archive: Archive, tmp_path: Path, name: str) -> None:
    canary = "canary-7f3a9"
    adapter = adapter_of(name)
    settings = adapter.settings.model_copy(
        update={
            "credentials": {need: SecretStr(f"{canary}-{need}@example.com") for need in adapter.settings.needs},
            "base_url": "https://api.example.com",
        }
    )
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        echoed = {"set-cookie": canary, "x-api-key": canary, "authorization": canary, "x-ratelimit-remaining": "9"}
        return httpx.Response(200, json={"data": []}, headers=echoed)

    client = SourceClient(name, settings, transport=httpx.MockTransport(answer))
    campaign = Campaign(campaign_id="c1", version=1, campaign_name="Data", query="data engineer", country="us")
    page = await adapter.fetch(client, PageRequest(SourceQuery(source=name), campaign, 1, None, AT))
    await client.close()
    raw = RawPage(page.endpoint, page.params, AT, AT, page.status, page.headers, page.payload)
    kept = await archive.keep(raw, Provenance("r", "u", "c", name, "", 1), AT)
    assert canary in str(sent[0].headers) + str(sent[0].url)
    data = (tmp_path / kept.key).read_bytes()
    assert canary not in str(await archive.stored(kept.key, hashlib.sha256(data).hexdigest()))
    assert "remaining" in str(await archive.stored(kept.key))
