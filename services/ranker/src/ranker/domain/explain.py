"""Why a job has its score for a campaign, factor by factor, in words."""

from dataclasses import dataclass

from ranker.domain.facts import Facts
from ranker.domain.judges import Judges
from ranker.domain.share import FULL, points
from ranker.domain.wish import Wish


@dataclass(frozen=True)
class FactorExplanation:
    """A factor's points and their maximum, both in hundredths of a point, and the reason."""

    factor: str
    points: int
    max_points: int
    reason: str


def explain(facts: Facts, wish: Wish, judges: Judges) -> list[FactorExplanation]:
    """The factors of the campaign's preset and weights; their points sum to its score of the job (0..10000).

    Where campaign or posting say nothing, the reason names the share that the rules give: `(30 % by rule)`. Equal to
    the points of `CampaignVectors.rank` to the hundredth.
    """
    return [_explain(factor, weight, facts, wish, judges) for factor, weight in wish.weights.items()]


def _explain(factor: str, weight: int, facts: Facts, wish: Wish, judges: Judges) -> FactorExplanation:
    if not weight and factor not in wish.asked:
        return FactorExplanation(factor, 0, 0, "no preference: left out, the other factors weigh more")
    verdict = judges.by_factor[factor](facts, wish)
    by_rule = f" ({verdict.share * 100 // FULL} % by rule)" if verdict.ruled else ""
    return FactorExplanation(factor, points(weight, verdict.share), weight, verdict.reason + by_rule)
