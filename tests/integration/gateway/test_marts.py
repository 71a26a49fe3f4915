"""Views for whoever asks with SQL: an analyst reads them, and nothing else."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from common.contracts import Company, Occupation, Place, Salary
from common.database.roles import ANALYST, MARTS
from common.testing.postgres import Database
from gateway.store.publishing import Publisher
from tests.integration.gateway.test_campaigns import create
from tests.integration.gateway.test_jobs import KEYS, batch, job, publish

DOCUMENT = Path(__file__).parents[3] / "docs" / "marts.md"
EMPLOYER = "0" * 31 + "9"


@pytest.fixture
async def analyst(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.admin_url, timeout=5)
    await connection.execute(f"SET ROLE {ANALYST}")
    yield connection
    await connection.close()


async def test_a_job_is_told_with_its_pay_places_skills_and_score(
    app: FastAPI, rest: httpx.AsyncClient, analyst: asyncpg.Connection
) -> None:
    campaign = await create(rest)
    salary = Salary(
        text="€50k", currency="EUR", yearly_minimum=50_000, reference_minimum=80_000, reference_currency="CAD",
        rate_date=date(2026, 11, 20),
    )  # fmt: skip
    told = job(
        1, salary=salary, skills=["go", "sql"], employment_types=["FULL_TIME"], company_key=EMPLOYER,
        places=[Place(text="Paris", city="Paris", country="fr", latitude=48.85, longitude=2.35), Place(text="Remote")],
        occupation=Occupation(title="Software developer", isco_code="2512", confidence=0.75),
        posted_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    await publish(app, batch(campaign, [told], [8_725]))
    async with app.state.wiring.session.engine.begin() as conn:
        await Publisher().tell(conn, [Company(company_key=EMPLOYER, version=1, name="Acme", rating=4.5)])
    row = await analyst.fetchrow("SELECT * FROM marts.jobs JOIN marts.companies USING (company_key)")
    assert row is not None
    expected = {
        "hash_key": KEYS[1], "cluster_id": KEYS[1], "state": "open", "is_over": False, "salary_yearly_minimum": 50_000,
        "salary_currency": "EUR", "salary_reference_minimum": 80_000, "salary_rate_date": date(2026, 11, 20),
        "skills": ["go", "sql"], "employment_types": ["FULL_TIME"], "benefits": [], "isco_code": "2512",
        "occupation_confidence": 0.75, "posted_at": datetime(2026, 11, 1, tzinfo=UTC), "rating": 4.5, "degree": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    places = await analyst.fetch("SELECT place_idx, text, country FROM marts.job_places ORDER BY 1")
    assert [tuple(it) for it in places] == [(0, "Paris", "fr"), (1, "Remote", None)]
    assert {it["skill"] for it in await analyst.fetch("SELECT skill FROM marts.job_skills")} == {"go", "sql"}
    score = await analyst.fetchval("SELECT score FROM marts.rankings")
    factors = await analyst.fetch("SELECT factor, points FROM marts.ranking_factors")
    assert float(score) == 87.25
    assert sum(it["points"] for it in factors) == score


async def test_scores_of_a_deleted_campaign_are_told_no_more(
    app: FastAPI, rest: httpx.AsyncClient, analyst: asyncpg.Connection
) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(1)], [5_000]))
    assert await analyst.fetchval("SELECT count(*) FROM marts.rankings") == 1
    assert (await rest.delete(f"/campaigns/{campaign['campaign_id']}")).status_code == 204
    assert await analyst.fetchval("SELECT count(*) FROM marts.rankings") == 0


async def test_an_analyst_reads_the_views_and_can_do_nothing_else(app: FastAPI, analyst: asyncpg.Connection) -> None:
    for view in await views(analyst):
        await analyst.fetch(f"TABLE {MARTS}.{view}")
    refused = (
        "TABLE gateway.job",
        "TABLE gateway.campaign",
        "CREATE TABLE marts.mine ()",
        "DELETE FROM marts.companies",
    )
    for sql in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await analyst.execute(sql)


async def test_the_document_names_every_column(app: FastAPI, analyst: asyncpg.Connection) -> None:
    columns: dict[str, set[str]] = {view: set() for view in await views(analyst)}
    for view, column in await analyst.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1", MARTS
    ):
        columns[view].add(column)
    sections = re.findall(r"^## `marts\.(\w+)`\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    told = {view: set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) for view, text in sections}
    assert told == columns


async def test_the_questions_of_the_document_can_be_asked(app: FastAPI, analyst: asyncpg.Connection) -> None:
    questions = re.findall(r"```sql\n(SELECT.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert questions
    for question in questions:
        await analyst.fetch(question)


async def views(analyst: asyncpg.Connection) -> list[str]:
    rows = await analyst.fetch("SELECT viewname::text FROM pg_views WHERE schemaname = $1 ORDER BY 1", MARTS)
    assert rows
    return [row["viewname"] for row in rows]
