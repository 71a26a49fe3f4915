"""Counting what of each campaign's list a job has, for all campaigns at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ranker.domain.rows import Points

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Found:
    """Terms of a batch that campaigns look for: `terms` by number, `jobs` that have them; `blank` jobs have none."""

    terms: Numbers
    jobs: Numbers
    blank: Numbers


class TermIndex:
    """Which campaigns look for a term: an inverted index over the lists of all campaigns."""

    def __init__(self, wanted: Sequence[Iterable[str]]) -> None:
        by_term: dict[str, list[int]] = {}
        for campaign, terms in enumerate(wanted):
            for term in terms:
                by_term.setdefault(term, []).append(campaign)
        self._width = len(wanted)
        self._numbers = {term: n for n, term in enumerate(by_term)}
        self._lengths = np.array([len(c) for c in by_term.values()], dtype=np.intp)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._campaigns = np.array(list(chain.from_iterable(by_term.values())), dtype=np.intp)

    def find(self, jobs: Sequence[Iterable[str]], blank: Sequence[int] = ()) -> Found:
        """The terms of each job (distinct within it) that any campaign looks for."""
        get = self._numbers.get
        found = [[n for n in map(get, terms) if n is not None] for terms in jobs]
        of_job = np.repeat(np.arange(len(jobs), dtype=np.intp), [len(f) for f in found])
        return Found(_numbers(chain.from_iterable(found)), of_job, _numbers(blank))

    def counts(self, found: Found, jobs: int) -> Numbers:
        """How many of its terms each campaign finds in each job."""
        lengths = self._lengths[found.terms]
        before = np.cumsum(lengths) - lengths
        entries = np.repeat(self._starts[found.terms] - before, lengths)
        entries += np.arange(len(entries))
        cells = np.repeat(found.jobs * self._width, lengths)
        cells += self._campaigns[entries]
        return np.bincount(cells, minlength=jobs * self._width).reshape(jobs, self._width)


class PointLists:
    """Points of each campaign by a number that is looked up in the campaign's own list."""

    def __init__(self, lists: Sequence[Sequence[int]]) -> None:
        lengths = np.array([len(points) for points in lists], dtype=np.intp)
        self._starts = np.cumsum(lengths) - lengths
        self._points = np.array(list(chain.from_iterable(lists)), dtype=np.int16)

    def take(self, numbers: Numbers, out: Points) -> None:
        """Write the points for `numbers`, job by campaign; the array is used up."""
        numbers += self._starts
        self._points.take(numbers, out=out, mode="clip")


def _numbers(values: Iterable[int]) -> Numbers:
    return np.fromiter(values, dtype=np.intp)
