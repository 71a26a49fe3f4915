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
        compared = [w.pay is not None and not w.pay.fault for w in wishes]
        weights = weights_column(wishes, "salary")
        unpaid = [FULL if w.pay is None else rules.missing("salary") for w in wishes]
        self._unpaid = points_row(weights, np.array(unpaid, dtype=np.int32))
        self._always_unpaid = None if all(compared) else ~np.array(compared)
        self._weights = weights.astype(np.float64)
        self._minimum = np.array([p.minimum for p in pay], dtype=np.float64)
        self._maximum = np.array([p.maximum for p in pay], dtype=np.float64)
        self._above = float(rules.file.salary.above * _PERCENT)
        self._touching = float(rules.file.salary.touching * _PERCENT)
        self._rising = self._minimum * (FULL - self._touching)
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
            np.floor(points, out=points)
            if self._always_unpaid is not None:
                np.copyto(points, self._unpaid, where=self._always_unpaid)
            out[jobs] = points

    def _shares(self, low: Amounts, high: Amounts) -> Amounts:
        """The same arithmetic as `salary._compare`, for all pairs."""
        width = np.maximum(high - low, 1.0)
        shares = (high * (FULL - self._touching) + width * self._touching) - self._rising
        shares /= width
        below = high * (100 * self._touching) - self._zero_at
        below /= self._to_zero
        np.copyto(shares, below, where=high < self._minimum)
        np.floor(np.maximum(shares, 0.0, out=shares), out=shares)
        np.putmask(shares, low >= self._minimum, float(FULL))
        np.putmask(shares, low > self._maximum, self._above)
        return shares
