"""The location factor: the best of a job's places against the wanted country, region and city."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ranker.domain.facts import Facts, Spot
from ranker.domain.rules import Rules
from ranker.domain.share import FULL, Verdict
from ranker.domain.text import phrase
from ranker.domain.wish import PlaceWish, Wish, country_code

_PERCENT = FULL // 100
_LONGEST_NAME = 5
_SHORTEST_NAME = 3
#: A name that no place has: stands for "some other city" when many campaigns are judged at once.
_NOWHERE = frozenset(("\0",))


@dataclass(frozen=True)
class _Names:
    """A place's names. `countries`: those it covers; empty: all of them; None: not known."""

    text: str
    countries: frozenset[str] | None
    towns: frozenset[str]
    regions: frozenset[str]


class LocationJudge:
    """Judges places by the rules; keeps what it has read of a place."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._shares = rules.file.location
        self._names = lru_cache(maxsize=65536)(self._read)

    def judge(self, facts: Facts, wish: Wish) -> Verdict:
        """The best place's verdict; the first of equals."""
        return self._best(facts, wish.place)

    def shares(self, facts: Facts, index: "PlaceIndex") -> list[int]:
        """The share for each wish of the index, the same as `judge` gives, without looking at each wish."""
        result = [0] * len(index.wishes)
        for (country, named), members in index.groups.items():
            share = self._best(facts, PlaceWish(country, _NOWHERE if named else frozenset())).share
            for i in members:
                result[i] = share
        if facts.remote_type != "remote":
            names = {name for spot in facts.places for name in self._named(spot)}
            for i in {i for name in names for i in index.by_name.get(name, ())}:
                result[i] = self._best(facts, index.wishes[i]).share
        return result

    def _named(self, spot: Spot) -> frozenset[str]:
        names = self._names(spot)
        return names.towns | names.regions

    def _best(self, facts: Facts, wish: PlaceWish) -> Verdict:
        remote = facts.remote_type == "remote"
        if not facts.places:
            if remote:
                return Verdict(self._shares.remote_unstated * _PERCENT, "remote, the posting names no country")
            return Verdict(self._rules.missing("location"), "the posting names no place", ruled=True)
        return max((self._place(self._names(s), wish, remote=remote) for s in facts.places), key=lambda v: v.share)

    def _place(self, names: _Names, wish: PlaceWish, *, remote: bool) -> Verdict:
        shares, where = self._shares, names.text
        known = names.countries is not None
        inside = known and (not names.countries or not wish.country or wish.country in names.countries)
        if known and not inside:
            share = shares.remote_elsewhere if remote else shares.elsewhere
            return Verdict(share * _PERCENT, f"{where} is outside {wish.country}")
        if remote and inside:
            return Verdict(shares.remote * _PERCENT, f"remote, open to {wish.country or 'all countries'} ({where})")
        if remote:
            return Verdict(shares.remote_unstated * _PERCENT, f"remote, the country of {where} is not known")
        return self._town(names, wish, inside=inside)

    def _town(self, names: _Names, wish: PlaceWish, *, inside: bool) -> Verdict:
        shares, where = self._shares, names.text
        if wish.heads:
            namesake = bool(wish.wider and names.regions) and not wish.wider & (names.regions | names.towns)
            if wish.heads & (names.towns | names.regions) and not namesake:
                return Verdict(shares.match * _PERCENT, f"{where} matches {wish.text}")
            if wish.wider & names.regions:
                return Verdict(shares.same_region * _PERCENT, f"{where} is in the region of {wish.text}")
            if inside:
                return Verdict(shares.same_country * _PERCENT, f"{where} is in {wish.country}, but not {wish.text}")
        elif inside:
            return Verdict(shares.match * _PERCENT, f"{where} is in {wish.country}")
        return Verdict(self._rules.missing("location"), f"the country of {where} is not known", ruled=True)

    def _read(self, spot: Spot) -> _Names:
        country, geography = country_code(spot.country), self._rules.geography
        segments = [p for t in (spot.city, spot.text) if t for p in map(phrase, t.replace(";", ",").split(",")) if p]
        regions = [phrase(spot.region)] if spot.region else [p for p in segments if geography.is_region(p, country)]
        named = frozenset().union(*(geography.region(r, country) for r in regions if r))
        towns = frozenset().union(*map(_parts, segments))
        text = spot.text or ", ".join(p for p in (spot.city, spot.region, country) if p) or "a place without a name"
        return _Names(text, frozenset((country,)) if country else self._countries(segments, towns), towns, named)

    def _countries(self, segments: Sequence[str], towns: frozenset[str]) -> frozenset[str] | None:
        """Countries of the areas named ("Remote - Europe"); all where only words for everywhere are."""
        areas = self._shares.areas
        if named := [countries for area, countries in areas.items() if countries and area in towns]:
            return frozenset().union(*named)
        everywhere = {area for area, countries in areas.items() if not countries}
        return frozenset() if any(everywhere.issuperset(s.split()) for s in segments) else None


class PlaceIndex:
    """The wishes of many campaigns, found by the names they ask for."""

    def __init__(self, wishes: Sequence[PlaceWish]) -> None:
        self.wishes = wishes
        self.groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
        self.by_name: dict[str, list[int]] = defaultdict(list)
        for i, wish in enumerate(wishes):
            self.groups[wish.country, bool(wish.heads)].append(i)
            for name in wish.heads | wish.wider:
                self.by_name[name].append(i)


def _parts(segment: str) -> frozenset[str]:
    """All runs of whole words of a name, so that `new york` is found in `new york city`."""
    words = segment.split()
    runs = {
        " ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + _LONGEST_NAME, len(words)) + 1)
    }
    return frozenset(run for run in runs if len(run) >= _SHORTEST_NAME) | {segment}
