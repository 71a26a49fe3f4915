"""Explanations of stored jobs, and scores tried out."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.contracts import PostingsEnriched
from common.testing.postgres import Database
from ranker.app import create_app
from ranker.handlers import RankPostings, RerankCampaign
from ranker.settings import Settings
from tests.integration.ranker.conftest import Ranker
from tests.support.ranking import campaign, job


@pytest.fixture
async def app(database: Database, namespace: str) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=database.url("ranker"), namespace=namespace))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ranker") as client:
        yield client


@pytest.fixture
def stages(ranker: Ranker, app: FastAPI) -> Ranker:
    """The stages with the rules of the app."""
    ranker.rank = RankPostings(ranker.store, app.state.wiring.rules)
    ranker.rerank = RerankCampaign(ranker.store, app.state.wiring.rules)
    return ranker


async def test_an_explanation_sums_to_the_score_that_was_sent(rest: httpx.AsyncClient, stages: Ranker) -> None:
    await stages.campaign(campaign(skills=["python"], seniority=["mid"], location="Toronto"))
    await stages.jobs(job(1, skills=["sql"], seniority="senior"))
    ranking = stages.ranked[-1].rankings[0]
    answer = await rest.get(f"/explanations/{job(1).hash_key}", params={"campaign_id": "c"})
    told = answer.json()
    assert answer.status_code == 200
    assert round(told["rank_score"] * 100) == ranking.scores[0]
    assert [(f["factor"], round(f["points"] * 100)) for f in told["factors"]] == list(
        zip(ranking.factors, ranking.points, strict=True)
    )
    assert (told["job_version"], told["campaign_version"]) == (1, 1)
    assert told["rules_version"] == stages.ranked[-1].rules_version


async def test_as_of_moves_recency_only(rest: httpx.AsyncClient, stages: Ranker) -> None:
    await stages.campaign(campaign())
    await stages.jobs(job(1))
    asked = {"campaign_id": "c", "as_of": "2027-11-20"}
    told = (await rest.get(f"/explanations/{job(1).hash_key}", params=asked)).json()
    assert {f["factor"]: f["points"] for f in told["factors"]}["recency"] == 0
    assert told["as_of"] == "2027-11-20"


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/explanations/" + "f" * 32, {"campaign_id": "c"}, 404),
        (f"/explanations/{job(1).hash_key}", {"campaign_id": "nobody'; --"}, 404),
        (f"/explanations/{job(1).hash_key}", {}, 422),
        (f"/explanations/{job(1).hash_key}", {"campaign_id": "c", "as_of": "tomorrow"}, 422),
        (f"/explanations/{job(1).hash_key}", {"campaign_id": "\0"}, 422),
        ("/explanations/x", {"campaign_id": "c"}, 422),
    ],
)
async def test_what_is_not_there_or_not_valid_is_a_problem(
    rest: httpx.AsyncClient, stages: Ranker, path: str, params: dict[str, str], status: int
) -> None:
    await stages.campaign(campaign())
    await stages.jobs(job(1))
    answer = await rest.get(path, params=params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


TRIED: dict[str, Any] = {
    "campaign": {"query": "data engineer", "country": "ca", "skills": ["python", "spark"]},
    "job": {"title": "Data Engineer", "skills": ["python"], "posted_at": "2026-11-18T09:00:00Z"},
    "as_of": "2026-11-20",
}


async def test_a_score_can_be_tried_without_storing_anything(rest: httpx.AsyncClient) -> None:
    answer = await rest.post("/scores/try", json=TRIED)
    told = answer.json()
    assert answer.status_code == 200
    assert round(sum(f["points"] for f in told["factors"]), 2) == told["rank_score"]
    assert {f["factor"]: f["reason"] for f in told["factors"]}["skills"] == "1 of 2 skills: python; missing: spark"
    assert (await rest.get(f"/explanations/{'0' * 32}", params={"campaign_id": "try"})).status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"campaign": {"query": "x"}}, "country"),
        ({"campaign": {"query": "x", "country": "ca", "weight": {}}}, "unknown fields weight"),
        ({"campaign": {"query": "x", "country": "ca", "weights": {"luck": 5}}}, "unknown factor 'luck'"),
        ({"campaign": {"query": "x", "country": "ca", "skills": "python"}}, "skills"),
        ({"job": {}}, "title"),
        ({"job": {"title": "x", "seniority": "boss"}}, "seniority"),
        ({"job": {"title": "x", "posted_at": "yesterday"}}, "posted_at"),
        ({"as_of": "never"}, "as_of"),
        ({"more": 1}, "more"),
    ],
)
async def test_a_wrong_trial_says_what_is_wrong(rest: httpx.AsyncClient, change: dict[str, Any], told: str) -> None:
    answer = await rest.post("/scores/try", json={**TRIED, **change})
    assert answer.status_code == 422
    assert told in answer.text


async def test_it_is_ready_and_counts_pairs(rest: httpx.AsyncClient, stages: Ranker) -> None:
    assert (await rest.get("/readyz")).status_code == 200
    await stages.campaign(campaign())
    await stages.jobs(job(1))
    assert 'posthorn_ranker_pairs_total{stage="rank"}' in (await rest.get("/metrics")).text


def test_the_queues_are_those_of_the_registry() -> None:
    from common.contracts import CampaignChanged, registered

    for stage, event in ((RankPostings, PostingsEnriched), (RerankCampaign, CampaignChanged)):
        assert (stage.queue,) == registered(event.event_type).queues
