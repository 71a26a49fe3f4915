"""Whether two postings are at one place, as far as their places tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from sources.folding import normalise
from sources.place_names import NamedPlace, is_region, named_places

#: same: they share a place. open: one of them names none, or only a country. other: they name different places.
Nearness = Literal["same", "open", "other"]


@dataclass(frozen=True)
class PlaceKey:
    """The places of a posting, for comparison; `written` are their folded words."""

    places: tuple[NamedPlace, ...]
    written: frozenset[str]
    noise: frozenset[str]

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of all their parts."""
        return frozenset(word for place in self.places for part in place.parts for word in part.split())

    @cached_property
    def cities(self) -> tuple[frozenset[str], ...]:
        """The words of the nearest part of each place that is not a whole country."""
        return tuple(frozenset(place.parts[0].split()) for place in self.places if not place.wide)

    def nearness(self, other: "PlaceKey") -> Nearness:
        """The order of the two does not matter."""
        if self.words and self.words == other.words:
            return "same"
        if not self.cities or not other.cities:
            return "open"
        return "same" if _meet(self, other) or _meet(other, self) else "other"

    def is_country(self, text: str) -> bool:
        """Whether a text names countries and nothing nearer."""
        named = place_key((text,), self.noise).places
        return bool(named) and all(place.wide for place in named)

    def is_in_region(self, city: str, region: str) -> bool:
        """Whether the second text is a region beside a city: `NE` of `Omaha`, but not `QA` of `Payments`."""
        return any(
            is_region(part)
            for place in place_key((f"{city}, {region}",), self.noise).places
            for part in place.parts[1:]
        )

    def is_around(self, city: str, wider: str) -> bool:
        """Whether a text names the region or country of a city that is one of these places: `TX` of `Dallas`."""
        together = place_key((f"{city}, {wider}",), self.noise)
        last = [place.parts[-1] for place in together.places if len(place.parts) > 1]
        regional = bool(last) and all(part.startswith("country:") or is_region(part) for part in last)
        return regional and together.nearness(self) == "same"

    def names(self, part: str, words: Iterable[str]) -> bool:
        """Whether a part of a title, with its folded words, only says again where this is."""
        if self.written.issuperset(words):
            return True
        return bool(self.words) and self.words.issuperset(place_key((part,), self.noise).words or {""})


@lru_cache(maxsize=16_384)
def place_key(places: tuple[str, ...], noise: frozenset[str]) -> PlaceKey:
    """The key of places as a posting writes them, in any order."""
    written = frozenset(word for text in places for word in normalise(text).split())
    return PlaceKey(tuple(sorted({named for text in places for named in named_places(text, noise)})), written, noise)


def _meet(one: PlaceKey, other: PlaceKey) -> bool:
    """Whether one of these cities is a part of a place of the other (`frankfurt` of `frankfurt am main`)."""
    return any(_inside(place, there) for place in one.places if not place.wide for there in other.places)


def _inside(place: NamedPlace, other: NamedPlace) -> bool:
    """Whether a part of the other holds the words of this city, and no wider part is in another region or country."""
    city, *wider = place.parts
    words = frozenset(city.split())
    return any(
        words.issubset(part.split()) and not _contradict(wider, other.parts[at + 1 :])
        for at, part in enumerate(other.parts)
    )


def _contradict(wider: Sequence[str], others: Sequence[str]) -> bool:
    """Whether these name regions, or countries, and all of them different: Springfield is in Illinois and elsewhere."""
    return any(
        bool(these and those) and these.isdisjoint(those)
        for these, those in zip(_told(wider), _told(others), strict=True)
    )


def _told(parts: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The countries and the regions among these parts."""
    countries = frozenset(part for part in parts if part.startswith("country:"))
    return countries, frozenset(part for part in parts if is_region(part))
