"""From the first posting of an employer to the new score of its jobs: every service's part, on one database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    CampaignChanged,
    CompaniesNormalized,
    CompaniesSeen,
    Company,
    Event,
    Headers,
    Job,
    PostingsCollected,
    PostingsEnriched,
    PostingsNormalized,
    PostingsRanked,
    UnitFinished,
    decode,
)
from common.database import create_engine
from common.messaging.reports import messages_of
from common.messaging.unit import Finished
from common.settings.rule_files import RuleFiles
from common.testing.postgres import Database
from enricher.domain.enrich import Enrichment, job_of
from gateway.app import create_app
from gateway.handlers.jobs import PublishJobs, ShowCompanies
from gateway.settings import Settings
from gateway.store.holding import Holding
from gateway.store.publishing import Publisher
from gateway.store.rule_files import run_rules
from normalizer.handlers import NormalizeCompanies, NormalizePostings
from normalizer.store import PostingStore
from normalizer.store.rule_files import load_rules
from ranker.handlers import RankPostings, RerankCampaign, RescoreCompanies
from ranker.store import RankerStore
from sources.registry import register, unregister
from sources.terms import Terms
from tests.integration.companies.conftest import Extractor, seen
from tests.integration.companies.glassdoor import company
from tests.integration.gateway.test_campaigns import create
from tests.integration.normalizer.conftest import Plain
from tests.support.ranking import AS_OF, campaign, judges
from tests.support.rules import FixedRules

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
UNIT = Headers(
    event_id="e", event_type="postings.collected.v1", run_id="r", unit_id="u", stage="normalize", first_at=WHEN,
    sha256="",
)  # fmt: skip
OTHERS = ("location", "salary", "position_title", "employment_type", "seniority", "remote_type", "recency")


class Lever(Plain):
    """Items are postings already."""

    terms = Terms()


@dataclass
class House:
    """The stages after the extractor; `rest` is the gateway's."""

    engines: dict[str, AsyncEngine]
    app: FastAPI
    rest: httpx.AsyncClient
    campaign_id: str = ""
    pages: int = 0
    ranked: list[PostingsRanked] = field(default_factory=list)

    async def execute(self, service: str, stage: Any, event: Event) -> Finished:
        prepared = await stage.prepare(UNIT, event)
        async with self.engines[service].begin() as conn:
            finished: Finished = await stage.apply(conn, UNIT, event, prepared)
        return finished

    async def begin(self) -> None:
        """A campaign that wants companies of 51 to 200 people."""
        self.campaign_id = str((await create(self.rest))["campaign_id"])
        wanted = campaign(
            campaign_id=self.campaign_id, version=1, company_size_preference=["51-200"], skills=["python"],
            weights={"company_size": 60, "skills": 20, "company_rating": 20, **dict.fromkeys(OTHERS, 0)},
        )  # fmt: skip
        await self.execute(
            "ranker", RerankCampaign(RankerStore(), FixedRules(judges())), CampaignChanged(campaign=wanted, as_of=AS_OF)
        )

    async def page(self, *items: dict[str, Any]) -> Finished:
        """A page of postings goes all the way to the gateway; what the normalizer made of it."""
        self.pages += 1
        event = PostingsCollected(
            source="lever", feed="", page=self.pages, archive_key=f"k{self.pages}", collected_at=WHEN, items=list(items)
        )
        normalized = await self.execute(
            "normalizer", NormalizePostings(PostingStore(), FixedRules(load_rules()), now=lambda: WHEN), event
        )
        for child in normalized.children:
            assert isinstance(child.event, PostingsNormalized)
            jobs = [job_of(p, Enrichment(company_size=p.company_size), "e1") for p in child.event.postings]
            await self.rank(jobs)
        return normalized

    async def rank(self, jobs: list[Job]) -> None:
        ranked = await self.execute(
            "ranker", RankPostings(RankerStore(), FixedRules(judges())), PostingsEnriched(jobs=jobs)
        )
        await self.publish(*(c.event for c in ranked.children))

    async def publish(self, *events: Event) -> None:
        for event in events:
            assert isinstance(event, PostingsRanked)
            self.ranked.append(event)
            await self.execute(
                "gateway", PublishJobs(Publisher(), FixedRules(run_rules(RuleFiles())), Holding()), event
            )

    async def told(self, event: CompaniesNormalized) -> Finished:
        """What ranker and gateway make of it; rankings are not published yet."""
        await self.execute("gateway", ShowCompanies(Publisher()), event)
        stage = RescoreCompanies(self.engines["ranker"], RankerStore(), FixedRules(judges()))
        return await self.execute("ranker", stage, event)

    async def cards(self) -> dict[str, dict[str, Any]]:
        """The campaign's jobs by title, as the gateway shows them."""
        answer = await self.rest.get(f"/campaigns/{self.campaign_id}/jobs")
        return {job["title"]: job for job in answer.json()["items"]}


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    register(Lever("lever"))  # type: ignore[arg-type]  # all that the normalizer needs of a source
    engines = {s: create_engine(database.url(s), role_application="test") for s in ("normalizer", "ranker", "gateway")}
    app = create_app(Settings(database_url=database.url("gateway"), auth_disabled=True, scheduler_enabled=False))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as rest:
            house = House(engines, app, rest)
            await house.begin()
            yield house
    for engine in engines.values():
        await engine.dispose()
    unregister("lever")


def posting(number: int, employer: str, **more: Any) -> dict[str, Any]:
    return {"source_job_id": str(number), "title": f"Job {number}", "company": employer, **more}


async def test_late_facts_reach_the_jobs_of_the_company_and_only_these(house: House, extractor: Extractor) -> None:
    extractor.provider.companies = [company("Acme", website="https://acme.com")]
    first = await house.page(posting(1, "Acme"), posting(2, "ACME Inc.", company_size="5000"), posting(3, "Other"))
    (event,) = first.aside
    assert isinstance(event, CompaniesSeen)
    assert {c.company_key for c in event.companies} == {seen("Acme").company_key, seen("Other").company_key}
    assert (await house.page(posting(4, "acme"))).aside == []
    before = await house.cards()
    assert {title: card["employer"] for title, card in before.items()} == dict.fromkeys(before)

    await extractor.see(*event.companies)
    await extractor.work()
    (collected,) = await extractor.collected()
    normalize = NormalizeCompanies(FixedRules(load_rules()), now=lambda: WHEN)
    (normalized,) = (await house.execute("normalizer", normalize, collected)).aside
    assert (await house.execute("normalizer", normalize, collected)).aside == [], "the same facts are sent once"
    assert isinstance(normalized, CompaniesNormalized)
    (acme,) = normalized.companies
    assert (acme.version, acme.size, acme.rating, acme.domain) == (1, "51-200", 4.4, "acme.com")

    rescored = (await house.told(normalized)).aside
    assert sorted(key for e in rescored if isinstance(e, PostingsRanked) for key in e.hash_keys) == sorted(
        before[title]["hash_key"] for title in ("Job 1", "Job 2", "Job 4")
    )
    await house.publish(*rescored)
    # A posting that comes later knows its company at once.
    await house.page(posting(5, "Acme GmbH"))
    after = await house.cards()
    assert {title: card["company_size"] for title, card in after.items()} == {
        "Job 1": "51-200", "Job 2": "5000", "Job 3": None, "Job 4": "51-200", "Job 5": "51-200",
    }  # fmt: skip
    employer = after["Job 5"]["employer"]
    assert (employer["rating"], employer["industry"], employer["website"]) == (4.4, "Software", "https://acme.com")
    points = {title: {f["factor"]: f["points"] for f in card["rank"]["rank_explain"]} for title, card in after.items()}
    assert points["Job 1"]["company_size"] == points["Job 5"]["company_size"] == 60
    assert points["Job 1"]["company_rating"] > points["Job 3"]["company_rating"]
    assert after["Job 1"]["rank"]["rank_score"] > before["Job 1"]["rank"]["rank_score"]
    assert after["Job 3"]["rank"] == before["Job 3"]["rank"]
    assert after["Job 1"]["rank"] == after["Job 5"]["rank"] | {"job_version": 1}


async def test_scores_end_the_same_in_whatever_order_they_arrive(house: House) -> None:
    await house.page(posting(1, "Acme"))
    facts = Company(company_key=seen("Acme").company_key, version=2, name="Acme", size="51-200", rating=4.4)
    newest = (await house.told(CompaniesNormalized(companies=[facts]))).aside
    await house.publish(*newest)
    right = await house.cards()
    older = Company(company_key=facts.company_key, version=1, name="Acme", size="1-10")
    # What was ranked before comes once more, then an older state of the company.
    await house.publish(*house.ranked[:1], *(await house.told(CompaniesNormalized(companies=[older]))).aside)
    assert await house.cards() == right


async def test_side_work_is_no_unit_of_the_run(house: House) -> None:
    finished = await house.page(posting(1, "Acme"))
    sent = {m.headers.event_type: m.headers for m in messages_of(UNIT, finished)}
    assert sent["companies.seen.v1"].stage == ""
    (report,) = (m for m in messages_of(UNIT, finished) if m.headers.event_type == UnitFinished.event_type)
    assert [c.stage for c in decode(UnitFinished, report.body, report.headers.sha256).children] == ["enrich"]
    aside = sent["companies.seen.v1"]
    assert messages_of(aside, Finished()) == [], "whoever executes it reports nothing"
