"""A growing table of points: one row per value that a job can have, one column per campaign."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranker.domain.facts import Facts
from ranker.domain.judges import Judges
from ranker.domain.location import PlaceIndex
from ranker.domain.share import FULL
from ranker.domain.wish import Wish

#: Rows are forgotten when the table would grow over this many bytes.
_MOST_BYTES = 32 * 1024 * 1024
_FIRST_ROWS = 256

Points = NDArray[np.int16]


@dataclass(frozen=True)
class TableFactor:
    """A factor whose verdict depends on one value of the job and one of the campaign."""

    name: str
    of_job: Callable[[Facts], Hashable]
    of_wish: Callable[[Wish], Hashable]


TABLE_FACTORS = (
    TableFactor("location", lambda f: (f.remote_type == "remote", f.places), lambda w: w.place),
    TableFactor("company_size", lambda f: f.company_size, lambda w: w.sizes),
    TableFactor("employment_type", lambda f: f.employment_types, lambda w: w.employment_types),
    TableFactor("seniority", lambda f: f.seniority, lambda w: w.seniorities),
    TableFactor("remote_type", lambda f: f.remote_type, lambda w: w.remote_types),
    TableFactor("recency", lambda f: f.day, lambda w: w.as_of),
    TableFactor("company_rating", lambda f: f.company_rating, lambda _: None),
)


def weights_column(wishes: Sequence[Wish], factor: str) -> NDArray[np.int32]:
    """The factor's weight for each campaign, in hundredths; 0 where it is left out."""
    return np.array([w.weights.get(factor, 0) for w in wishes], dtype=np.int32)


def points_row(weights: NDArray[np.int32], shares: NDArray[np.int32]) -> Points:
    """`share.points` for a whole row."""
    return ((weights * shares + FULL // 2) // FULL).astype(np.int16)


class _Column:
    """One factor for all campaigns: judges a value once per distinct wish."""

    def __init__(self, factor: TableFactor, wishes: Sequence[Wish], judges: Judges) -> None:
        self.of_job = factor.of_job
        self.rows: dict[Hashable, int] = {}
        distinct: dict[Hashable, int] = {}
        self._inverse = np.array([distinct.setdefault(factor.of_wish(w), len(distinct)) for w in wishes])
        first = {factor.of_wish(w): w for w in reversed(wishes)}
        self._wishes = [first[key] for key in distinct]
        self._weights = weights_column(wishes, factor.name)
        self._judge = judges.by_factor[factor.name]
        self._location = judges.location
        self._places = PlaceIndex([w.place for w in self._wishes]) if factor.name == "location" else None

    def row(self, facts: Facts) -> Points:
        """Points of each campaign for a job with this value."""
        if self._places is not None:
            shares = self._location.shares(facts, self._places)
        else:
            shares = [self._judge(facts, w).share for w in self._wishes]
        return points_row(self._weights, np.array(shares, dtype=np.int32)[self._inverse])


class RowTable:
    """Rows of points of all table factors that weigh for any of the campaigns; `names` are the factors."""

    def __init__(self, wishes: Sequence[Wish], judges: Judges) -> None:
        factors = [f for f in TABLE_FACTORS if any(f.name in w.weights for w in wishes)]
        self.names = tuple(f.name for f in factors)
        self._columns = [_Column(f, wishes, judges) for f in factors]
        self._most = max(_FIRST_ROWS, _MOST_BYTES // (2 * max(1, len(wishes))))
        self.points: Points = np.zeros((_FIRST_ROWS, len(wishes)), dtype=np.int16)
        self._used = 0

    def codes(self, jobs: Sequence[Facts]) -> NDArray[np.intp]:
        """Row numbers, factor by job; they hold until the next call."""
        if self._used > self._most:
            self._forget()
        codes = [[c.rows.get(c.of_job(f), -1) for f in jobs] for c in self._columns]
        for column, numbers in zip(self._columns, codes, strict=True):
            for i, number in enumerate(numbers):
                if number < 0:
                    numbers[i] = self._add(column, jobs[i])
        return np.array(codes, dtype=np.intp).reshape(len(self._columns), len(jobs))

    def _add(self, column: _Column, facts: Facts) -> int:
        key = column.of_job(facts)
        number = column.rows.get(key)
        if number is None:
            if self._used == len(self.points):
                self.points = np.concatenate((self.points, np.zeros_like(self.points)))
            number, self._used = self._used, self._used + 1
            self.points[number] = column.row(facts)
            column.rows[key] = number
        return number

    def _forget(self) -> None:
        self._used = 0
        for column in self._columns:
            column.rows.clear()
