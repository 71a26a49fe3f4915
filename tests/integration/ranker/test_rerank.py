"""A changed campaign is stored, then all stored jobs are ranked for it."""

import pytest

from common.contracts import CampaignChanged, PostingsRanked
from common.messaging.errors import PermanentError
from ranker.handlers import campaigns
from tests.integration.ranker.conftest import HEADERS, Ranker
from tests.support.ranking import AS_OF, as_json, campaign, job


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MESSAGE_JOBS", 2)
    monkeypatch.setattr(campaigns, "UNIT_MESSAGES", 2)


async def test_stored_jobs_are_ranked_once_each_in_the_order_of_hash_key(ranker: Ranker, small_units: None) -> None:
    await ranker.jobs(*[job(n) for n in (9, 3, 1, 7, 5, 11, 2, 8, 4)], job(6, closed=True))
    ranker.ranked.clear()
    units = await ranker.campaign(campaign())
    assert [len(u.children) for u in units] == [1, 3, 3, 1]
    assert all(child.postings == 0 for unit in units for child in unit.children)
    assert [k for r in ranker.ranked for k in r.hash_keys] == [job(n).hash_key for n in (1, 2, 3, 4, 5, 7, 8, 9, 11)]
    assert all(r.jobs == [] and len(r.rankings) == 1 for r in ranker.ranked)


async def test_a_chain_that_ends_on_a_full_unit_stops_with_an_empty_one(ranker: Ranker, small_units: None) -> None:
    await ranker.jobs(*[job(n) for n in range(1, 5)])
    units = await ranker.campaign(campaign())
    assert [len(u.children) for u in units] == [1, 3, 0]


async def test_a_re_rank_gives_the_same_bytes_as_the_first_ranking(ranker: Ranker) -> None:
    await ranker.campaign(campaign(skills=["python", "sql"], min_salary=100_000, currency="USD", location="Toronto"))
    await ranker.jobs(*[job(n, title=f"Data Engineer {n}", skills=["python"][: n % 2]) for n in range(1, 8)])
    first = ranker.ranked[-1].rankings
    state = campaign(skills=["python", "sql"], min_salary=100_000, currency="USD", location="Toronto")
    await ranker.campaign(state)
    assert as_json(ranker.ranked[-1].rankings) == as_json(first)


async def test_an_older_state_of_a_campaign_changes_nothing(ranker: Ranker) -> None:
    await ranker.campaign(campaign(version=2))
    await ranker.jobs(job(1))
    assert [u.children for u in await ranker.campaign(campaign(version=1))] == [[]]
    assert [u.children for u in await ranker.campaign(campaign(version=2), AS_OF.replace(day=1))] == [[]]
    await ranker.jobs(job(2))
    assert ranker.ranked[-1].rankings[0].campaign_version == 2


async def test_a_new_date_of_the_same_version_re_ranks(ranker: Ranker) -> None:
    await ranker.campaign(campaign())
    await ranker.jobs(job(1))
    await ranker.campaign(campaign(), AS_OF.replace(day=30))
    assert ranker.ranked[-1].rankings[0].as_of == AS_OF.replace(day=30)
    assert ranker.ranked[-1].rankings[0].scores < ranker.ranked[0].rankings[0].scores


async def test_a_newer_state_stops_the_chain_of_the_older(ranker: Ranker, small_units: None) -> None:
    await ranker.jobs(*[job(n) for n in range(1, 8)])
    changed = CampaignChanged(campaign=campaign(), as_of=AS_OF)
    (begun,) = (await ranker.unit(changed)).children
    *_, going_on = (await ranker.unit(begun.event)).children
    await ranker.unit(CampaignChanged(campaign=campaign(version=2), as_of=AS_OF))
    assert (await ranker.unit(going_on.event)).children == []


async def test_a_deactivated_campaign_is_stored_and_not_ranked(ranker: Ranker) -> None:
    await ranker.jobs(job(1))
    assert [u.children for u in await ranker.campaign(campaign(is_active=False))] == [[]]
    assert [u.children for u in await ranker.campaign(campaign(version=2, deleted=True))] == [[]]


async def test_a_position_that_is_no_hash_key_is_a_permanent_failure(ranker: Ranker) -> None:
    with pytest.raises(PermanentError):
        await ranker.rerank.prepare(HEADERS, CampaignChanged(campaign=campaign(), as_of=AS_OF, after="x"))


async def test_unusable_weights_fall_back_and_the_campaign_is_ranked(ranker: Ranker) -> None:
    await ranker.jobs(job(1))
    await ranker.campaign(campaign(weights={"no_such": 5, "skills": -1}))
    event = ranker.ranked[-1]
    assert isinstance(event, PostingsRanked)
    assert len(event.rankings[0].factors) == 9
