"""The salary factor for all campaigns at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ranker.domain.rows import Points, points_row, weights_column
from ranker.domain.rules import Rules
from ranker.domain.share import FULL
from ranker.domain.wish import PayWish, Wish

_PERCENT = FULL // 100
# Whole numbers kept in float64, whose division is several times faster. All are below 2**53, so sums and products are
# exact, and so is floor(a / b): a quotient below a whole number k is less by at least 1/b, more than rounding can lift.
Amounts = NDArray[np.float64]


class PayVectors:
    """Wanted pay as columns. Campaigns that cannot be compared get the same points for every job."""

    def __init__(self, wishes: Sequence[Wish], rules: Rules) -> None:
        pay = [w.pay or PayWish() for w in wishes]
        fixed = [_fixed_share(w.pay, rules) for w in wishes]
        weights, missing = weights_column(wishes, "salary"), rules.missing("salary")
        self._unpaid = points_row(weights, np.array([missing if f is None else f for f in fixed], dtype=np.int32))
        self._compared = np.array([f is None for f in fixed])
        self._weights = weights.astype(np.float64)
        self._minimum = np.array([p.minimum for p in pay], dtype=np.float64)
        self._maximum = np.array([p.maximum for p in pay], dtype=np.float64)
        self._above = float(rules.file.salary.above * _PERCENT)
        self._touching = float(rules.file.salary.touching * _PERCENT)
        self._to_zero = np.maximum(self._minimum * rules.file.salary.zero_below, 1.0)
        self._zero_at = self._touching * (self._minimum * 100 - self._to_zero)

    def rank(self, pay: Amounts, jobs: NDArray[np.intp], out: Points) -> None:
        """Write the points, job by campaign; `pay` has minimum and maximum of the `jobs` that state it."""
        out[:] = self._unpaid
        if len(jobs):
            points = self._shares(pay[:, :1], pay[:, 1:])
            points *= self._weights
            points += FULL // 2
            points /= FULL
            out[jobs] = np.where(self._compared, np.floor(points, out=points), self._unpaid)

    def _shares(self, low: Amounts, high: Amounts) -> Amounts:
        """The same arithmetic as `salary._compare`, for all pairs."""
        width = np.maximum(high - low, 1.0)
        within = high * (FULL - self._touching) + width * self._touching - self._minimum * (FULL - self._touching)
        within /= width
        below = high * (100 * self._touching) - self._zero_at
        below /= self._to_zero
        shares = np.where(high < self._minimum, below, within)
        np.floor(np.maximum(shares, 0.0, out=shares), out=shares)
        shares[low >= self._minimum] = FULL
        shares[low > self._maximum] = self._above
        return shares


def _fixed_share(pay: PayWish | None, rules: Rules) -> int | None:
    if pay is None:
        return rules.no_preference
    return rules.missing("salary") if pay.fault else None
