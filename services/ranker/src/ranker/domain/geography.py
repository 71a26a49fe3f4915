"""Names of countries, regions and cities, from `config/taxonomy/places.yml`, as ranking compares them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ranker.domain.text import phrase


class GeographyError(ValueError):
    """`places.yml` is not valid; the message says where."""


class PlaceNames(msgspec.Struct, frozen=True):
    """The part of the file that ranking uses: names by country, names by country and region code, city aliases."""

    countries: dict[str, list[str]]
    regions: dict[str, dict[str, list[str]]]
    city_aliases: dict[str, str]


class Geography:
    """Looks up other names of a place; all names are phrases (folded words)."""

    def __init__(self, names: PlaceNames) -> None:
        self.names = names
        self._countries = {code: frozenset(map(phrase, [code, *given])) for code, given in names.countries.items()}
        self._regions: dict[tuple[str, str], frozenset[str]] = {}
        for country, regions in names.regions.items():
            for code, given in regions.items():
                known = frozenset(map(phrase, [code, *given]))
                self._regions.update({(country, name): known for name in known})
        self._cities = {phrase(alias): phrase(city) for alias, city in names.city_aliases.items()}

    def country(self, code: str) -> frozenset[str]:
        """The country's code and names."""
        return self._countries.get(code, frozenset((code,)))

    def is_region(self, name: str, country: str) -> bool:
        """Whether the country has a region of this code or name."""
        return (country, name) in self._regions

    def region(self, name: str, country: str) -> frozenset[str]:
        """The region's code and names; the given name alone if the country has no such region."""
        return self._regions.get((country, name)) or frozenset((name,))

    def city(self, name: str) -> frozenset[str]:
        """The name and the usual name of the same city."""
        return frozenset((name, self._cities.get(name, name)))


def parse_places(raw: Mapping[str, Any]) -> Geography:
    """The names in `raw`; GeographyError where they are not of the expected shape."""
    try:
        return Geography(msgspec.convert(raw, PlaceNames))
    except msgspec.ValidationError as error:
        raise GeographyError(f"places.yml: {error}") from error
