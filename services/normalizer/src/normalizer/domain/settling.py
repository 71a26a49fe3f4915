"""Which clusters postings of a page join: their matches among stored postings and each other, and what they move."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common.contracts import Clustered, DuplicatesSettled
from normalizer.domain.clusters import MOST_TEXTS, Joined
from normalizer.domain.dedupe_rules import DedupeRules
from normalizer.domain.duplicates import Comparison, compare
from normalizer.domain.listing import Listing

#: Postings told of in one message.
_MOST = 1000


@dataclass(slots=True)
class Found:
    """What a posting was compared with: all that it matches, the best of those, the nearest that it was kept from."""

    listing: Listing
    matches: list[str] = field(default_factory=list)
    joined: Joined = field(default_factory=Joined)
    kept: tuple[str, Comparison] | None = None

    def take(self, other: str, comparison: Comparison) -> None:
        """Add the outcome of a comparison."""
        if comparison.verdict == "merge":
            self.matches.append(other)
            if self.joined.comparison is None or _more(comparison, self.joined.comparison):
                self.joined = Joined(other, comparison)
        elif comparison.similarity and (self.kept is None or _more(comparison, self.kept[1])):
            self.kept = (other, comparison)


def find(newcomers: Iterable[Listing], stored: Iterable[Listing], rules: DedupeRules) -> list[Found]:
    """Compare each newcomer with the stored postings of its block and text block, and with the newcomers before it.

    Where one of them has its fingerprint that one is enough: it has met the others.
    """
    blocks: defaultdict[tuple[str, str], list[Listing]] = defaultdict(list)
    text_blocks: defaultdict[str, list[Listing]] = defaultdict(list)
    for listing in stored:
        blocks[listing.block].append(listing)
        text_blocks[listing.text_block].append(listing)
    found = []
    for listing in newcomers:
        found.append(each := Found(listing))
        block, alike = (
            [other for other in found_together if other.reference != listing.reference]
            for found_together in (blocks[listing.block], text_blocks[listing.text_block])
        )
        alike = [other for other in alike if other.block != listing.block]
        twin = next((other for other in block if other.fingerprint == listing.fingerprint), None)
        for other in [twin] if twin else block[-2 * MOST_TEXTS :] + alike[-MOST_TEXTS:]:
            each.take(other.reference, compare(listing, other, rules))
        blocks[listing.block].append(listing)
        text_blocks[listing.text_block].append(listing)
    return found


def told_apart(found: Found, grouping: "Grouping", clusters: Mapping[str, str]) -> None:
    """Of a posting that matches another one but stays apart from it, say that people have decided so."""
    other, comparison = found.joined.matched, found.joined.comparison
    if other is None or comparison is None:
        return
    if grouping.cluster(clusters[found.listing.reference]) != grouping.cluster(clusters[other]):
        found.kept = (other, Comparison("retain", "split_by_hand", comparison.similarity))
        found.joined = Joined()


def in_messages(changed: Sequence[Clustered]) -> list[DuplicatesSettled]:
    """What is sent of postings whose cluster has changed."""
    return [DuplicatesSettled(postings=list(changed[n : n + _MOST])) for n in range(0, len(changed), _MOST)]


class Grouping:
    """Clusters that grow together: the smaller one moves into the larger one, unless somebody has split them."""

    def __init__(self, sizes: Mapping[str, int], apart: Iterable[tuple[str, str]]) -> None:
        """`sizes`: postings of each stored cluster; `apart`: pairs of clusters that must stay two."""
        self._sizes = dict(sizes)
        self._moved: dict[str, str] = {}
        self._apart: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in apart:
            self._apart[one].add(other)
            self._apart[other].add(one)

    def cluster(self, of: str) -> str:
        """The cluster that this one has become."""
        while of in self._moved:
            of = self._moved[of]
        return of

    def join(self, one: str, other: str) -> bool:
        """Make two clusters one; False where they must stay two."""
        one, other = self.cluster(one), self.cluster(other)
        if one == other:
            return True
        if other in self._apart[one]:
            return False
        # Of two of one size the stored one stays, then the one with the lower key: the same in every run.
        winner, loser = sorted(
            (one, other), key=lambda cluster: (-self._size(cluster), cluster not in self._sizes, cluster)
        )
        self._moved[loser] = winner
        self._sizes[winner] = self._size(winner) + self._size(loser)
        for third in self._apart.pop(loser, ()):
            self._apart[third].discard(loser)
            self._apart[third].add(winner)
            self._apart[winner].add(third)
        return True

    def moves(self, stored: Sequence[str]) -> dict[str, str]:
        """Where those of these clusters go that are no more."""
        return {each: self.cluster(each) for each in stored if self.cluster(each) != each}

    def _size(self, cluster: str) -> int:
        return self._sizes.get(cluster, 1)


def _more(one: Comparison, other: Comparison) -> bool:
    return (one.similarity or 0) > (other.similarity or 0)
