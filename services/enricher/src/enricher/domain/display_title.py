"""A title as people would write it: without ids, gender marks, places, pay, calls and shouting; its meaning is kept."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from enricher.domain.gazetteer import Gazetteer, fold
from enricher.domain.rules import DisplayRules
from enricher.domain.wording import words_pattern

#: (m/w/d), f/m/x, (H/F), (gn): single letters between slashes, bars or stars, alone or in brackets.
_GENDER = re.compile(
    r"[(\[]\s?(?:[mwfdxhin]|div|gn|nb|all genders?|alle geschlechter)"
    r"(?:\s?[/|*,.:]\s?(?:[mwfdxhina*]|div|gn|all|nb|gn\*)){0,4}\s?[)\]]"
    r"|(?<![\w/&])(?:[mwfdxhi]|div|gn)(?:\s?[/|*]\s?(?:[mwfdxhina*]|div|gn|nb)){1,4}(?![\w/&])",
    re.IGNORECASE,
)
#: Entwickler:in, Entwickler*innen, Entwickler/-in, Entwickler(in), Stellvertretende/r, développeur·se, vendeur/euse,
#: enfermera/o: the first form stands.
_FEMININE = re.compile(
    r"(?<=[a-zà-ÿ])(?:[:*_·]|/-)(?:in(?:nen)?|euse|rice|se|ne|e)\b|(?<=er|or|st|nt)/in(?:nen)?\b|(?<=[a-zà-ÿ])\((?:in|innen|se|ne|e|euse|rice)\)"
    r"|(?<=[A-ZÄÖÜ])[:*_]IN(?:NEN)?\b|(?<=[a-zß]e)/[rn]\b|(?<=[a-zà-ÿ]{3})/(?:euse|trice|rice|ère|se|n?ne|e|ora|o|a)\b"
    r"|(?<=[a-zà-ÿ]{3})\((?:ère|trice|n?ne|a)\)"
)
#: Signs without one of which neither of the two is there; and the places of a title that names none.
_FORMS, _NOWHERE = frozenset("([/|*:_·"), frozenset[str]()
#: #1234, #R123, R-012345, REQ 123, (JR01234), Job ID: 77, bare numbers of five digits or more.
_REQUISITION = re.compile(
    r"[(\[]?(?:#[:\s]{0,2}[A-Za-z]{0,5}[-_]?\d[\w-]*|\b(?:req(?:uisition)?|job|ref(?:erence)?|posting|vacancy)\.?"
    r"(?:\s?(?:id|nr|no|number|code))?[\s.:#_-]{0,3}[A-Za-z]{0,4}[-_]?\d{2,}[\w-]*"
    r"|\b(?:JR|R|REQ|ID)[-_:]?\s?\d{3,}[\w-]*"
    r"|(?<![\w$€£.,])(?<!iso )(?<!din )\d{5,}(?![\w,.]*\d|\s?(?:€|eur|usd)))[)\]]?",
    re.IGNORECASE,
)
_AMOUNT = r"\d[\d,.' ]*(?:\d|\.)?\s?(?:k|lpa|lakhs?)?"
#: $120k - $150k, €50.000 per year, up to 25/hr, RM3,000.
_PAY = re.compile(
    r"(?:(?:up to|from|ab|bis zu|salary|pay)[\s:]+)?"
    rf"(?:[$€£¥₹]|\b(?:usd|eur|gbp|rm|inr|sgd|aud|cad|chf)(?=[\s\d]))\s?{_AMOUNT}"
    rf"(?:\s?(?:-|–|—|to|bis)\s?(?:[$€£¥₹]|\b(?:usd|eur|gbp|rm|inr)\b)?\s?{_AMOUNT})?\+?"
    r"(?:\s?(?:/|per|pro|an?|p\.?)\s?(?:h(?:ou)?r|hour|day|week|wk|month|mo|year|yr|annum|a|h|jahr|monat|stunde)\b\.?|\s?(?:hr|hourly|weekly|p/h|ph)\b)?"
    rf"|(?:(?:up to|from|ab|bis(?: zu)?)\s)?\b{_AMOUNT}\s?(?:[€£]|eur\b|usd\b|lpa\b)(?:\s?(?:/|per|pro)\s?\w+)?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_PERCENT = re.compile(
    r"\(?\b\d{1,3}\s?(?:-|–|bis)?\s?(?:\d{1,3}\s?)?%(?:\s(?:travel|workload|pensum)\b)?\)?", re.IGNORECASE
)
_DATE = re.compile(
    r"(?:\b(?:ab(?: dem)?|zum|per|from|starting|start)\s)?\(?\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b\)?"
    r"|\b(?:ab|zum|start(?:ing)?)\s\d{1,2}[./]\d{4}\b",
    re.IGNORECASE,
)
_CALLS = re.compile(r"[!*~•●★☆►▶✅\ufe0f\u200d\u200b]+")
_BRACKETS = re.compile(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_PARTS = re.compile(r"(\s+[-–—|•·@:]+\s+|\s*[|•·–—]\s*|,\s+|;\s*|\s-(?=\w)|(?<=\w)-\s)")
_EMPTY = re.compile(r"[(\[{]\s*[)\]}]")
#: A term that says nothing of the role: "12 Month Contract", "6 mois", "3-year fixed-term contract".
_TERM = re.compile(
    r"(?:\d{1,2}\s?[-–]\s?)?\d{1,2}\+? (?:months?|mths?|weeks?|years?|monaten?|mois|meses)"
    r"(?: (?:contract|ftc|fixed term|temp|temporary|cdd|stage))*"
)
#: A part that is an id and no year or norm: "AL30707", "a0F3m000012wxdAEAQ".
_ID = re.compile(r"(?!(?:19|20)\d\d$|(?:iso|din|en)[ -]?\d)(?=(?:[^\d\s]*\d){4})[\w-]+", re.IGNORECASE)
_BLANKS_BEFORE_COMMA = re.compile(r"\s+(?=[,;])")
_EDGES = " \t\n-–—|,;:/@&.•·_+"
#: Characters of a title that are read.
_LONGEST = 300
_LONGEST_ACRONYM = 3
_ROW = re.compile(r",|/|&|\s(?:or|and|oder|und)\s")
_LONGEST_CODE, _CODES = 3, frozenset({"USA", "UAE", "US", "UK", "EU", "NYC"})
#: Thousands of people from which a city's name alone is taken for the city.
_LARGE = 300
#: Parts and separators of "role - city, state".
_IN_A_ROW = 4
#: Share of capitals in the letters of a title, from which it shouts, and the letters it needs for that.
_SHOUTING, _FEWEST_LETTERS = 0.85, 6


class DisplayTitles:
    """Cleans titles by the `display` words of `config/taxonomy/titles.yml` and the gazetteer's names."""

    def __init__(self, rules: DisplayRules, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._calls = words_pattern(rules.calls)
        self._noise = frozenset(fold(text) for text in rules.noise)
        self._small = frozenset(rules.small)
        self._acronyms = {word.lower(): word for word in rules.acronyms}
        self._roles = frozenset(rules.places_that_are_words)
        self._clean = lru_cache(maxsize=20_000)(self._cleaned)

    def clean(self, title: str, places: Iterable[str | None] = ()) -> str:
        """The title cleaned, or just trimmed where nothing would be left; `places` are names of the posting's own."""
        names = frozenset(fold(place) for place in places if place) if _has_signs(title) else _NOWHERE
        return self._clean(title, names)

    def _cleaned(self, title: str, places: frozenset[str]) -> str:
        title = title[:_LONGEST]
        plain = title if title.isascii() else _without_symbols(title)
        has_signs = _has_signs(plain)
        if has_signs and not _FORMS.isdisjoint(plain):
            plain = _FEMININE.sub("", _GENDER.sub(" ", plain))
        if _DIGIT.search(plain):
            for pattern in (_PAY, _REQUISITION, _PERCENT, _DATE):
                plain = pattern.sub(" ", plain)
        if has_signs:
            plain = _BRACKETS.sub(lambda m: "" if self._is_noise(m.group(1), places) else m.group(), plain)
            plain = self._without_calls(_EMPTY.sub(" ", _CALLS.sub(" ", plain)))
            plain = self._without_tails(plain, places)
            plain = _BLANKS_BEFORE_COMMA.sub("", plain)
        plain = self._without_calls(" ".join(plain.split()).strip(_EDGES))
        return self._calm(plain) if plain else " ".join(title.split())

    def _without_tails(self, title: str, places: frozenset[str]) -> str:
        """Parts that say nothing of the role, from the end and from the beginning; one part always stays."""
        parts = _PARTS.split(title)
        while len(parts) > 1:
            if self._is_noise(parts[-1], places):
                del parts[-2:]
            elif len(parts) > _IN_A_ROW and self._names_place(f"{parts[-3]}, {parts[-1]}"):
                del parts[-4:]  # "Engineer - Austin, TX"
            else:
                break
        while len(parts) > 1 and self._is_noise(parts[0], places):
            del parts[:2]
        return "".join(parts)

    def _without_calls(self, title: str) -> str:
        """Without "urgent", "we are hiring" and the like, unless that is all there is."""
        low = title.lower()
        if len(low) != len(title):
            return title
        for match in reversed(list(self._calls.finditer(low))):
            title = title[: match.start()] + " " + title[match.end() :]
        return " ".join(_EMPTY.sub(" ", title).split()).strip(_EDGES)

    def _is_noise(self, part: str, places: frozenset[str]) -> bool:
        text = part.strip(_EDGES)
        folded = fold(text)
        if not folded or folded in self._noise or folded in places:
            return True
        if any(folded in place.split(" ") or place.startswith(folded + " ") for place in places):
            return len(folded) > _LONGEST_ACRONYM or text.isupper()
        if not text.isalpha() and _DIGIT.search(text) and (_ID.fullmatch(text) or _TERM.fullmatch(folded)):
            return True
        return self._names_place(text)

    def _names_place(self, text: str) -> bool:
        """A country, a region or a large city, as such or in a row: "Berlin", "Austin, TX", "Berlin / Hamburg"."""
        if not text[:1].isupper():
            return False
        pieces = [piece.strip(_EDGES) for piece in _ROW.split(text)]
        # Short codes mean too much by themselves: "AI" is Anguilla, "QA" is Qatar.
        long = [p for p in pieces if len(p) > _LONGEST_CODE or p in _CODES]
        codes = set(pieces) - set(long)
        least = 0 if codes else _LARGE
        return bool(long) and all(self._is_place(p, least) for p in long) and all(map(self._is_code, codes))

    def _is_place(self, name: str, least: int) -> bool:
        gazetteer = self._gazetteer
        cities = gazetteer.cities(name)
        known = gazetteer.country(name) or gazetteer.regions(name) or (cities and cities[0].population >= least)
        return bool(known and fold(name) not in self._roles) or fold(name) in self._noise

    def _is_code(self, code: str) -> bool:
        return bool(self._gazetteer.regions(code) or self._gazetteer.country(code)) or fold(code) in self._noise

    def _calm(self, title: str) -> str:
        """Shouting in title case; acronyms stay."""
        letters = sum(map(str.isalpha, title))
        shouts = sum(map(str.isupper, title)) >= letters * _SHOUTING
        if letters < _FEWEST_LETTERS or not (shouts or title.islower()):
            return title
        return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", self._cased, title)

    def _cased(self, match: re.Match[str]) -> str:
        word = match.group().lower()
        if (known := self._acronyms.get(word)) is not None:
            return known
        return word if match.start() and word in self._small else word.capitalize()


def _has_signs(title: str) -> bool:
    """Whether there is more than words, numbers and blanks: else there are no parts, no brackets, and no places."""
    return not title.replace(" ", "").isalnum()


def _without_symbols(title: str) -> str:
    """Without emoji, pictures and invisible characters; letters of every script stay."""
    plain = unicodedata.normalize("NFC", title)
    return "".join(" " if unicodedata.category(c) in {"So", "Cn", "Cf", "Co", "Sk"} else c for c in plain)
