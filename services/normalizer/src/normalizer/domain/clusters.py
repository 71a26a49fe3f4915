"""Clusters of postings that are the same job: each newcomer is compared within its block and joins what it matches."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from normalizer.domain.dedupe_rules import DedupeRules
from normalizer.domain.duplicates import UNRELATED, Comparison, compare
from normalizer.domain.listing import Listing

#: Different texts of one block that a newcomer is compared with: the ones that matched last.
MOST_TEXTS = 50


@dataclass(frozen=True, slots=True)
class Joined:
    """Why a posting stands in its cluster: the posting that it was matched with. None: it is the first."""

    matched: str | None = None
    comparison: Comparison | None = None


#: Postings of one company and role; of those with one text at one place only the first is kept. The last one matched
#: stands last.
_Block = dict[tuple[bytes, frozenset[str], str, str], Listing]


class Clusters:
    """Grows by one posting at a time; `cluster_of` names a cluster by its first posting."""

    def __init__(self, rules: DedupeRules) -> None:
        self._rules = rules
        self._blocks: defaultdict[tuple[str, str], _Block] = defaultdict(dict)
        self._text_blocks: defaultdict[str, list[Listing]] = defaultdict(list)
        self._parent: dict[str, str] = {}
        self._order: dict[str, int] = {}

    def add(self, posting: Listing) -> tuple[Joined, list[tuple[Listing, Comparison]]]:
        """Join the posting to all that it matches; also returns the alike ones that it was kept apart from."""
        self._parent.setdefault(posting.reference, posting.reference)
        self._order.setdefault(posting.reference, len(self._order))
        best, retained = Joined(), []
        for other, comparison in self._compared(posting):
            if comparison.verdict == "retain":
                retained.append((other, comparison))
                continue
            self.join(posting.reference, other.reference)
            if best.comparison is None or (comparison.similarity or 0) > (best.comparison.similarity or 0):
                best = Joined(other.reference, comparison)
        return best, retained

    def cluster_of(self, reference: str) -> str:
        """The first posting of its cluster; KeyError for one that was never added."""
        root = reference
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[reference] != root:
            self._parent[reference], reference = root, self._parent[reference]
        return root

    def join(self, one: str, other: str) -> None:
        """Make the clusters of two postings one; it is called by its earliest posting."""
        first, second = sorted((self.cluster_of(one), self.cluster_of(other)), key=self._order.__getitem__)
        self._parent[second] = first

    def _compared(self, posting: Listing) -> Iterator[tuple[Listing, Comparison]]:
        block, key = self._blocks[posting.block], posting.twins
        if (known := block.pop(key, None)) is not None:
            block[key] = known
            yield known, compare(posting, known, self._rules)
            return
        alike = self._text_blocks[posting.text_block]
        for other in [*block.values(), *(each for each in alike if each.block != posting.block)]:
            if (found := compare(posting, other, self._rules)) is not UNRELATED:
                yield other, found
        block[key] = posting
        if len(block) > MOST_TEXTS:
            del block[next(iter(block))]
        alike.append(posting)
        del alike[:-MOST_TEXTS]
