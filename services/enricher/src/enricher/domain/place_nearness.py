"""What stands before a large city: a part of it or a town near it ("Stratford, London"), not a namesake far away."""

from collections.abc import Callable
from itertools import pairwise
from math import cos, hypot, radians

from enricher.domain.place_agreement import Part
from enricher.domain.rules import City

#: Thousands of people from which a city's parts are named before it, and from which two cities in a row are two.
_HAS_PARTS, _OF_ITS_OWN = 300, 100
#: Kilometres within which a town belongs to a city.
NEAR = 60.0
_KM_PER_DEGREE = 111.2


def near_the_next(parts: list[Part], weight: Callable[[City], int]) -> list[Part]:
    """The parts, each before a large city without the namesakes that are far from it."""
    found = list(parts)
    for at, (part, following) in enumerate(pairwise(parts)):
        city = _large(following, parts[at + 2 :], weight)
        if city is None or not part.cities or part.country or part.regions:
            continue
        near = tuple(c for c in part.cities if kilometres(c, city) <= NEAR)
        if near or all(c.population < _OF_ITS_OWN for c in part.cities):
            found[at] = part._replace(cities=near)
    return found


def kilometres(one: City, other: City) -> float:
    """Distance of two cities as on a plane: right to a hundredth where they are near, which is all that is asked."""
    east = (one.longitude - other.longitude) * cos(radians((one.latitude + other.latitude) / 2))
    return _KM_PER_DEGREE * hypot(one.latitude - other.latitude, east)


def _large(part: Part, behind: list[Part], weight: Callable[[City], int]) -> City | None:
    """The large city that a part can only mean, in the region and country that may stand behind it."""
    if part.country or part.regions or part.inside:
        return None
    named = [(p.country, {(r.country, r.name) for r in p.regions}) for p in behind if p.country or p.regions]
    for city in part.cities:
        if all(country == city.country or (city.country, city.region) in regions for country, regions in named):
            return city if max(city.population, weight(city)) >= _HAS_PARTS else None
    return None
