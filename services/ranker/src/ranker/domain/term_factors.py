"""The factors that count terms: skills, words of the title, keywords in title and summary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ranker.domain.batch import SUMMARY, Batch
from ranker.domain.judges import Judges
from ranker.domain.matching import keyword_share, part
from ranker.domain.rows import Points
from ranker.domain.rules import Rules
from ranker.domain.share import FULL, points
from ranker.domain.terms import Found, Numbers, PointLists, TermIndex
from ranker.domain.wish import Wish


@dataclass(frozen=True)
class FoundTerms:
    """What is found in a batch, and the jobs that have no terms of a factor at all."""

    jobs: int
    found: Found
    blank: dict[str, Numbers]


def _skills(wish: Wish) -> Sequence[str]:
    return tuple(wish.skills)


def _words(wish: Wish) -> Sequence[str]:
    return wish.words


def _summary_words(wish: Wish) -> Sequence[str]:
    return [SUMMARY + word for word in wish.words]


#: The lists of a campaign that each factor counts.
_COUNTED: dict[str, tuple[Callable[[Wish], Sequence[str]], ...]] = {
    "skills": (_skills,),
    "position_title": (_words,),
    "keywords": (_words, _summary_words),
}


class TermFactors:
    """The factors of `names`, counted together: one index over the lists of all campaigns and factors."""

    def __init__(self, wishes: Sequence[Wish], judges: Judges) -> None:
        self.names = tuple(name for name in _COUNTED if any(name in w.weights for w in wishes))
        blocks = [(name, of_wish) for name in self.names for of_wish in _COUNTED[name]]
        lists = [of_wish(w) if w.weights.get(name) else () for name, of_wish in blocks for w in wishes]
        self._index = TermIndex(lists)
        self._factors = [_Factor(name, wishes, judges.rules) for name in self.names]
        width = len(wishes)
        self._columns = {
            name: [slice(b * width, (b + 1) * width) for b, (of, _) in enumerate(blocks) if of == name]
            for name in self.names
        }

    def find(self, batch: Batch) -> FoundTerms:
        """Look the batch's terms up."""
        summaries = "keywords" in self.names
        terms = batch.terms_with_summaries if summaries else batch.terms
        return FoundTerms(len(terms), self._index.find(terms), {name: batch.blank(name) for name in self.names})

    def rank(self, found: FoundTerms, out: Points) -> None:
        """Write the points, factor by job by campaign."""
        counts = self._index.counts(found.found, found.jobs)
        for factor, points_ in zip(self._factors, out, strict=True):
            factor.rank([counts[:, c] for c in self._columns[factor.name]], found.blank[factor.name], points_)


class _Factor:
    """Points by the counts of a factor's lists."""

    def __init__(self, name: str, wishes: Sequence[Wish], rules: Rules) -> None:
        self.name = name
        weights = [w.weights.get(name, 0) for w in wishes]
        wanted = [len(_COUNTED[name][0](w)) if weight else 0 for w, weight in zip(wishes, weights, strict=True)]
        by_count = _by_keywords if name == "keywords" else _by_count
        self._points = PointLists([by_count(weight, n, rules) for weight, n in zip(weights, wanted, strict=True)])
        self._base = np.array(wanted, dtype=np.intp) + 1
        blank = [rules.missing(name) if n else FULL for n in wanted]
        self._blank = np.array([points(w, s) for w, s in zip(weights, blank, strict=True)], dtype=np.int16)

    def rank(self, counts: Sequence[Numbers], blank: Numbers, out: Points) -> None:
        """Write the points, job by campaign."""
        number = counts[0] if len(counts) == 1 else counts[0] * self._base + counts[1]
        self._points.take(number, out)
        if len(blank):
            out[blank] = self._blank


def _by_count(weight: int, wanted: int, _: Rules) -> list[int]:
    return [points(weight, part(found, wanted) if wanted else FULL) for found in range(wanted + 1)]


def _by_keywords(weight: int, wanted: int, rules: Rules) -> list[int]:
    """By (in the title) * (wanted + 1) + (in the summary only)."""
    return [
        points(weight, keyword_share(title, min(summary, wanted - title), wanted, rules) if wanted else FULL)
        for title in range(wanted + 1)
        for summary in range(wanted + 1)
    ]
