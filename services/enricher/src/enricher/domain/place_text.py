"""Reads places out of a location text: parts, what each can be, and the country under which they agree best."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from enricher.domain.gazetteer import Gazetteer, Region
from enricher.domain.rules import City, PlaceRules
from enricher.domain.wording import Wording, words_pattern

_ALTERNATIVES = re.compile(r"\s*(?:;|\||•|·|\n|<br\s*/?>|\s/\s|\s(?:or|and|oder|ou|und|et)\s|\s&\s|\+\d+ more…?)\s*")
_PARTS = re.compile(r"\s*[,()\[\]:]\s*|\s+[-–—]+\s+|(?<=\w)[–—](?=\w)|(?<=\w)-\s+")
#: A slash between names without blanks around it.
_SLASH = re.compile(r"(?<=[^\W\d_]{2})/(?=[^\W\d_]{2})")
#: A name of nothing but these is a sales region, not a town.
_COMPASS = frozenset({
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest", "midwest", "central",
    "greater", "upper", "lower", "mid",
})  # fmt: skip
#: A number of a part of a French city: Lyon 3e, Paris 1er arrondissement.
_DISTRICT = re.compile(r"(?<=[a-z])\s+\d{1,2}\s?(?:er?|[eè]me)\b(?:\s+arr\w*)?", re.IGNORECASE)
#: Thousands of people from which cities in a row are places of their own ("Paris, Lyon"), not a district and its city.
_LARGE = 100
_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|[A-Z]{1,2}-?\d{3,6}|\d{4,7}(?:-\d{3,4})?)\b"
)
_IDEOGRAPHS = re.compile(r"[\u4e00-\u9fff]{3}")
_NAME = re.compile(r"[^\W\d_][^\W\d_]*(?:[ '.’-]+[^\W\d_]+){0,4}\.?")
#: Letters of a country's code as the systems of firms put it before a site: "CHN Xiamen".
_CODE = 3
#: Longest location text that is read, in characters.
_LONGEST = 300


class Found(NamedTuple):
    """A place read from text, with the rule that gave it."""

    city: str | None
    region: str | None
    country: str | None
    rule: str


class _Part(NamedTuple):
    text: str
    postcode_follows: bool
    country: str | None
    regions: tuple[Region, ...]
    cities: tuple[City, ...]


class PlaceTexts:
    """A parser of location texts over the gazetteer; texts repeat, so readings are kept.

    A text is cut into parts; every part can be a country, regions or cities. Each country that any part allows is
    tried, and the one under which the parts agree best is taken: `CA` is California behind `San Jose`, Canada behind
    `Toronto`.
    """

    def __init__(self, rules: PlaceRules, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._noise = words_pattern([*rules.not_places, *(name for names in rules.areas.values() for name in names)])
        self._areas = Wording(rules.areas)
        self.parse = lru_cache(maxsize=40_000)(self._parse)

    def _parse(self, text: str, country: str | None = None) -> tuple[Found, ...]:
        """Places named in a text, all in `country` if that is known; () where it names none ("Remote", "Various")."""
        text = _SLASH.sub(" / ", text[:_LONGEST])
        pieces = [even for piece in _ALTERNATIVES.split(text) if piece.strip() for even in _apart(self._parts(piece))]
        read = [found for parts in pieces if parts and (found := _agree(parts, country))]
        with_city = [f for f in read if f.city]
        if len(with_city) > 1:
            return tuple(dict.fromkeys(_complete(f, read) for f in with_city))
        # Pieces without a city describe one place together: "US | Remote, United States", "TX | United States".
        merged = _agree([part for parts in pieces for part in parts], country)
        if merged and (with_city or len({f.country for f in read if f.country}) <= 1):
            return (merged,)
        return tuple(dict.fromkeys(read))

    def areas(self, text: str) -> list[str]:
        """Areas of several countries named in a text (EMEA, Europe), in its order."""
        return list(dict.fromkeys(area for area, _ in self._areas.find(text.lower())))

    def _parts(self, piece: str) -> list[_Part]:
        words = _PARTS.split(piece)
        postcodes = [bool(_POSTCODE.fullmatch(w.strip())) for w in words[1:]] + [False]
        read = [(self._read_part(w), follows) for w, follows in zip(words, postcodes, strict=True)]
        return [part._replace(postcode_follows=follows) for parts, follows in read for part in parts]

    def _read_part(self, words: str) -> list[_Part]:
        """A part as it is, else cut at hyphens ("USA-WA-Tacoma"), else its last word as a region ("Austin TX")."""
        if (whole := words.strip()) and (known := self._look_up(whole)).cities:
            return [known]
        text = self._clean(words)
        if not text:
            return []
        part = self._look_up(text)
        if part.country or part.regions or part.cities:
            return [part]
        if _IDEOGRAPHS.match(text):
            # No blanks there: the city stands first, the ward behind it.
            prefixes = (self._look_up(text[:length]) for length in (4, 3, 2))
            return [next((p for p in prefixes if p.cities or p.country), part)]
        if "-" in text:
            cut = [part for words in text.split("-") for part in self._read_part(words)]
            if any(p.country or p.regions for p in cut):
                return cut
        code, _, rest = text.partition(" ")
        if rest and len(code) == _CODE and code.isupper() and self._gazetteer.country(code):
            return [self._look_up(code), *(self._look_up(word) for word in (rest, *rest.split()[1:]))]
        if rest and rest[0].islower() and code.isupper() and self._gazetteer.regions(code):
            return [self._look_up(code)]  # "MA with travel"
        head, _, tail = text.rpartition(" ")
        if head and (self._gazetteer.country(tail) or any(r.coded for r in self._gazetteer.regions(tail))):
            return [*self._read_part(head), self._look_up(tail)]
        return [part]

    def _clean(self, words: str) -> str:
        """The words without postcodes and without what says nothing about the place."""
        words = _DISTRICT.sub("", _POSTCODE.sub(" ", words)).strip(" \t.,/-–—*")
        low = words.lower()
        if len(low) == len(words):
            for match in reversed(list(self._noise.finditer(low))):
                words = words[: match.start()] + " " + words[match.end() :]
        return " ".join(words.strip(" .,/-–—*").split())

    def _look_up(self, text: str) -> _Part:
        gazetteer = self._gazetteer
        return _Part(
            text, False, gazetteer.country(text), tuple(gazetteer.regions(text)), tuple(gazetteer.cities(text))
        )


def _apart(parts: list[_Part]) -> list[list[_Part]]:
    """The parts of a piece, one by one where each is a country, or each a large city of one country."""
    if len(parts) < 2:
        return [parts]
    if all(p.country and not p.regions and not p.cities and len(p.text) > _CODE for p in parts):
        return [[p] for p in parts]
    large = [{c.country for c in p.cities[:3] if c.population >= _LARGE} for p in parts]
    named = not any(p.country or p.regions for p in parts)
    return [[p] for p in parts] if named and set.intersection(*large) else [parts]


def _complete(found: Found, all_found: Iterable[Found]) -> Found:
    """A city without a country gets the country that all the others share."""
    if found.country:
        return found
    countries = {f.country for f in all_found if f.country}
    return found._replace(country=countries.pop()) if len(countries) == 1 else found


class _Reading(NamedTuple):
    score: float
    city: City | None
    city_text: str | None
    region: str | None
    country: str


def _agree(parts: Sequence[_Part], country: str | None) -> Found | None:
    """The reading under which the parts agree best, None where no part is known (in the country, if one is given)."""
    countries = dict.fromkeys(c for p in parts for c in _countries(p) if country is None or c == country)
    readings = [_under(country, parts) for country in countries]
    if not readings:
        return None
    best = max(readings, key=lambda r: r.score)
    if best.city:
        return Found(best.city.name, best.city.region or best.region, best.country, "place.city")
    if best.city_text:
        return Found(best.city_text, best.region, best.country, "place.shape")
    return Found(None, best.region, best.country, "place.region" if best.region else "place.country")


def _countries(part: _Part) -> Iterator[str]:
    if part.country:
        yield part.country
    yield from (r.country for r in part.regions)
    # The largest few: a bare name never means the fifth town of that name unless something else says so.
    yield from (c.country for c in part.cities[:8])


def _under(country: str, parts: Sequence[_Part]) -> _Reading:
    """How well all parts fit into one country: each part serves as country, region or city, once."""
    region_part, region = _region_under(country, parts) or (None, None)
    city, city_part, score = _city_under(country, parts, region_part, region)
    if city_part is region_part:
        region_part = region = None
    if region:
        score += 3.3 if region.coded else 3.5
    stated = [p for p in parts if p.country == country and p is not city_part and p is not region_part]
    if stated:
        score += _weight_of_country(stated[0])
    used = {id(p) for p in (city_part, region_part, *stated[:1]) if p}
    shape = None if city else _shape(parts, used, known=bool(region or stated))
    return _Reading(score + (0.5 if shape else 0), city, shape, region.name if region else None, country)


def _weight_of_country(part: _Part) -> float:
    """A country's name settles it; two letters may be a state as well, less likely so before a postcode of its own."""
    if len(part.text) != 2 or part.text in {"US", "UK"}:
        return 5.0
    return 3.8 if part.postcode_follows else 3.2


def _region_under(country: str, parts: Sequence[_Part]) -> tuple[_Part, Region] | None:
    """The part that names a region of the country, rather not the first, which tends to be the city."""
    found = [
        (p, r) for p in parts if p.country != country or len(p.text) == 2 for r in p.regions if r.country == country
    ]
    later = [f for f in found if f[0] is not parts[0]]
    return (later or found)[0] if found else None


def _city_under(
    country: str, parts: Sequence[_Part], region_part: _Part | None, region: Region | None
) -> tuple[City | None, _Part | None, float]:
    """The first city of the country that fits the region, else the first at all; its part and what it adds."""
    fitting: list[tuple[float, int, int, City, _Part]] = []
    for index, part in enumerate(parts):
        for city in part.cities:
            if city.country != country or (part is region_part and len(parts) > 1 and part is not parts[0]):
                continue
            score = 2.0 + min(city.population, 20_000) / 10_000
            if region and part is not region_part:
                score += 3.0 if city.region == region.name else -2.5
            fitting.append((score, -index, city.population, city, part))
    if not fitting:
        return None, None, 0.0
    high = max(f[0] for f in fitting)
    score, _, _, city, part = max((f for f in fitting if f[0] > high - 2), key=lambda f: (f[1], f[0], f[2]))
    return (city, part, score) if score > 0 else (None, None, 0.0)


def _shape(parts: Sequence[_Part], used: set[int], *, known: bool) -> str | None:
    """A town the gazetteer lacks: a name of its own before a known region or country."""
    if not known:
        return None
    for part in parts:
        plain = not (part.country or part.regions) and id(part) not in used
        name = part.text
        if plain and _NAME.fullmatch(name) and len(name) > 2 and name[0].isupper() and not _is_region(name):
            return name.title() if name.isupper() and len(name) > _CODE else name
    return None


def _is_region(name: str) -> bool:
    """Whether a name begins as sales regions do and is no town's: "Southwest", "Northeast FA"."""
    first, *rest = name.lower().split()
    return first in _COMPASS and (not rest or name.split()[1].isupper())
