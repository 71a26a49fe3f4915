"""Reads places out of a location text: parts, what each can be, and the country under which they agree best."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from enricher.domain.gazetteer import Gazetteer, Region, fold
from enricher.domain.rules import City, PlaceRules
from enricher.domain.wording import Wording, words_pattern

_ALTERNATIVES = re.compile(r"\s*(?:;|\||•|·|\n|<br\s*/?>|\s/\s|\s(?:or|and|oder|ou|und|et)\s|\s&\s|\+\d+ more…?)\s*")
_PARTS = re.compile(r"\s*[,()\[\]:]\s*|\s+[-–—]+\s+|(?<=\w)[–—](?=\w)|(?<=\w)-\s+")
#: A slash between names without blanks around it.
_SLASH = re.compile(r"(?<=[^\W\d_]{2})/(?=[^\W\d_]{2})")
#: A code behind a slash belongs to the name before it: "Porto Alegre/RS".
_SLASHED_CODE = re.compile(r"(?<=[^\W\d_]{3})\s?/\s?([A-Z]{2})(?=\s*(?:$|[,;(]))")
#: A French department behind its town: "Objat (19)".
_DEPARTMENT = re.compile(r"\s*\((?:\d\d|2[AB]|97[1-6])\)")
#: Words that may stand before a name once others are gone: "On-site in Dubai".
_TOWARDS = re.compile(r"^(?:[Ii]n|at|near|around|from|bei|nähe|en|à|près de|em|[Cc]o\.|[Cc]ounty)\s+(?=[^\W\d_])")
#: A name of nothing but these is a sales region, not a town.
_COMPASS = frozenset({
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest", "midwest", "central",
    "greater", "upper", "lower", "mid",
})  # fmt: skip
#: A number of a part of a French city: Lyon 3e, Paris 1er arrondissement.
_DISTRICT = re.compile(r"(?<=[a-z])\s+\d{1,2}\s?(?:er?|[eè]me)\b(?:\s+arr\w*)?", re.IGNORECASE)
#: What may stand behind the name of a city: its parts (Praha 4, Amsterdam-Zuid), a river (Mülheim a. d. Ruhr).
_BEHIND_CITY = re.compile(r"(?<=[^\W\d_]{2})(?:\s\d{1,2}|-[A-Z]\w+|\s[abiv]\.\s?.*)$")
#: Thousands of people from which cities in a row are places of their own ("Paris, Lyon"), not a district and its city.
_LARGE = 100
#: The same from which a name alone is a city's, not that of a region elsewhere.
_METROPOLIS = 300
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
        text = _SLASH.sub(" / ", _SLASHED_CODE.sub(self._code_apart, text[:_LONGEST]))
        text = _DEPARTMENT.sub(", France; ", text)
        if "(" in text and len(known := self._gazetteer.cities(text)) == 1:  # "Frankfurt (Oder)"
            return (Found(known[0].name, known[0].region or None, known[0].country, "place.city"),)
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
        """A part as it is where that is known, else without what says nothing about the place, else cut."""
        if (whole := words.strip()) and (known := self._known(whole)):
            return [known]
        text = self._clean(words)
        if not text:
            return []
        part = self._look_up(text)
        return [part] if part.country or part.regions or part.cities else self._cut(part)

    def _cut(self, part: _Part) -> list[_Part]:
        """An unknown part cut at hyphens ("USA-WA-Tacoma"), else its last word as a region ("Austin TX")."""
        text = part.text
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
        return [self._inside(part)]

    def _inside(self, part: _Part) -> _Part:
        """What follows "in" ("must live in Texas"), or the city that the part begins with."""
        _, within, name = part.text.rpartition(" in ")
        if within and name[:1].isupper():
            return self._look_up(name)
        city = self._look_up(_BEHIND_CITY.sub("", part.text))
        return city if city.cities else part

    def _clean(self, words: str) -> str:
        """The words without postcodes and without what says nothing about the place."""
        words = _DISTRICT.sub("", _POSTCODE.sub(" ", words)).strip(" \t.,/-–—*")
        low = words.lower()
        if len(low) == len(words):
            for match in reversed(list(self._noise.finditer(low))):
                words = words[: match.start()] + " " + words[match.end() :]
        return _TOWARDS.sub("", " ".join(words.strip(" .,/-–—*").split()))

    def _known(self, whole: str) -> _Part | None:
        """A name as it stands, before a word is taken from "South Africa" or "Rhein-Main-Gebiet"."""
        known = self._look_up(whole)
        if self._areas.exact(whole):
            return None  # Asia is a town of the Philippines
        return known if known.cities or known.country or (known.regions and len(whole) > _CODE) else None

    def _code_apart(self, slashed: re.Match[str]) -> str:
        """A comma before the code of a region, the slash as it is before anything else ("London/UK/US")."""
        code = slashed[1]
        return f", {code}" if self._gazetteer.regions(code) and not self._gazetteer.cities(code) else slashed[0]

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
    if city and len(parts) == 1 and city.population >= _METROPOLIS and fold(city.name) == fold(parts[0].text):
        score += 1.6  # "Sofia" is a region of Madagascar as well
    if region:
        score += 3.5 if not region.coded else 3.0 if region.rarer else 3.3
    stated = [p for p in parts if p.country == country and p is not city_part and p is not region_part]
    if stated:
        score += _weight_of_country(stated[0], parts)
    used = {id(p) for p in (city_part, region_part, *stated[:1]) if p}
    shape = None if city else _shape(parts, used, known=bool(region or stated))
    if region_part and region and not city and not shape:
        # A city that is a region, beside a street or its country: "Friedrichstraße 68, 10117 Berlin".
        same = (c for c in region_part.cities if c.country == country and c.name == region.name)
        city = next(same, None)
    return _Reading(score + (0.5 if shape else 0), city, shape, region.name if region else None, country)


def _weight_of_country(part: _Part, parts: Sequence[_Part]) -> float:
    """A country's name settles it; two letters may be a state as well, less likely so before a postcode of its own."""
    if len(part.text) != 2 or part.text in {"US", "UK"}:
        return 5.0
    if len(parts) > 2 and part is parts[-1] and len(parts[-2].text) == 2:
        return 4.0  # behind a region's code: "Houten, UT, NL"
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
