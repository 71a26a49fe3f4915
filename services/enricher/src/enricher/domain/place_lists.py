"""Which parts of a location text are places of their own: "Paris, Lyon" are two, "Bonn, Nordrhein-Westfalen" is one."""

from collections.abc import Callable, Sequence
from itertools import combinations

from enricher.domain.place_agreement import CODE, SHORT_NAMES, Part
from enricher.domain.place_nearness import NEAR, kilometres
from enricher.domain.rules import City

#: Thousands of people from which cities in a row are places of their own, not a district and its city.
_LARGE = 100
#: The same from which a town is meant by its name and state: "Rome, New York".
_TOWN = 10
#: Names from which no district of a city is among them.
_ROW = 5
#: The same, by how many they are, where they are of different countries; of just two their weight counts.
_OF_SEVERAL_COUNTRIES = {2: 1_900, 3: 200}
#: The same from which a city has no need of its country's name.
_KNOWN = 300
#: The same from which a city has districts as large as cities.
_WITH_DISTRICTS = 900


def apart(parts: list[Part], weight: Callable[[City], int], is_well_known: Callable[[City], bool]) -> list[list[Part]]:
    """The parts of a piece by place: countries in a row, names that each have a country or state, large cities."""
    if len(parts) < 2:
        return [parts]
    if all(is_country(p) for p in parts) or _two_countries(parts):
        return [[p] for p in parts]
    known = _well_known(parts, is_well_known)
    ended = known or _by_ends(parts, is_country) or _by_ends(parts, _is_code)
    return ended or _large_cities(parts, weight) or [parts]


def _well_known(parts: list[Part], is_well_known: Callable[[City], bool]) -> list[list[Part]]:
    """Two large cities of different countries of which one needs no more than its name: "SF, Vancouver"; else []."""
    if len(parts) > 2 or not all(_city_alone(p) for p in parts):
        return []
    one, other = (p.cities[0] for p in parts)
    if one.country == other.country or min(one.population, other.population) < _KNOWN:
        return []
    if not (is_well_known(one) or is_well_known(other)) or _any_near(*parts):
        return []
    return [[_only(p, p.cities[0].country)] for p in parts]


def row_of_towns(parts: list[Part]) -> list[list[Part]]:
    """Three or more cities of one country, far from each other unless many; [] where a district may be among them."""
    if len(parts) < 3 or not all(_city_alone(p) for p in parts):
        return []
    shared = set.intersection(*({c.country for c in p.cities[:3]} for p in parts))
    for country in dict.fromkeys(c.country for c in parts[0].cities if c.country in shared):
        cities = [next(c for c in p.cities if c.country == country) for p in parts]
        # Not Paris, Texas: a smaller namesake has to be large itself.
        meant = all(c.population >= (_TOWN if c is p.cities[0] else _LARGE) for c, p in zip(cities, parts, strict=True))
        far = len(parts) >= _ROW or all(kilometres(a, b) > NEAR for a, b in combinations(cities, 2))
        if meant and far:
            return [[_only(p, country)] for p in parts]
    return []


def _two_countries(parts: list[Part]) -> bool:
    """Whether a large city stands behind another country: "US-Remote, Toronto"."""
    first, second, *more = parts
    if more or not is_country(first) or not second.cities or second.country or second.regions:
        return False
    inside = (c.population for c in second.cities if c.country == first.country)
    return second.cities[0].population >= _KNOWN and max(inside, default=0) < _LARGE


def _city_alone(part: Part) -> bool:
    """Whether a part names a city, and nothing else that is likelier."""
    if not part.cities or part.country or part.inside or _is_code(part):
        return False
    return not part.regions or part.cities[0].population >= _KNOWN


def _any_near(one: Part, other: Part) -> bool:
    """Whether namesakes lie side by side: "Vancouver, Portland"."""
    return any(kilometres(a, b) <= NEAR for a in one.cities for b in other.cities if a.country == b.country)


def is_country(part: Part) -> bool:
    """Whether a part can only be a country, or a city of its name in it ("Singapore")."""
    named = part.country and (len(part.text) > CODE or part.text in SHORT_NAMES)
    large = (c for c in part.cities[:1] if c.population >= _KNOWN)
    inside = {r.country for r in part.regions} | {c.country for c in large}
    return bool(named) and inside <= {part.country}


def _is_code(part: Part) -> bool:
    return len(part.text) <= CODE and any(r.coded for r in part.regions)


def _by_ends(parts: list[Part], ends: Callable[[Part], bool]) -> list[list[Part]]:
    """Cut behind each part that ends a place ("Paris, France, London, UK"); () where one would have no name."""
    groups: list[list[Part]] = [[]]
    for part in parts:
        groups[-1].append(part)
        if ends(part):
            groups.append([])
    if groups[-1] or len(groups) < 3:
        return []
    groups.pop()
    return groups if all(len(group) > 1 and not ends(group[0]) for group in groups) else []


def _large_cities(parts: list[Part], weight: Callable[[City], int]) -> list[list[Part]]:
    """Large cities in a row, each with the region or country that may stand behind it; () where something else does."""
    lead, rest = ([parts[0]], parts[1:]) if is_country(parts[0]) and not parts[0].cities else ([], parts)
    groups: list[tuple[list[City], list[Part]]] = []
    for part in rest:
        large = [c for c in part.cities[:3] if c.population >= _LARGE]
        if groups and any(_holds(part, city) for city in groups[-1][1][0].cities if city.population >= _TOWN):
            groups[-1][1].append(part)
        elif large and not _is_code(part) and not (groups and _district(groups[-1][0], large)):
            groups.append((large, [part]))
        else:
            return []
    if len(groups) < 2:
        return []
    shared = set.intersection(*({c.country for c in cities} for cities, _ in groups))
    if lead:
        shared &= {lead[0].country or ""}
    if shared:
        country = next(c.country for c in groups[0][0] if c.country in shared)
        return [[_only(group[0], country), *group[1:]] for _, group in groups]
    least = _OF_SEVERAL_COUNTRIES.get(len(groups), _LARGE)
    sizes = (weight(cities[0]) if len(groups) == 2 else cities[0].population for cities, _ in groups)
    of_their_own = not lead and all(size >= least for size in sizes)
    return [group for _, group in groups] if of_their_own else []


def _holds(part: Part, city: City) -> bool:
    """Whether a part names the region or country of a city."""
    return part.country == city.country or any((r.country, r.name) == (city.country, city.region) for r in part.regions)


def _district(one: Sequence[City], other: Sequence[City]) -> bool:
    """Whether one of two cities is likely a district of the other, or the other way round."""
    pairs = ((a, b) for a in one for b in other if (a.country, a.region) == (b.country, b.region))
    sizes = (sorted((a.population, b.population)) for a, b in pairs)
    return any(large >= _WITH_DISTRICTS > 3 * small for small, large in sizes)


def _only(part: Part, country: str) -> Part:
    """The part as a city of that country."""
    return part._replace(country=None, regions=(), cities=tuple(c for c in part.cities if c.country == country))
