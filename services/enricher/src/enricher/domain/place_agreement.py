"""The country, region and city under which the parts of a location text agree best."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from enricher.domain.gazetteer import COMPASS, Gazetteer, Region, fold
from enricher.domain.rules import City

#: Thousands of people from which a name alone is a city's, not that of a region elsewhere.
_METROPOLIS = 300
#: The same from which a city of a country's name is meant by it: Luxembourg.
_CITY_STATE = 60
#: The same from which a city abroad is meant rather than an unknown town of a state: "Milano (MI)".
_LARGE = 300
#: How much likelier the first part is the city: "Walldorf (Baden)".
_FIRST = 0.1
#: Letters of a country's code as the systems of firms put it before a site: "CHN Xiamen".
CODE = 3
#: What stands for a country's name though it is as short as a code.
SHORT_NAMES = frozenset({"US", "USA", "UK", "UAE"})
#: Parts of a country that hold several towns: "Davis County", "Rhein-Sieg-Kreis".
_DISTRICTS = re.compile(
    r"(?:\b[Cc]ounty|\b[Kk]reis|kreis|\b[Pp]rovince|\b[Rr]egion|\b[Dd]istrict)$|^(?:Landkreis|Kreis|Province of) "
)
#: Ends of a line of an address: "3112 East Main St".
_STREET = re.compile(
    r"\s(?:St|Street|Ave|Avenue|Blvd|Boulevard|Rd|Road|Drive|Lane|Ln|Parkway|Pkwy|Highway|Hwy|Suite|Floor|Building)\.?$"
    r"|(?:straße|strasse|str\.)$"
)
_NAME = re.compile(r"[^\W\d_][^\W\d_]*(?:[ '.’-]+[^\W\d_]+){0,4}\.?")


class Found(NamedTuple):
    """A place read from text, with the rule that gave it; of a known city also where it lies, in degrees."""

    city: str | None
    region: str | None
    country: str | None
    rule: str
    latitude: float | None = None
    longitude: float | None = None


def found_city(city: City, region: str | None = None) -> Found:
    """A city of the gazetteer as a place; `region` where the gazetteer names none."""
    return Found(city.name, city.region or region, city.country, "place.city", city.latitude, city.longitude)


class Part(NamedTuple):
    """A piece of a location text between signs, and what it can be."""

    text: str
    postcode_follows: bool
    country: str | None
    regions: tuple[Region, ...]
    cities: tuple[City, ...]
    #: Whether the text names a part of the city, not the city itself.
    inside: bool = False
    #: The cities that the text joins to one area.
    together: tuple[City, ...] = ()


class _Reading(NamedTuple):
    score: float
    city: City | None
    city_text: str | None
    region: str | None
    country: str


class Agreement:
    """Tries each country that any part allows."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._weight, self._has_districts = gazetteer.weight, gazetteer.has_districts

    def of(self, parts: Sequence[Part], country: str | None) -> Found | None:
        """The reading that fits best, None where no part is known (in the country, if one is given)."""
        countries = dict.fromkeys(c for p in parts for c in _countries(p) if country is None or c == country)
        readings = [self._under(country, parts) for country in countries]
        if not readings:
            return None
        best = max(readings, key=lambda r: r.score)
        if best.city:
            return found_city(best.city, best.region)
        if best.city_text:
            return Found(best.city_text, best.region, best.country, "place.shape")
        return Found(None, best.region, best.country, "place.region" if best.region else "place.country")

    def _under(self, country: str, parts: Sequence[Part]) -> _Reading:
        """How well all parts fit into one country: each part serves as country, region or city, once."""
        region_part, region = _region_under(country, parts) or (None, None)
        city, city_part, score = self._city_under(country, parts, region_part, region)
        if city_part is region_part:
            region_part = region = None
        if city and len(parts) == 1 and self._is_known_alone(city, parts[0]):
            score += 1.6  # "Sofia" is a region of Madagascar as well
        if region:
            score += _weight_of_region(region)
        stated = [p for p in parts if p.country == country and p is not region_part]
        if stated:
            score += _weight_of_country(stated[0], parts)
        used = {id(p) for p in (city_part, region_part, *stated[:1]) if p}
        # Each other town of the country makes it likelier: "Bergheim, Heidelberg".
        score += 0.4 * sum(any(c.country == country for c in p.cities) for p in parts if city and id(p) not in used)
        shape = None if city else _shape(parts, used, country, region, stated)
        if not city and _by_code(region, stated) and _abroad(parts[0], country):
            score -= 1.5
        if region_part and region and not city and not shape:
            # A city that is a region, beside a street or its country: "Friedrichstraße 68, 10117 Berlin".
            own = (c for c in region_part.cities if (c.country, c.region) == (country, region.name))
            city = next((c for c in own if fold(c.name) == fold(region.name) or c.population >= _METROPOLIS), None)
        if city is None or city.population < _METROPOLIS:
            beside = parts if city_part is None else parts[: parts.index(city_part) + 2]
            own = (c for p in beside for c in p.cities if c.country == country and self._has_districts(c))
            city = next(own, city)
        return _Reading(score + (0.5 if shape else 0), city, shape, region.name if region else None, country)

    def _is_known_alone(self, city: City, part: Part) -> bool:
        """Whether a name alone is rather the city's than that of a region elsewhere."""
        size = self._weight(city) if all(r.rarer for r in part.regions) else city.population
        return size >= _METROPOLIS and fold(city.name) == fold(part.text)

    def _city_under(
        self, country: str, parts: Sequence[Part], region_part: Part | None, region: Region | None
    ) -> tuple[City | None, Part | None, float]:
        """The first city of the country that fits the region, else the first at all; its part and what it adds."""
        fitting: list[tuple[float, int, int, City, Part]] = []
        for index, part in enumerate(parts):
            for city in part.cities:
                if city.country != country or (part is region_part and len(parts) > 1 and part is not parts[0]):
                    continue
                beside = region if part is not region_part else None
                if not _means_city(city, part, beside, alone=len(parts) == 1):
                    continue
                score = 2.0 + min(self._weight(city), 20_000) / 10_000 + (_FIRST if index == 0 else 0)
                if region and part is not region_part:
                    score += 3.0 if city.region == region.name else -2.5
                fitting.append((score, -index, city.population, city, part))
        if not fitting:
            return None, None, 0.0
        high = max(f[0] for f in fitting)
        near = [f for f in fitting if f[0] > high - 2]
        score, _, _, city, part = max(near, key=lambda f: (not f[4].inside, f[1], f[0], f[2]))
        return (city, part, score) if score > 0 else (None, None, 0.0)


def _countries(part: Part) -> Iterator[str]:
    if part.country:
        yield part.country
    yield from (r.country for r in part.regions)
    # The largest few: a bare name never means the fifth town of that name unless something else says so.
    yield from (c.country for c in part.cities[:4])


def _means_city(city: City, part: Part, beside: Region | None, *, alone: bool) -> bool:
    """Whether a town is meant by what is the name of a state or country too: "Virginia, MN", not "Virginia"."""
    if beside and beside.name == city.region:
        return True
    if any(r.coded for r in part.regions) and not alone:
        return False  # "MO, LA, TX"
    if city.population >= _METROPOLIS:
        return True
    states = [r.name for r in part.regions if r.country == city.country]
    own_country = part.country == city.country and city.population < _CITY_STATE
    return not own_country and (not states or city.region in states)


def _by_code(region: Region | None, stated: Sequence[Part]) -> bool:
    """Whether nothing but a code speaks for a country."""
    return (region is None or region.coded) and all(len(p.text) == 2 for p in stated)


def _weight_of_region(region: Region) -> float:
    """A name says more than a code; one of a country of few postings may be a city's ("Saint-Louis")."""
    if region.coded:
        return 3.0 if region.rarer else 3.3
    return 2.0 if region.rarer else 3.5


def _weight_of_country(part: Part, parts: Sequence[Part]) -> float:
    """A country's name settles it; two letters may be a state as well, less likely so before a postcode of its own."""
    if len(part.text) > CODE or part.text in SHORT_NAMES:
        # Georgia is a state as well: Atlanta lies in that one, Tbilisi in the country.
        return 3.4 if len(parts) > 1 and any(r.country != part.country for r in part.regions) else 5.0
    if len(parts) > 1 and part is parts[-1] and any(r.coded and r.country == part.country for r in parts[-2].regions):
        return 4.0  # behind a region's code: "Houten, UT, NL"
    return 3.8 if part.postcode_follows else 3.2


def _region_under(country: str, parts: Sequence[Part]) -> tuple[Part, Region] | None:
    """The part that names a region of the country, rather a code, and not the first, which tends to be the city."""
    found = [
        (p, r) for p in parts if p.country != country or len(p.text) == 2 for r in p.regions if r.country == country
    ]
    later = [f for f in found if f[0] is not parts[0]]
    return max(later or found[:1], key=lambda f: f[1].coded, default=None)


def _abroad(part: Part, country: str) -> bool:
    """Whether the part is the name of a large city of other countries only."""
    large = not part.inside and any(c.population >= _LARGE for c in part.cities)
    return large and all(c.country != country for c in part.cities)


def _shape(
    parts: Sequence[Part], used: set[int], country: str, region: Region | None, stated: Sequence[Part]
) -> str | None:
    """A town the gazetteer lacks: a name of its own before a known region or country."""
    if not (region or stated):
        return None
    coded = _by_code(region, stated)
    for part in parts:
        elsewhere = coded and region and country not in {part.country, *(r.country for r in part.regions)}
        plain = (elsewhere or not (part.country or part.regions)) and id(part) not in used
        name = part.text
        if (
            plain
            and not _STREET.search(name)
            and _NAME.fullmatch(name)
            and len(name) > 2
            and _capital(name)
            and not _is_region(name)
        ):
            if coded and _abroad(part, country):
                continue
            return name.title() if name.isupper() and len(name) > CODE else name
    return None


def _capital(name: str) -> bool:
    """Whether the first and the last word have a capital, as those of names do."""
    return name[0].isupper() and not name.split()[-1][0].islower()


def _is_region(name: str) -> bool:
    """Whether a name is that of a county, or begins as sales regions do: "Southwest", "Northeast FA"."""
    first, *rest = name.lower().split()
    return is_district(name) or (first in COMPASS and (not rest or name.split()[1].isupper()))


def is_district(name: str) -> bool:
    """Whether a name is that of a county or the like."""
    return bool(_DISTRICTS.search(name))
