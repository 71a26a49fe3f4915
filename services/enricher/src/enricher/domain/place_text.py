"""Reads places out of a location text: parts, what each can be, and the country under which they agree best."""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import structs

from enricher.domain.gazetteer import COMPASS, GERMAN, LOCATED, Gazetteer
from enricher.domain.place_agreement import CODE, Agreement, Found, Part, found_city, is_district
from enricher.domain.place_lists import apart, is_country, row_of_towns
from enricher.domain.place_metro import cities_together, each_of
from enricher.domain.place_nearness import near_the_next
from enricher.domain.rules import PlaceRules
from enricher.domain.wording import Wording, WordsPattern

_ALTERNATIVES = re.compile(
    r"\s*(?:;\s*(?:or|and)\s|;|\||•|·|、|\n|<br\s*/?>|\s/|/\s|\s&\s|\+\d+ more…?"
    r"|\s(?:[Oo]r|OR|[Aa]nd|AND|oder|ou|und|et|o|y|e|lub|tai|eller|nebo|sau)\s)\s*"
)
#: Names such as "Castilla y León".
_OF_TWO = re.compile(r" (?:and|&|y) ")
#: Signs between what may describe one place: "Cambridge | United States"; others stand between alternatives.
_LOOSE = re.compile(r"[|•·\n]")
_PARTS = re.compile(r"\s*[,،，()（）\[\]:]\s*|\s+[-–—]+\s+|(?<=\w)[–—](?=\w)|(?<=\w)-\s+")
#: A slash between names without blanks around it.
_SLASH = re.compile(r"(?:(?<=[^\W\d_]{2})|(?<=[A-Z]\.))/(?=[^\W\d_]{2})")
#: A code behind a slash belongs to the name before it: "Porto Alegre/RS".
_SLASHED_CODE = re.compile(r"(?<=[^\W\d_]{3})\s?/\s?([A-Z]{2})(?=\s*(?:$|[,;(]))")
#: A French department behind its town: "Objat (19)".
_DEPARTMENT = re.compile(r"\s*\((?:\d\d|2[AB]|97[1-6])\)")
#: A country's code before each of several: "US-SF, US-NYC".
_EACH_CODED = re.compile(r",\s*(?=[A-Z]{2,3}-[A-Z])")
#: A German district behind its town: "Unterföhring, München (Kreis)", "Balingen, Zollernalbkreis".
_KREIS = re.compile(
    r",\s*(?:[^,;()]*\((?:Land)?[Kk]reis\)|[^,;()]*[Kk]reis\b|(?:Land)?[Kk]reis [^,;()]+)(?=\s*(?:$|[,;()]))"
)
#: Words that may stand before a name once others are gone: "On-site in Dubai".
_TOWARDS = re.compile(
    r"^(?:[Ii]n|at|near|around|from|bei|nähe|en|à|près de|em|[Cc]o\.|[Cc]ounty)(?: the)?\s+(?=[^\W\d_])"
)
#: A number of a part of a French city: Lyon 3e, Paris 1er arrondissement.
_DISTRICT = re.compile(r"(?<=[a-z])\s+\d{1,2}\s?(?:er?|[eè]me)\b(?:\s+(?:arr\w*|canton))?", re.IGNORECASE)
#: What may stand behind the name of a city: its parts (Praha 4, Amsterdam-Zuid), a river (Mülheim a. d. Ruhr).
_BEHIND_CITY = re.compile(
    r"(?<=[^\W\d_]{2})(?:\s(?:\d{1,2}|[IVX]+)\b.*|\s(?:[Ss]ector|[Pp]hase|[Bb]lock|[Ww]ard|[Dd]istrict)[- ]?\w{1,3}$"
    r"|\s[A-ZØ]{1,2}$|-[A-Z]\w+|\s[abiv]\.\s?.*)$"
)
#: Thousands of people from which a city is meant where a country is named beside it ("London or remote in the US").
_LARGE = 300
#: Weight from which a city's name may be followed by that of a part: "Dubai Internet City".
_LARGEST = 900
_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|[A-Z]{1,2}-?\d{3,6}|\d{4} [A-Z]{2}(?= [A-Z])|\d{4,7}(?:-\d{3,4})?)\b"
)
#: Names of these scripts are written with the ward behind the city, without a blank.
_EASTERN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}")
#: Words within names that are no city's: "Brive-la-Gaillarde".
_ARTICLES = frozenset({"la", "La", "el", "le", "de"})
#: Longest location text that is read, in characters.
_LONGEST = 300


class PlaceTexts:
    """A parser of location texts over the gazetteer; texts repeat, so readings are kept.

    A text is cut into parts; every part can be a country, regions or cities. Each country that any part allows is
    tried, and the one under which the parts agree best is taken: `CA` is California behind `San Jose`, Canada behind
    `Toronto`.
    """

    def __init__(self, rules: PlaceRules, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._noise = WordsPattern([*rules.not_places, *(name for names in rules.areas.values() for name in names)])
        self._areas = Wording(rules.areas)
        self._agreement = Agreement(gazetteer)
        self._joined = WordsPattern(name for name in gazetteer.area_names if _OF_TWO.search(name))
        self.parse = lru_cache(maxsize=40_000)(self._parse)

    def _parse(self, text: str, country: str | None = None) -> tuple[Found, ...]:
        """Places named in a text, all in `country` if that is known; () where it names none ("Remote", "Various")."""
        text = self._prepared(text[:_LONGEST])
        if "(" in text and len(known := self._gazetteer.cities(text)) == 1:  # "Frankfurt (Oder)"
            return (found_city(known[0]),)
        split = _ALTERNATIVES.split(text)
        whole = (self._parts(piece) for piece in split if piece.strip())
        pieces = [one for parts in whole for even in self._apart(parts) for one in each_of(even)]
        agree = self._agreement.of
        if len(pieces) == 1:
            return (only,) if pieces[0] and (only := agree(pieces[0], country)) else ()
        found = [(f, parts) for parts in pieces if parts and (f := agree(parts, country))]
        if several := self._several(found, loose=bool(_LOOSE.search(text))):
            return several
        # Pieces without a city describe one place together: "US | Remote, United States", "TX | United States".
        read = [f for f, _ in found]
        merged = agree([part for parts in pieces for part in parts], country)
        if merged and (any(f.city for f in read) or len({f.country for f in read if f.country}) <= 1):
            return (merged,)
        return tuple(dict.fromkeys(read))

    def _apart(self, parts: list[Part]) -> list[list[Part]]:
        """The parts of a piece, by place."""
        weight = self._gazetteer.weight
        return row_of_towns(parts) or apart(near_the_next(parts, weight), weight, self._gazetteer.is_well_known)

    def _prepared(self, text: str) -> str:
        """The text with signs between places where there are none, and none within names of two words."""
        text = _SLASH.sub(" / ", _SLASHED_CODE.sub(self._code_apart, text))
        text = _EACH_CODED.sub("; ", _DEPARTMENT.sub(", France; ", text))
        text = _KREIS.sub(", Deutschland", text) if "reis" in text else text
        if _OF_TWO.search(text) and len(low := text.lower()) == len(text):
            for m in self._joined.finditer(low):
                text = text[: m.start()] + text[slice(*m.span())].replace(" ", "_") + text[m.end() :]
        return text

    def _several(self, found: list[tuple[Found, list[Part]]], *, loose: bool) -> tuple[Found, ...]:
        """All places where pieces name several cities, or a large one and another country; () elsewhere."""
        read = [f for f, _ in found]
        with_city = [f for f in read if f.city]
        named = {f.country for f in with_city}
        countries = [f for f, (first, *_) in found if not f.city and f.country not in named and is_country(first)]
        beside = with_city and countries and not loose and self._is_large(with_city[0])
        if len(with_city) < 2 and not beside:
            return ()
        return tuple(dict.fromkeys(_complete(f, read) for f in read if f.city or f in countries))

    def _is_large(self, found: Found) -> bool:
        cities = self._gazetteer.cities(found.city or "")
        return any(c.country == found.country and c.population >= _LARGE for c in cities)

    def areas(self, text: str) -> list[str]:
        """Areas of several countries named in a text (EMEA, Europe), in its order."""
        return list(dict.fromkeys(area for area, _ in self._areas.find(text.lower())))

    def _parts(self, piece: str) -> list[Part]:
        words = _PARTS.split(piece)
        postcodes = [bool(_POSTCODE.fullmatch(w.strip())) for w in words[1:]] + [False]
        read = [(self._read_part(w), follows) for w, follows in zip(words, postcodes, strict=True)]
        return [part._replace(postcode_follows=follows) for parts, follows in read for part in parts]

    def _read_part(self, words: str) -> list[Part]:
        """A part as it is where that is known, else without what says nothing about the place, else cut."""
        if (whole := words.strip()) and (known := self._known(whole)):
            return [known]
        if named := self._within_noise(whole):
            return [named]
        text = self._clean(words)
        if not text:
            return []
        part = self._look_up(text)
        return [part] if part.country or part.regions or part.cities else self._cut(part)

    def _within_noise(self, whole: str) -> Part | None:
        """What is known but for words before or behind it: "SF Bay Area Hybrid"; its own may be such words."""
        low = whole.lower()
        noise = list(self._noise.finditer(low)) if len(low) == len(whole) else []
        if len(noise) < 2:
            return None
        first = noise[0].end() if noise[0].start() == 0 else 0
        last = noise[-1].start() if noise[-1].end() == len(whole) else len(whole)
        rests = (whole[first:], whole[:last]) if first and last < len(whole) else (whole[first:last],)
        names = (_TOWARDS.sub("", rest.strip(" \t.,/-–—*")) for rest in rests)
        return next((known for name in names if name and name != whole and (known := self._known(name))), None)

    def _cut(self, part: Part) -> list[Part]:
        """An unknown part cut at hyphens ("USA-WA-Tacoma"), else its last word as a region ("Austin TX")."""
        text = part.text
        if _EASTERN.match(text):
            prefixes = (self._look_up(word[:length]) for word in text.split() for length in (6, 5, 4, 3, 2))
            return [next((p for p in prefixes if p.cities or p.country), part)]
        if "-" in text or "–" in text:
            if together := cities_together(text, self._gazetteer):
                return [part._replace(together=together)]
            cut = [part for words in text.split("-") if words not in _ARTICLES for part in self._read_part(words)]
            if any(p.country or p.regions for p in cut):
                return cut
        code, _, rest = text.partition(" ")
        if rest and len(code) == CODE and code.isupper() and self._gazetteer.country(code):
            return [self._look_up(code), *(self._look_up(word) for word in (rest, *rest.split()[1:]))]
        if rest and rest[0].islower() and code.isupper() and self._gazetteer.regions(code):
            return [self._look_up(code)]  # "MA with travel"
        head, _, tail = text.rpartition(" ")
        if head and (self._gazetteer.country(tail) or any(r.coded for r in self._gazetteer.regions(tail))):
            return [*self._read_part(head), self._look_up(tail)]
        return [self._inside(part)]

    def _inside(self, part: Part) -> Part:
        """What follows "in" ("must live in Texas"), or the city that the part begins with."""
        _, within, name = part.text.rpartition(" in ")
        if within and name[:1].isupper():
            return self._look_up(name)
        city = self._look_up(_BEHIND_CITY.sub("", part.text))
        return city._replace(inside=True) if city.cities else self._of_large_city(part)

    def _of_large_city(self, part: Part) -> Part:
        """The part as one of a large city that it begins with, or that stands behind "Central"."""
        words = part.text.split()
        if is_district(part.text):
            return part
        heads = [words[:length] for length in range(len(words) - 1, 0, -1)]
        tails = [words[1:]] if words[0].lower() in COMPASS else []
        for name in (*heads, *tails):
            cities = self._gazetteer.cities(" ".join(name))
            if cities and len("".join(name)) > CODE and self._gazetteer.weight(cities[0]) >= _LARGEST:
                return part._replace(cities=tuple(cities[:1]), inside=True)
        return part

    def _clean(self, words: str) -> str:
        """The words without postcodes and without what says nothing about the place."""
        words = _DISTRICT.sub("", _POSTCODE.sub(" ", words)).strip(" \t.,/-–—*")
        low = words.lower()
        if len(low) == len(words):
            for match in reversed(list(self._noise.finditer(low))):
                words = words[: match.start()] + " " + words[match.end() :]
        return _TOWARDS.sub("", " ".join(words.strip(" .,/-–—*").split()))

    def _known(self, whole: str) -> Part | None:
        """A name as it stands, before a word is taken from "South Africa" or "Rhein-Main-Gebiet"."""
        known = self._look_up(whole)
        if self._areas.exact(whole) or self._noise.fullmatch(whole.lower()):
            return None  # Asia is a town of the Philippines, EST is Estonia
        if known.cities or known.country or (known.regions and len(whole) > CODE):
            return known
        short = self._look_up(LOCATED.sub("", whole))  # "Hattersheim am Main"
        if short.text == whole or not short.cities or short.cities[0].country not in GERMAN:
            return None
        return short._replace(text=whole, cities=(structs.replace(short.cities[0], name=whole),))

    def _code_apart(self, slashed: re.Match[str]) -> str:
        """A comma before the code of a region, the slash as it is before anything else ("London/UK/US")."""
        code = slashed[1]
        return f", {code}" if self._gazetteer.regions(code) and not self._gazetteer.cities(code) else slashed[0]

    def _look_up(self, text: str) -> Part:
        gazetteer = self._gazetteer
        return Part(text, False, gazetteer.country(text), tuple(gazetteer.regions(text)), tuple(gazetteer.cities(text)))


def _complete(found: Found, all_found: Iterable[Found]) -> Found:
    """A city without a country gets the country that all the others share."""
    if found.country:
        return found
    countries = {f.country for f in all_found if f.country}
    return found._replace(country=countries.pop()) if len(countries) == 1 else found
