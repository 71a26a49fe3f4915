"""Counting what of each campaign's lists a job has, for all campaigns at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ranker.domain.rows import Points

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Found:
    """Terms of a batch that any list has: `terms` by number and, alike, the `jobs` that have them."""

    terms: Numbers
    jobs: Numbers


class TermIndex:
    """An inverted index over lists of terms: which lists have a term."""

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        by_term: dict[str, list[int]] = {}
        for number, terms in enumerate(lists):
            for term in terms:
                by_term.setdefault(term, []).append(number)
        self._width = len(lists)
        self._numbers = {term: n for n, term in enumerate(by_term)}
        self._lengths = np.array([len(lists) for lists in by_term.values()], dtype=np.intp)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._lists = np.array(list(chain.from_iterable(by_term.values())), dtype=np.intp)

    def find(self, jobs: Sequence[Iterable[str]]) -> Found:
        """The terms of each job (distinct within it) that any list has."""
        get = self._numbers.get
        found = [[n for n in map(get, terms) if n is not None] for terms in jobs]
        terms = np.array(list(chain.from_iterable(found)), dtype=np.intp)
        return Found(terms, np.repeat(np.arange(len(jobs), dtype=np.intp), list(map(len, found))))

    def counts(self, found: Found, jobs: int) -> Numbers:
        """How many terms of each list each job has, job by list."""
        lengths = self._lengths[found.terms]
        ends = lengths.cumsum()
        # One entry per term found and list that has it: the position in `_lists`, then the cell to count.
        entries = (self._starts[found.terms] - ends + lengths).repeat(lengths)
        entries += np.arange(len(entries))
        cells = (found.jobs * self._width).repeat(lengths)
        cells += self._lists[entries]
        return np.bincount(cells, minlength=jobs * self._width).reshape(jobs, self._width)


class PointLists:
    """Points of each campaign by a number that is looked up in the campaign's own list."""

    def __init__(self, lists: Sequence[Sequence[int]]) -> None:
        lengths = np.array([len(points) for points in lists], dtype=np.intp)
        self._starts = lengths.cumsum() - lengths
        self._points = np.array(list(chain.from_iterable(lists)), dtype=np.int16)

    def take(self, numbers: Numbers, out: Points) -> None:
        """Write the points for `numbers`, job by campaign."""
        self._points.take(numbers + self._starts, out=out, mode="clip")
