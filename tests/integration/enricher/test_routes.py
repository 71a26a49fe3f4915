"""The enricher's HTTP: stored enrichments and trying the rules out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from common.testing.postgres import Database
from common.web.problems import add_problem_handlers
from enricher.domain.enrich import Enricher
from enricher.routes import router
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import load_rules
from tests.support.enrichment import posting
from tests.support.rules import FixedRules

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Session:
    engine: AsyncEngine


@dataclass
class Wiring:
    """What the routes use of the real one."""

    session: Session
    store: EnrichmentStore
    rules: FixedRules[Enricher]


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher(load_rules())


@pytest.fixture
async def wiring(database: Database, enricher: Enricher) -> AsyncIterator[Wiring]:
    engine = create_engine(database.url("enricher"), role_application="test")
    yield Wiring(Session(engine), EnrichmentStore(), FixedRules(enricher))
    await engine.dispose()


@pytest.fixture
async def client(wiring: Wiring) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(router)
    app.state.wiring = wiring
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://enricher") as client:
        yield client


async def test_a_stored_enrichment_is_shown_with_its_evidence(wiring: Wiring, client: httpx.AsyncClient) -> None:
    job = posting("Senior Engineer", "Python and Go. Salary: $100,000 a year.", "Austin, TX", hash_key="a" * 32)
    read = wiring.rules.rules.read(job)
    async with wiring.session.engine.begin() as conn:
        await wiring.store.save(conn, [job], {job.content_hash: read}, wiring.rules.rules.rules_version, NOW)
    answer = await client.get(f"/enrichments/{job.hash_key}")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["hash_key"], shown["version"], shown["seniority"]) == ("a" * 32, 1, "senior")
    assert shown["rules_version"] == wiring.rules.rules.rules_version
    assert shown["salary"]["yearly_minimum"] == 100_000
    python = next(e for e in shown["evidence"] if e["value"] == "python")
    assert python == {
        "field": "skills", "value": "python", "rule": "skill.alias", "where": "description",
        "start": 0, "end": 6, "text": "Python",
    }  # fmt: skip


async def test_an_unknown_posting_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/enrichments/{'f' * 32}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (await client.get("/enrichments/no-key")).status_code == 422


async def test_rules_are_tried_without_keeping_anything(client: httpx.AsyncClient) -> None:
    body = {"title": "Go Developer (Remote)", "text": "Kafka and Go.", "location": "Toronto, ON", "pay": "$50/hr"}
    shown = (await client.post("/enrichments/try", json=body)).json()
    assert (shown["skills"], shown["remote_type"]) == (["go", "kafka"], "remote")
    assert shown["places"][0]["country"] == "ca"
    assert (shown["salary"]["currency"], shown["salary"]["yearly_minimum"]) == ("CAD", 104_000)


@pytest.mark.parametrize(
    "body", [{}, {"title": 1}, {"title": "x", "surprise": 1}, {"title": "x" * 501}, {"title": "x", "text": None}]
)
async def test_a_wrong_try_out_is_a_clear_problem(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/enrichments/try", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_odd_characters_are_read_like_others(client: httpx.AsyncClient) -> None:
    answer = await client.post("/enrichments/try", json={"title": "a\u0000b", "text": "\u0000 Python \ufffd 🎉"})
    assert answer.status_code == 200
    assert answer.json()["skills"] == ["python"]
