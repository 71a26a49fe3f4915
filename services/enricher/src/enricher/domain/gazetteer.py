"""Names of countries, regions and cities, and what each can mean."""

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from enricher.domain.rules import City, PlaceRules

_DROPPED = re.compile(r"['’.]")
_SEPARATORS = re.compile(r"[\W_]+")
#: What may be left off a German name: Bad Homburg vor der Höhe, Klagenfurt am Wörthersee.
LOCATED = re.compile(r" (?:vor|an|am|ob|im|in|bei|unter) (?:de[rm] )?\S+$")
GERMAN = frozenset({"at", "ch", "de"})
#: Thousands of people from which a town is meant by its short name.
_LARGE = 50
#: Letters that are no others with an accent.
_LETTERS = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "’": "'", "ʼ": "'",
})  # fmt: skip
#: As they are written where there is no such key: Muenchen, Aarhus.
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_WITH_UMLAUTS = frozenset({"at", "ch", "de", "dk", "fi", "no", "se"})
#: How many times smaller a city must be to give its name up to one that is called so as well.
_SMALLER = 10
_DOTTED = re.compile(r"[A-Z]\.[A-Z]\.?")
#: How much likelier a place is meant that lies where most postings come from: Valencia is in Spain.
_LIKELIER = 3
#: What a region is called beside its name.
_KIND_OF_REGION = re.compile(
    r"^(?:State|Province|Region|Canton|Kanton|Estado|Provincia|Comunidad|Land) (?:of |de |di |do |von )?(?=[^\W\d_])"
    r"| (?:State|Province|Prefecture|Voivodeship|Canton)$"
)
#: A name of nothing but these is a sales region, not a town.
COMPASS = frozenset({
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest", "midwest", "central",
    "greater", "upper", "lower", "mid", "northern", "southern", "eastern", "western",
})  # fmt: skip
#: Where "City" is a part of names: Union City is not Union. Elsewhere it is said of any: "Hsinchu City".
_CITY_IN_NAME = frozenset({"au", "ca", "gb", "ie", "nz", "us"})
_SHORT = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}


@lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """A name as a key: lower case, without accents and punctuation, `St.` written out."""
    return _folded(name)


def _folded(name: str) -> str:
    plain = name.lower()
    if plain.isalpha() and plain.isascii():
        return plain  # most names are one word
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = _SEPARATORS.sub(" ", _DROPPED.sub("", plain)).split()
    if words and words[0] in _SHORT:
        words[0] = _SHORT[words[0]]
    return " ".join(words)


class Region(NamedTuple):
    """A state, province or the like; `coded` where written as its code, `rarer` where it is less often meant."""

    country: str
    name: str
    coded: bool
    rarer: bool = False


class Gazetteer:
    """Look-ups by folded name; `country` and `region` take what stands in a posting as it is written."""

    def __init__(self, rules: PlaceRules, cities: list[City]) -> None:
        self._countries = {fold(n): code for code, names in rules.countries.items() for n in names if len(n) > 3}
        self._country_codes = {
            n.upper(): code for code, ns in rules.countries.items() for n in (code, *ns) if len(n) < 4
        }
        self._country_codes["UK"] = "gb"
        regions_of = (names for regions in rules.regions.values() for names in regions.values())
        #: Names of countries and regions as the rules write them.
        self.area_names = [name for names in (*rules.countries.values(), *regions_of) for name in names]
        self._regions: dict[str, list[Region]] = defaultdict(list)
        self._region_codes: dict[str, list[Region]] = defaultdict(list)
        for country, regions in rules.regions.items():
            for code, names in regions.items():
                # NL and SE are countries before they are Newfoundland and Sergipe; DE and IN are states.
                rarer = code in self._region_codes or (country != "us" and code.lower() in rules.countries)
                self._region_codes[code].append(Region(country, names[0], coded=True, rarer=rarer))
                for name in names:
                    self._regions[fold(name)].append(Region(country, names[0], coded=False))
        self._frequent = frozenset(rules.frequent)
        self._with_districts = {(country, name) for country, names in rules.with_districts.items() for name in names}
        self._well_known = {(country, name) for country, names in rules.well_known.items() for name in names}
        self._cities: dict[str, list[City]] = defaultdict(list)
        self._index_cities(cities)
        self._index_regions(cities)
        self._index_aliases({fold(a): fold(c) for a, c in rules.city_aliases.items()})

    def _index_cities(self, cities: list[City]) -> None:
        folded = [_folded(city.name) for city in cities]  # each is met once: nothing to remember
        for name, city in zip(folded, cities, strict=True):
            self._cities[name].append(city)
        largest = {name: max(c.population for c in same) for name, same in self._cities.items()}
        for own, city in zip(folded, cities, strict=True):
            for name in _further_names(city) - {own}:
                # Bordeaux was called Porto by some, but Porto is Porto.
                if largest.get(name, 0) * _SMALLER < city.population:
                    self._cities[name].append(city)
        for found in self._cities.values():
            if len(found) > 1:
                found.sort(key=lambda c: -self.weight(c))

    def _index_regions(self, cities: list[City]) -> None:
        known = {(r.country, fold(r.name)) for regions in self._regions.values() for r in regions}
        for country, region in dict.fromkeys((city.country, city.region) for city in cities if city.region):
            key = (country, fold(region))
            if key not in known:
                known.add(key)
                rarer = country not in self._frequent
                self._regions[key[1]].append(Region(country, region, coded=False, rarer=rarer))

    def _index_aliases(self, aliases: dict[str, str]) -> None:
        for alias, name in aliases.items():
            if name in self._cities:
                both = {*self._cities.get(alias, ()), self._cities[name][0]}
                self._cities[alias] = sorted(both, key=lambda c: (-self.weight(c), c.country, c.region))

    def weight(self, city: City) -> int:
        """How likely a bare name means the city: thousands of people, several times where postings are frequent."""
        return city.population * _LIKELIER if city.country in self._frequent else city.population

    def has_districts(self, city: City) -> bool:
        """Whether names before the city's are those of its districts ("Kreuzberg, Berlin"), not of towns near it."""
        return (city.country, city.name) in self._with_districts

    def is_well_known(self, city: City) -> bool:
        """Whether the bare name means the city, whatever cities of other countries stand beside it."""
        return (city.country, city.name) in self._well_known

    def country(self, written: str) -> str | None:
        """ISO 3166-1 alpha-2 in lower case; codes must be in capitals, `uk` counts as `gb`."""
        if len(written) < 4 and (code := self._country_codes.get(written)):
            return code
        return self._countries.get(fold(written))

    def country_of_field(self, stated: str) -> str | None:
        """As `country`, of a source's own country field: codes count in any letter case."""
        stated = stated.strip()
        return self._country_codes.get(stated.upper()) if len(stated) < 4 else self.country(stated)

    def regions(self, written: str) -> list[Region]:
        """Regions that the text can mean; codes must be in capitals."""
        coded = self._region_codes.get(written, []) if len(written) < 4 else []
        if _DOTTED.fullmatch(written):  # "Victoria B.C", "New York, N.Y."
            code = written.replace(".", "")  # not N.L., which is Nuevo León
            coded = [r for r in self._region_codes.get(code, ()) if r.country == "us" or code == "BC"]
        return coded + (self._regions.get(fold(written)) or self._regions_of(written))

    def _regions_of(self, written: str) -> list[Region]:
        """Regions by their names with what they are: "State of Bavaria", "Ontario Province"."""
        name = fold(_KIND_OF_REGION.sub("", written, count=1))
        return [] if len(name) == len(written) or name in COMPASS else self._regions.get(name, [])

    def cities(self, written: str) -> list[City]:
        """Cities of that name, the largest first."""
        found = self._cities.get(fold(written), []) if len(written) > 1 else []
        if found or not written.endswith(" City"):
            return found
        return [c for c in self._cities.get(fold(written[:-5]), ()) if c.country not in _CITY_IN_NAME]


def _further_names(city: City) -> set[str]:
    """Folded names beside the usual one."""
    further = {fold(n) for n in city.names} if city.names else set()
    if " / " in city.name:  # "Donostia / San Sebastián"
        further.update(fold(n) for n in city.name.split(" / "))
    if city.country in _WITH_UMLAUTS and not city.name.isascii():
        further.add(fold(city.name.lower().translate(_WRITTEN_OUT)))
    large = city.country in GERMAN and city.population >= _LARGE
    if large and (located := LOCATED.search(city.name)):
        further.add(fold(city.name[: located.start()]))
    return further
