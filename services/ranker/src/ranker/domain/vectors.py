"""Scores of a batch of jobs for many campaigns at once: whole numbers in arrays, equal to the judges' verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.contracts import CampaignRanking
from ranker.domain.batch import Batch
from ranker.domain.judges import Judges
from ranker.domain.pay_vectors import PayVectors
from ranker.domain.rows import Points, RowTable
from ranker.domain.term_factors import FoundTerms, TermFactors
from ranker.domain.wish import Wish


@dataclass(frozen=True)
class Codes:
    """A batch in the numbers of one set of campaigns; they hold until that set encodes its next batch."""

    jobs: int
    rows: NDArray[np.intp]
    found: FoundTerms
    pay: NDArray[np.float64]
    paid: NDArray[np.intp]


@dataclass(frozen=True)
class Ranked:
    """Hundredths of a point: `scores[job, campaign]`, and what each factor gives, `points[factor, job, campaign]`.

    For each job and campaign the points sum to the score; a factor of weight 0 gives 0.
    """

    factors: tuple[str, ...]
    points: Points
    scores: Points


class CampaignVectors:
    """Campaigns as arrays; `wishes` are theirs, in the order of the results' last axis."""

    def __init__(self, wishes: Sequence[Wish], judges: Judges) -> None:
        self.wishes = tuple(wishes)
        self._table = RowTable(wishes, judges)
        self._terms = TermFactors(wishes, judges)
        self._pay = PayVectors(wishes, judges.rules) if any("salary" in w.weights for w in wishes) else None
        self.factors = (*self._table.names, *self._terms.names, *(("salary",) if self._pay else ()))
        self._own_factors = [[self.factors.index(f) for f in w.weights] for w in wishes]

    def encode(self, batch: Batch) -> Codes:
        """The batch in numbers: the part that looks at each job."""
        rows, found = self._table.codes(batch.jobs), self._terms.find(batch)
        return Codes(len(batch.jobs), rows, found, batch.pay, batch.paid)

    def rank(self, codes: Codes) -> Ranked:
        """Scores and points of every job for every campaign: arrays only; the same whatever else is in the batch."""
        points = np.empty((len(self.factors), codes.jobs, len(self.wishes)), dtype=np.int16)
        tables = len(codes.rows)
        self._table.points.take(codes.rows, axis=0, out=points[:tables], mode="clip")
        self._terms.rank(codes.found, points[tables : tables + len(self._terms.names)])
        if self._pay is not None:
            self._pay.rank(codes.pay, codes.paid, points[-1])
        return Ranked(self.factors, points, np.add.reduce(points, axis=0, dtype=np.int16))

    def rankings(self, batch: Batch) -> list[CampaignRanking]:
        """Rank a batch for an event: per campaign its own factors, in the order of explanations."""
        ranked = self.rank(self.encode(batch))
        scores, points = ranked.scores.T.tolist(), np.ascontiguousarray(ranked.points.transpose(2, 1, 0))
        return [
            CampaignRanking(
                campaign_id=wish.campaign_id, campaign_version=wish.version, as_of=wish.as_of,
                factors=list(wish.weights), scores=scores[c], points=points[c][:, own].ravel().tolist(),
            )
            for c, (wish, own) in enumerate(zip(self.wishes, self._own_factors, strict=True))
        ]  # fmt: skip
