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
_LOCATED = re.compile(r" (?:vor|an|am|ob|im|in|bei|unter) (?:de[rm] )?\S+$")
#: Thousands of people from which a town is meant by its short name.
_LARGE = 50
_SHORT = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}


@lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """A name as a key: lower case, without accents and punctuation, `St.` written out."""
    plain = name.lower()
    if plain.isalpha() and plain.isascii():
        return plain  # most names are one word
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.replace("ß", "ss"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = _SEPARATORS.sub(" ", _DROPPED.sub("", plain)).split()
    if words and words[0] in _SHORT:
        words[0] = _SHORT[words[0]]
    return " ".join(words)


class Region(NamedTuple):
    """A state, province or the like; `coded` where written as its code, `rarer` where a country before has that too."""

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
        self._regions: dict[str, list[Region]] = defaultdict(list)
        self._region_codes: dict[str, list[Region]] = defaultdict(list)
        for country, regions in rules.regions.items():
            for code, names in regions.items():
                rarer = code in self._region_codes
                self._region_codes[code].append(Region(country, names[0], coded=True, rarer=rarer))
                for name in names:
                    self._regions[fold(name)].append(Region(country, names[0], coded=False))
        self._cities: dict[str, list[City]] = defaultdict(list)
        self._index(cities, {fold(a): fold(c) for a, c in rules.city_aliases.items()})

    def _index(self, cities: list[City], aliases: dict[str, str]) -> None:
        known = {(r.country, fold(r.name)) for regions in self._regions.values() for r in regions}
        for city in cities:
            self._cities[fold(city.name)].append(city)
            further = {fold(n) for n in city.names} if city.names else set()
            if " / " in city.name:  # "Donostia / San Sebastián"
                further.update(fold(n) for n in city.name.split(" / "))
            large = city.country in {"at", "de"} and city.population >= _LARGE
            if large and (located := _LOCATED.search(city.name)):
                further.add(fold(city.name[: located.start()]))
            for name in further - {fold(city.name)}:
                self._cities[name].append(city)
            key = (city.country, fold(city.region))
            if city.region and key not in known:
                known.add(key)
                self._regions[key[1]].append(Region(city.country, city.region, coded=False))
        for found in self._cities.values():
            if len(found) > 1:
                found.sort(key=lambda c: -c.population)
        for alias, name in aliases.items():
            if name in self._cities:
                self._cities[alias] = sorted({*self._cities.get(alias, ()), *self._cities[name]}, key=_by_size)

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
        return coded + self._regions.get(fold(written), [])

    def cities(self, written: str) -> list[City]:
        """Cities of that name, the largest first."""
        return self._cities.get(fold(written), []) if len(written) > 1 else []


def _by_size(city: City) -> tuple[int, str, str]:
    return (-city.population, city.country, city.region)
