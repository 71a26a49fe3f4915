"""New jobs are stored and ranked for every active campaign."""

from common.contracts import PostingsRanked
from tests.integration.ranker.conftest import Ranker
from tests.support.ranking import AS_OF, campaign, job, judges


async def test_jobs_are_ranked_for_every_active_campaign_and_passed_on(ranker: Ranker) -> None:
    await ranker.campaign(campaign(campaign_id="a"))
    await ranker.campaign(campaign(campaign_id="b", query="nurse", version=3))
    jobs = [job(1, outcome="new"), job(2, title="Nurse", outcome="updated"), job(3)]
    finished = await ranker.jobs(*jobs)
    (child,) = finished.children
    assert isinstance(child.event, PostingsRanked)
    assert child.postings == 2
    assert child.event.jobs == jobs
    assert child.event.hash_keys == [j.hash_key for j in jobs]
    assert child.event.rules_version == judges().rules.version
    first, second = child.event.rankings
    assert (first.campaign_id, first.campaign_version, first.as_of) == ("a", 1, AS_OF)
    assert (second.campaign_id, second.campaign_version) == ("b", 3)
    assert first.scores[0] > first.scores[1]
    assert second.scores[1] > second.scores[0]
    width = len(first.factors)
    assert [sum(first.points[i * width : (i + 1) * width]) for i in range(len(first.scores))] == first.scores
    assert finished.counts == {}


async def test_inactive_and_deleted_campaigns_are_not_ranked(ranker: Ranker) -> None:
    await ranker.campaign(campaign(campaign_id="a"))
    await ranker.campaign(campaign(campaign_id="b", is_active=False))
    await ranker.campaign(campaign(campaign_id="c"))
    await ranker.jobs(job(1))
    await ranker.campaign(campaign(campaign_id="c", version=2, deleted=True))
    await ranker.jobs(job(2))
    seen = [[r.campaign_id for r in ranked.rankings] for ranked in ranker.ranked]
    assert seen == [["a", "c"], ["a"]]


async def test_without_campaigns_jobs_are_passed_on_unranked(ranker: Ranker) -> None:
    finished = await ranker.jobs(job(1, outcome="new"))
    assert finished.children[0].postings == 1
    assert ranker.ranked[0].rankings == []


async def test_a_changed_campaign_takes_effect_with_the_next_batch(ranker: Ranker) -> None:
    await ranker.campaign(campaign(query="nurse"))
    await ranker.jobs(job(1))
    await ranker.campaign(campaign(version=2, query="data engineer"))
    await ranker.jobs(job(2))
    before, after = ranker.ranked[0].rankings[0], ranker.ranked[-1].rankings[0]
    assert (before.campaign_version, after.campaign_version) == (1, 2)
    assert before.scores[0] < after.scores[0]


async def test_an_older_state_of_a_job_is_passed_on_but_never_stored(ranker: Ranker) -> None:
    await ranker.jobs(job(1, version=2, title="New title"))
    finished = await ranker.jobs(job(1, version=1, title="Old title", outcome="new"))
    assert finished.children[0].postings == 1
    assert ranker.ranked[-1].versions == [1]
    await ranker.campaign(campaign(query="new"))
    assert ranker.ranked[-1].versions == [2]


async def test_a_job_that_cannot_be_read_is_set_aside_and_the_others_go_on(ranker: Ranker) -> None:
    broken = job(2, hash_key="not a key", outcome="new")
    finished = await ranker.jobs(job(1, outcome="new"), broken, job(3, hash_key="nor this"))
    assert finished.counts == {"failed": 1}
    assert finished.reasons == {"ranking_failed": 1}
    assert sorted(q.reference for q in finished.quarantined) == ["nor this", "not a key"]
    assert ranker.ranked[0].hash_keys == [job(1).hash_key]


async def test_a_batch_of_broken_jobs_only_ends_here(ranker: Ranker) -> None:
    finished = await ranker.jobs(job(1, hash_key="?", outcome="new"))
    assert finished.children == []
    assert finished.counts == {"failed": 1}


async def test_a_nul_character_in_a_title_harms_nobody(ranker: Ranker) -> None:
    await ranker.campaign(campaign())
    await ranker.jobs(job(1, title="Data\0 Engineer"), job(2))
    await ranker.campaign(campaign(version=2))
    again = ranker.ranked[-1]
    assert again.hash_keys == ranker.ranked[0].hash_keys
    assert again.rankings[0].scores == ranker.ranked[0].rankings[0].scores
