"""Reads places as sources write them: which cities, regions and countries a text names, each by one name."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

from common.settings import config_path
from sources.folding import normalise

_ALTERNATIVES = re.compile(r"[;/|&()]|\s[-–—]\s|\b(?:or|and|oder|und|ou|et)\b", re.IGNORECASE)


#: Countries whose regions are written by their codes, as in `Austin, TX`.
_BY_CODE = ("us", "ca", "au")


class NamedPlace(NamedTuple):
    """One place: its parts from the nearest to the widest, each as folded words; `wide` where it names no city."""

    parts: tuple[str, ...]
    wide: bool


class _Places(BaseModel):
    countries: dict[str, tuple[str, ...]]
    regions: dict[str, dict[str, tuple[str, ...]]]
    city_aliases: dict[str, str]


class _Names(NamedTuple):
    """`cities` and, by country, `regions` give the one name of a spelling; `countries` the code, as `country:gb`."""

    cities: dict[str, str]
    regions: dict[str, dict[str, str]]
    countries: dict[str, str]


@lru_cache
def _names() -> _Names:
    """`config/taxonomy/places.yml`, read once."""
    document: Any = yaml.safe_load(config_path("taxonomy/places.yml").read_text(encoding="utf-8"))
    places = _Places.model_validate(document)
    regions = {
        f"country:{country}": {normalise(name): normalise(names[0]) for code, names in listed.items()
                               for name in (*names, *([code] if country in _BY_CODE else ()))}
        for country, listed in places.regions.items()
    }  # fmt: skip
    return _Names(
        {normalise(alias): normalise(city) for alias, city in places.city_aliases.items()},
        regions,
        {normalise(name): f"country:{code}" for code, names in places.countries.items() for name in names},
    )


@lru_cache(maxsize=16_384)
def named_places(text: str, noise: frozenset[str]) -> tuple[NamedPlace, ...]:
    """The places that a text names; words of `noise` (folded, such as `remote`) name none.

    `Remote - NYC or Boston, MA` gives `new york city` and `boston, massachusetts`; `Remote, USA` one wide place.
    """
    found: list[NamedPlace] = []
    for alternative in _ALTERNATIVES.split(text):
        parts = [part for piece in alternative.split(",") if (part := _part(piece, noise))]
        if parts:
            listed = _names().regions
            tables = [listed[parts[-1]]] if parts[-1] in listed else list(listed.values())
            named = (parts[0], *(_region(part, tables) for part in parts[1:]))
            found.append(NamedPlace(named, parts[0].startswith("country:")))
    return tuple(found)


def is_region(part: str) -> bool:
    """Whether the part is the one name of a region (of the countries whose regions are listed)."""
    return part in _region_names()


@lru_cache
def _region_names() -> frozenset[str]:
    return frozenset(name for names in _names().regions.values() for name in names.values())


def _region(part: str, tables: list[dict[str, str]]) -> str:
    """A region by its one name: `WA` is Washington unless the place is in Australia."""
    return next((names[part] for names in tables if part in names), part)


def _part(piece: str, noise: frozenset[str]) -> str:
    """A part by its one name; a country at its end goes where it is not all of it, as in `London UK`."""
    names = _names()
    words = [word for word in normalise(piece).split() if word not in noise]
    whole = " ".join(words)
    if whole in names.countries:
        return names.countries[whole]
    if len(words) > 1 and words[-1] in names.countries:
        whole = " ".join(words[:-1])
    return names.cities.get(whole, whole)
