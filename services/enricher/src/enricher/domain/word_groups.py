"""Which unit groups of ISCO-08 a word speaks for, learnt from all titles of the lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import exp, log, log1p

#: Unit groups of ISCO-08.
_GROUPS = 436
#: Titles that every group is thought to have had of every word's share beforehand: rare words decide nothing alone.
_BEFOREHAND = 20.0


class WordGroups:
    """Counts of words in titles by group; a title counts once, shared among its groups."""

    def __init__(self) -> None:
        self._titles: dict[str, dict[str, float]] = {}

    def add(self, words: Iterable[str], groups: Mapping[str, float]) -> None:
        """Words of a title, and votes for its groups."""
        total = sum(groups.values())
        for word in words:
            of_word = self._titles.get(word)
            if of_word is None:
                of_word = self._titles[word] = {}
            for group, votes in groups.items():
                of_word[group] = of_word.get(group, 0.0) + votes / total

    def learn(self) -> dict[str, float]:
        """Word → how special it is, by the number of groups that it is spread over; ends the counting."""
        of_groups: dict[str, float] = defaultdict(float)
        weights, everything = {}, 0.0
        for word, found in self._titles.items():
            total = sum(found.values())
            spread = exp(-sum(n / total * log(n / total) for n in found.values()))
            weights[word] = log(1 + _GROUPS / spread)
            everything += total
            for group, n in found.items():
                of_groups[group] += n
        for found in self._titles.values():
            expected = sum(found.values()) / everything * _BEFOREHAND
            for group, n in found.items():
                found[group] = log1p(n / expected)
        self._sizes = {group: log1p(n / _BEFOREHAND) for group, n in of_groups.items()}
        return weights

    def evidence(self, asked: Mapping[str, float], groups: Iterable[str]) -> dict[str, float]:
        """Group → mean logarithm of how much likelier the words are in its titles than in others."""
        known = [(share, found) for word, share in asked.items() if (found := self._titles.get(word))]
        total, sizes, read = sum(share for share, _ in known), self._sizes, {}
        for group in groups:
            speaks = 0.0
            for share, found in known:
                if group in found:
                    speaks += share * found[group]
            read[group] = speaks / total - sizes[group]
        return read
