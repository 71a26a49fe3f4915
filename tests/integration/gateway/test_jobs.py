"""The read model: ranked lists, filters, pages, and guards by version."""

import uuid
from datetime import date
from typing import Any

import httpx
from fastapi import FastAPI

from common.contracts import Attribution, CampaignRanking, Job, Place, PostingsRanked, Salary
from gateway.store.publishing import Publisher
from tests.integration.gateway.test_campaigns import create

FACTORS = ["location", "skills"]
KEYS = [uuid.UUID(int=n).hex for n in range(1, 6)]


def job(n: int, version: int = 1, **more: Any) -> Job:
    given: dict[str, Any] = {
        "title": f"Job {n}", "places": [Place(city="Montréal", region="Quebec", country="ca")],
        "salary": Salary(reference_minimum=50_000 + 10_000 * n, reference_maximum=60_000 + 10_000 * n),
        "remote_type": "remote" if n % 2 else "onsite", "source": "sample",
    }  # fmt: skip
    return Job(
        hash_key=KEYS[n], version=version, source_job_id=str(n), company="Acme",
        rules_version="e1", **(given | more),
    )  # fmt: skip


def batch(campaign: dict[str, Any], jobs: list[Job], scores: list[int], version: int | None = None) -> PostingsRanked:
    ranking = CampaignRanking(
        campaign_id=campaign["campaign_id"], campaign_version=version or campaign["version"], as_of=date(2026, 11, 21),
        factors=FACTORS, scores=scores, points=[p for s in scores for p in (s - 10, 10)],
    )  # fmt: skip
    keys, versions = [j.hash_key for j in jobs], [j.version for j in jobs]
    return PostingsRanked(hash_keys=keys, versions=versions, rules_version="r1", rankings=[ranking], jobs=jobs)


async def publish(app: FastAPI, event: PostingsRanked) -> None:
    async with app.state.wiring.session.engine.begin() as conn:
        await Publisher().publish(conn, event)


async def listed(rest: httpx.AsyncClient, campaign: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    answer = await rest.get(f"/campaigns/{campaign['campaign_id']}/jobs", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_jobs_are_best_first_with_points_that_sum_to_the_score(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(n) for n in range(5)], [1000, 5000, 3000, 5000, 9999]))
    found = await listed(rest, campaign)
    assert [j["title"] for j in found] == ["Job 4", "Job 1", "Job 3", "Job 2", "Job 0"]
    for item in found:
        total = sum(round(f["points"] * 100) for f in item["rank"]["rank_explain"])
        assert total == round(item["rank"]["rank_score"] * 100)
    assert found[0]["rank"]["rank_explain"][0] == {"factor": "location", "points": 99.89}


async def test_a_job_is_listed_with_what_its_source_demands(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    asked = Attribution(text="Jobs by Acme", url="https://acme.example")
    await publish(app, batch(campaign, [job(0, attribution=asked), job(1)], [2000, 1000]))
    shown = [found["attribution"] for found in await listed(rest, campaign)]
    assert shown == [{"text": "Jobs by Acme", "url": "https://acme.example"}, None]


async def test_pages_of_one_show_every_job_once_even_on_ties(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(n) for n in range(5)], [5000] * 5))
    seen, cursor = [], None
    while True:
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await rest.get(f"/campaigns/{campaign['campaign_id']}/jobs", params=asked)).json()
        seen += [j["hash_key"] for j in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == KEYS


async def test_lists_are_narrowed_by_place_pay_remote_type_and_score(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    abroad = job(4, places=[Place(text="100% Berlin_x", country="de")], salary=None)
    await publish(app, batch(campaign, [*(job(n) for n in range(4)), abroad], [1000, 2000, 3000, 4000, 5000]))

    async def titles(**asked: Any) -> list[str]:
        return [j["title"] for j in await listed(rest, campaign, **asked)]

    assert await titles(location="montreal") == ["Job 3", "Job 2", "Job 1", "Job 0"]
    assert await titles(location="100%") == ["Job 4"]
    assert await titles(location="%") == ["Job 4"]
    assert await titles(location="'; DROP TABLE gateway.job; --") == []
    assert await titles(country="DE") == ["Job 4"]
    assert await titles(remote_type="remote") == ["Job 3", "Job 1"]
    assert await titles(salary_min=85_000) == ["Job 3"]
    assert await titles(salary_max=55_000) == ["Job 0"]
    assert await titles(min_score=39.99) == ["Job 4", "Job 3"]
    assert await titles(limit=1) == ["Job 4"]


async def test_stale_batches_do_not_overwrite_newer_jobs_or_scores(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(0, version=2, title="New")], [7000], version=2))
    await publish(app, batch(campaign, [job(0, version=1, title="Old")], [1000], version=1))
    (found,) = await listed(rest, campaign)
    assert (found["title"], found["rank"]["rank_score"]) == ("New", 70.0)


async def test_closed_jobs_are_not_listed_but_can_be_read(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(0)], [1000]))
    await publish(app, batch(campaign, [job(0, version=2, closed=True)], [0]))
    assert await listed(rest, campaign) == []
    read = (await rest.get(f"/jobs/{KEYS[0]}", params={"campaign_id": campaign["campaign_id"]})).json()
    assert read["closed"]


async def test_a_job_is_shown_while_the_owners_of_its_parts_are_away(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(0)], [1000]))
    answer = await rest.get(f"/jobs/{KEYS[0]}", params={"campaign_id": campaign["campaign_id"]})
    assert answer.status_code == 200
    read = answer.json()
    assert read["unavailable"] == ["normalizer", "enricher", "ranker"]
    assert read["rank"]["rank_score"] == 10.0
    assert read["description_html"] is None
    assert (await rest.get(f"/jobs/{KEYS[3]}")).status_code == 404


async def test_a_deleted_campaign_gets_no_rankings_any_more(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    await rest.delete(f"/campaigns/{campaign['campaign_id']}")
    await publish(app, batch(campaign, [job(0)], [1000]))
    async with app.state.wiring.session.engine.connect() as conn:
        assert (await conn.exec_driver_sql("SELECT count(*) FROM gateway.ranking")).scalar_one() == 0


async def test_jobs_that_are_over_leave_the_list_and_are_found_by_their_state(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    campaign = await create(rest)
    jobs = [
        job(0), job(1, state="closed", closed=True), job(2, state="expired"), job(3, state="stale"), job(4, closed=True)
    ]  # fmt: skip
    await publish(app, batch(campaign, jobs, [5000, 4000, 3000, 2000, 1000]))

    async def titles(*states: str) -> list[str]:
        return [found["title"] for found in await listed(rest, campaign, state=list(states))]

    assert await titles() == ["Job 0", "Job 3"]
    assert await titles("closed") == ["Job 1", "Job 4"]
    assert await titles("expired", "stale") == ["Job 2", "Job 3"]
    assert [found["state"] for found in await listed(rest, campaign, state="closed")] == ["closed", "closed"]
    await publish(app, batch(campaign, [job(1, version=2)], [4000]))
    assert await titles() == ["Job 0", "Job 1", "Job 3"]
