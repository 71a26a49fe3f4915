"""The factors that count terms: skills, words of the title, keywords in title and summary."""

from collections.abc import Sequence

import numpy as np

from ranker.domain.batch import Batch
from ranker.domain.judges import Judges
from ranker.domain.matching import keyword_share, part
from ranker.domain.rows import Points
from ranker.domain.share import points
from ranker.domain.terms import Found, PointLists, TermIndex
from ranker.domain.wish import Wish

#: What a factor has found in a batch; keywords are found in titles and in summaries.
FoundTerms = tuple[Found, ...]


class CountFactor:
    """Points by how many of a campaign's terms a job has: skills, or words of the title."""

    def __init__(self, name: str, wishes: Sequence[Wish], judges: Judges) -> None:
        self.name = name
        lists = [tuple(w.skills) if name == "skills" else w.words for w in wishes]
        asked = [terms if name in w.weights else () for terms, w in zip(lists, wishes, strict=True)]
        weights = [w.weights.get(name, 0) for w in wishes]
        rules = judges.rules
        self._index = TermIndex(asked)
        self._lists = PointLists(
            [_by_count(weight, len(terms), rules.no_preference) for weight, terms in zip(weights, asked, strict=True)]
        )
        self._blank = _blank_row(weights, [len(terms) for terms in asked], rules.missing(name), rules.no_preference)

    def find(self, batch: Batch) -> FoundTerms:
        """Look the batch's terms up."""
        terms = batch.skills if self.name == "skills" else batch.titles
        return (self._index.find(terms, [i for i, t in enumerate(terms) if not t]),)

    def rank(self, found: FoundTerms, out: Points) -> None:
        """Write the points, job by campaign."""
        self._lists.take(self._index.counts(found[0], len(out)), out)
        out[found[0].blank] = self._blank


class KeywordFactor:
    """Points by how many words of the query are in the title, and how many in the summary only."""

    name = "keywords"

    def __init__(self, wishes: Sequence[Wish], judges: Judges) -> None:
        asked = [w.words if self.name in w.weights else () for w in wishes]
        weights = [w.weights.get(self.name, 0) for w in wishes]
        rules = judges.rules
        self._index = TermIndex(asked)
        self._base = np.array([len(words) + 1 for words in asked], dtype=np.intp)
        self._lists = PointLists(
            [
                [
                    points(
                        weight, keyword_share(title, min(summary, n - title), n, rules) if n else rules.no_preference
                    )
                    for title in range(n + 1)
                    for summary in range(n + 1)
                ]
                for weight, n in zip(weights, map(len, asked), strict=True)
            ]
        )
        lengths = [len(words) for words in asked]
        self._blank = _blank_row(weights, lengths, rules.missing(self.name), rules.no_preference)

    def find(self, batch: Batch) -> FoundTerms:
        """Look the batch's words up."""
        blank = [i for i, (t, s) in enumerate(zip(batch.titles, batch.summaries, strict=True)) if not t and not s]
        return self._index.find(batch.titles, blank), self._index.find(batch.summaries)

    def rank(self, found: FoundTerms, out: Points) -> None:
        """Write the points, job by campaign."""
        titles, summaries = found
        numbers = self._index.counts(titles, len(out))
        numbers *= self._base
        numbers += self._index.counts(summaries, len(out))
        self._lists.take(numbers, out)
        out[titles.blank] = self._blank


def _by_count(weight: int, wanted: int, no_preference: int) -> list[int]:
    if not wanted:
        return [points(weight, no_preference)]
    return [points(weight, part(found, wanted)) for found in range(wanted + 1)]


def _blank_row(weights: Sequence[int], wanted: Sequence[int], missing: int, no_preference: int) -> Points:
    """Points of a job without any terms."""
    shares = [missing if n else no_preference for n in wanted]
    return np.array([points(w, s) for w, s in zip(weights, shares, strict=True)], dtype=np.int16)
