"""Ranked lists show one card a job, however many postings show it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.contracts import Clustered, Place
from gateway.store.clusters import ClusterStore
from tests.integration.gateway.test_campaigns import create
from tests.integration.gateway.test_jobs import KEYS, batch, job, listed, publish


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


async def settle(app: FastAPI, *postings: tuple[int, int, int]) -> None:
    """Say of postings, by number, in which cluster they are and which version of that it is."""
    told = [Clustered(hash_key=KEYS[n], cluster_id=KEYS[cluster], version=version) for n, cluster, version in postings]
    async with app.state.wiring.session.engine.begin() as conn:
        await ClusterStore().settle(conn, told)


async def titles(rest: httpx.AsyncClient, campaign: dict[str, Any], **asked: Any) -> list[str]:
    return [found["title"] for found in await listed(rest, campaign, **asked)]


async def ranked(rest: httpx.AsyncClient, app: FastAPI, *scores: int) -> dict[str, Any]:
    """A campaign with jobs 0, 1, … of these scores."""
    campaign = await create(rest)
    await publish(app, batch(campaign, [job(n) for n in range(len(scores))], list(scores)))
    return campaign


async def test_of_postings_that_are_one_job_the_best_ranked_one_is_listed(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    campaign = await ranked(rest, app, 1000, 2000, 3000, 4000)
    await settle(app, (1, 0, 1), (3, 0, 1))
    assert await titles(rest, campaign) == ["Job 3", "Job 2"]
    assert await titles(rest, campaign, duplicates="show") == ["Job 3", "Job 2", "Job 1", "Job 0"]
    assert (await rest.get(f"/jobs/{KEYS[1]}", params={"campaign_id": campaign["campaign_id"]})).json()["rank"]


async def test_pages_of_one_show_every_job_once_even_on_ties(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await ranked(rest, app, 5000, 5000, 5000, 5000, 4000)
    await settle(app, (2, 1, 1), (4, 0, 1))
    seen, cursor = [], None
    while True:
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await rest.get(f"/campaigns/{campaign['campaign_id']}/jobs", params=asked)).json()
        seen += [found["title"] for found in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Job 0", "Job 1", "Job 3"]


async def test_a_filter_shows_the_best_of_those_that_meet_it(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await ranked(rest, app, 1000, 2000, 3000)
    await settle(app, (1, 0, 1), (2, 0, 1))
    assert await titles(rest, campaign) == ["Job 2"]
    assert await titles(rest, campaign, remote_type="remote") == ["Job 1"]
    assert await titles(rest, campaign, salary_max=55_000) == ["Job 0"]


async def test_when_the_shown_posting_closes_the_next_open_one_is_shown(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await ranked(rest, app, 1000, 2000)
    await settle(app, (1, 0, 1))
    await publish(app, batch(campaign, [job(1, version=2, closed=True)], [0]))
    (found,) = await listed(rest, campaign)
    assert (found["title"], found["cluster"]["postings"]) == ("Job 0", 1)


async def test_each_campaign_sees_the_posting_that_suits_it_best(rest: httpx.AsyncClient, app: FastAPI) -> None:
    one = await ranked(rest, app, 1000, 2000)
    other = await create(rest, campaign_name="another")
    await publish(app, batch(other, [job(0), job(1)], [4000, 3000]))
    await settle(app, (1, 0, 1))
    assert (await titles(rest, one), await titles(rest, other)) == (["Job 1"], ["Job 0"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the other way round"])
async def test_what_was_split_by_hand_has_a_card_of_its_own_whatever_comes_first(
    rest: httpx.AsyncClient, app: FastAPI, order: tuple[int, int]
) -> None:
    campaign = await ranked(rest, app, 1000, 2000, 3000)
    told = [[(1, 0, 1), (2, 0, 1)], [(0, 0, 1), (1, 1, 2), (2, 1, 2)]]
    for n in order:
        await settle(app, *told[n])
    assert await titles(rest, campaign) == ["Job 2", "Job 0"]


async def test_a_cluster_may_be_told_of_before_its_jobs_are_there(rest: httpx.AsyncClient, app: FastAPI) -> None:
    await settle(app, (1, 0, 1))
    campaign = await ranked(rest, app, 1000, 2000)
    assert await titles(rest, campaign) == ["Job 1"]


async def test_a_card_tells_where_else_the_job_is_shown(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = await create(rest)
    berlin, leeds = Place(city="Berlin", country="de"), Place(text="Leeds area")
    jobs = [
        job(
            0,
            source="lever",
            url="https://lever.example/0",
            first_seen_at=day(11, 1),
            places=[berlin],
        ),
        job(1, source="jsearch", apply_url="https://jsearch.example/1", places=[berlin, leeds]),
        job(2, source="jsearch", url="https://jsearch.example/2", first_seen_at=day(11, 2)),
        job(3, source="files", closed=True, first_seen_at=day(10, 1)),
        job(4),
    ]
    await publish(app, batch(campaign, jobs, [1000, 2000, 3000, 4000, 5000]))
    await settle(app, (1, 0, 1), (2, 0, 1), (3, 0, 1))
    alone, found = await listed(rest, campaign)
    assert alone["cluster"] is None
    cluster = found["cluster"]
    assert (cluster["cluster_id"], cluster["postings"]) == (KEYS[0], 3)
    assert [(s["source"], s["hash_key"], s["apply_url"]) for s in cluster["sources"]] == [
        ("jsearch", KEYS[1], "https://jsearch.example/1"),
        ("lever", KEYS[0], "https://lever.example/0"),
    ]
    assert [place.get("city") or place["text"] for place in cluster["places"]] == ["Montréal", "Berlin", "Leeds area"]
    assert cluster["first_seen_at"].startswith("2026-10-01")


async def test_the_report_of_a_run_that_nobody_knows_is_not_found(rest: httpx.AsyncClient) -> None:
    assert (await rest.get("/runs/never/dedupe-report")).status_code == 404
