"""Areas named by their cities: "Raleigh-Durham" is two places, "Winston-Salem" one, "Berlin-Mitte" a part of one."""

import re
from collections.abc import Iterator

from enricher.domain.gazetteer import Gazetteer
from enricher.domain.place_agreement import Part
from enricher.domain.place_nearness import NEAR, kilometres
from enricher.domain.rules import City

_JOINED = re.compile(r"[-–]")
_MOST = 4
#: Thousands of people from which a city is no district of the one before it.
_OF_ITS_OWN = 300
#: Shorter names are codes and articles.
_SHORTEST = 3


def cities_together(text: str, gazetteer: Gazetteer) -> tuple[City, ...]:
    """The cities near each other that hyphens join; () where the names are no such cities."""
    names = _JOINED.split(text)
    if not 1 < len(names) <= _MOST or any(len(name) < _SHORTEST or not name[0].isupper() for name in names):
        return ()
    first, *others = (gazetteer.cities(name) for name in names)
    for city in first:
        near = [next((c for c in found if _beside(c, city)), None) for found in others]
        group = (city, *(c for c in near if c))
        if len(group) == len(names):
            least = min(c.population for c in group)
            return group if least >= _OF_ITS_OWN or not any(map(gazetteer.has_districts, group)) else ()
    return ()


def each_of(parts: list[Part]) -> Iterator[list[Part]]:
    """The parts once for each city of an area among them."""
    at = next((at for at, part in enumerate(parts) if part.together), None)
    if at is None:
        yield parts
        return
    for city in parts[at].together:
        yield [*parts[:at], parts[at]._replace(text=city.name, cities=(city,), together=()), *parts[at + 1 :]]


def _beside(one: City, other: City) -> bool:
    return one is not other and one.country == other.country and kilometres(one, other) <= NEAR
