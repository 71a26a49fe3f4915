"""Vectors and explanations give the same points, whatever the batch."""

from hypothesis import given, settings
from hypothesis import strategies as st

from common.contracts import CampaignRanking
from ranker.domain.batch import batch_of
from ranker.domain.explain import explain
from ranker.domain.facts import Facts
from ranker.domain.vectors import CampaignVectors
from ranker.domain.wish import Wish
from tests.support.ranking import as_json, facts, judges, wishes

jobs_and_wishes = st.tuples(st.lists(facts, min_size=1, max_size=6), st.lists(wishes, min_size=1, max_size=4))


@given(jobs_and_wishes)
@settings(max_examples=80, deadline=None)
def test_vectors_equal_explanations_to_the_hundredth(given_: tuple[list[Facts], list[Wish]]) -> None:
    jobs, campaigns = given_
    for wish, ranking in zip(
        campaigns, CampaignVectors(campaigns, judges()).rankings(batch_of(jobs, judges())), strict=True
    ):
        explained = [explain(f, wish, judges()) for f in jobs]
        assert ranking.factors == list(wish.weights)
        assert ranking.points == [e.points for told in explained for e in told]
        assert ranking.scores == [sum(e.points for e in told) for told in explained]


@given(jobs_and_wishes)
@settings(max_examples=40, deadline=None)
def test_scores_lie_within_0_and_10000_and_no_factor_exceeds_its_weight(given_: tuple[list[Facts], list[Wish]]) -> None:
    jobs, campaigns = given_
    for wish in campaigns:
        for told in (explain(f, wish, judges()) for f in jobs):
            assert 0 <= sum(e.points for e in told) <= 10_000
            assert sum(e.max_points for e in told) == 10_000
            assert all(0 <= e.points <= e.max_points for e in told)


def points_of(ranking: CampaignRanking, job: int) -> list[int]:
    """The points of one job of the batch."""
    width = len(ranking.factors)
    return ranking.points[job * width : (job + 1) * width]


@given(jobs_and_wishes, st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_any_split_and_order_of_the_batch_gives_the_same_bytes(
    given_: tuple[list[Facts], list[Wish]], random: st.DrawFn, size: int
) -> None:
    jobs, campaigns = given_
    whole = CampaignVectors(campaigns, judges()).rankings(batch_of(jobs, judges()))
    order = list(range(len(jobs)))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' Random
    parts = [order[i : i + size] for i in range(0, len(order), size)]
    vectors = CampaignVectors(campaigns, judges())
    ranked = [vectors.rankings(batch_of([jobs[i] for i in part], judges())) for part in parts]
    for c, ranking in enumerate(whole):
        found = {
            i: (r[c].scores[n], points_of(r[c], n))
            for part, r in zip(parts, ranked, strict=True)
            for n, i in enumerate(part)
        }
        again = [found[i] for i in range(len(jobs))]
        assert as_json(again) == as_json([(s, points_of(ranking, n)) for n, s in enumerate(ranking.scores)])


@given(jobs_and_wishes)
@settings(max_examples=25, deadline=None)
def test_a_campaign_is_ranked_the_same_alone_and_among_others(given_: tuple[list[Facts], list[Wish]]) -> None:
    jobs, campaigns = given_
    together = CampaignVectors(campaigns, judges()).rankings(batch_of(jobs, judges()))
    alone = [CampaignVectors([w], judges()).rankings(batch_of(jobs, judges()))[0] for w in campaigns]
    assert as_json(together) == as_json(alone)
