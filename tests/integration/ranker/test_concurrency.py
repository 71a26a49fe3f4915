"""No job is left with an old campaign, however ranking and campaign changes interleave."""

import asyncio
import random

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import CampaignChanged
from tests.integration.ranker.conftest import Ranker
from tests.support.ranking import AS_OF, campaign, job

_WAITING = sa.text(
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
    "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
)


async def _until_one_waits(engine: AsyncEngine) -> None:
    async with asyncio.timeout(3), engine.connect() as conn:
        while not await conn.scalar(_WAITING):  # noqa: ASYNC110 - the event is in another process: the server's lock table
            await asyncio.sleep(0.01)


async def test_a_campaign_change_waits_for_jobs_being_ranked_and_then_finds_them(ranker: Ranker) -> None:
    async with ranker.engine.begin() as ranking:
        await ranker.jobs(job(1), conn=ranking)
        change = asyncio.create_task(ranker.campaign(campaign()))
        await _until_one_waits(ranker.engine)
    await change
    assert [r.hash_keys for r in ranker.ranked if r.rankings] == [[job(1).hash_key]]


async def test_jobs_wait_for_a_campaign_change_and_are_then_ranked_for_it(ranker: Ranker) -> None:
    async with ranker.engine.begin() as changing:
        await ranker.unit(CampaignChanged(campaign=campaign(), as_of=AS_OF), conn=changing)
        ranking = asyncio.create_task(ranker.jobs(job(1)))
        await _until_one_waits(ranker.engine)
    await ranking
    assert [r.campaign_id for r in ranker.ranked[0].rankings] == ["c"]


async def test_after_any_interleaving_every_newest_pair_was_ranked(ranker: Ranker) -> None:
    rng = random.Random(5)
    jobs = [job(n, version=v, title=f"Data Engineer {v}") for n in range(1, 21) for v in (1, 2)]
    changes = [campaign(campaign_id=c, version=v) for c in ("a", "b") for v in range(1, 6)]
    rng.shuffle(jobs)
    work = [ranker.jobs(*jobs[i : i + 4]) for i in range(0, len(jobs), 4)] + [ranker.campaign(c) for c in changes]
    rng.shuffle(work)
    await asyncio.gather(*work)
    pairs = {
        (key, version, ranking.campaign_id, ranking.campaign_version)
        for ranked in ranker.ranked
        for ranking in ranked.rankings
        for key, version in zip(ranked.hash_keys, ranked.versions, strict=True)
    }
    assert {(job(n).hash_key, 2, c, 5) for n in range(1, 21) for c in ("a", "b")} <= pairs
