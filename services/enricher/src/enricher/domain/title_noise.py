"""Which parts of a title say nothing of the role: places, ways and times of work, contracts, pay, calls, employers."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from enricher.domain.gazetteer import Gazetteer, fold
from enricher.domain.rules import DisplayRules

#: What stands in a title for an amount of pay, and for an id, a date or a share, which were taken out.
PAY, OTHER = "\x00", "\x01"
#: At the ends of parts.
EDGES = " \t\n-–—|,;:/@&.•·_+<>="
_WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)?|[{PAY}{OTHER}]")
#: "12h", "7p", "8am", "20hrs", "3x12": times of a shift or hours of a week.
_TIME = re.compile(r"\d{1,2}(?:[ap]m?|h|hrs?|hours?|std|uhr)|\d{1,2}x\d{1,2}")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)?")
#: A part that is an id and no year or norm: "AL30707", "a0F3m000012wxdAEAQ".
_ID = re.compile(r"(?!(?:19|20)\d\d$|(?:iso|din|en)[ -]?\d)(?=(?:[^\d\s]*\d){4})[\w-]+", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
#: "Austin TX", "Daventry NN11", "Lyon (69)": a city and a code behind it.
_CODED = re.compile(r"(?P<city>\D{3,}?)[ (]+(?P<code>[A-Z]{2}|[A-Z]{1,2}\d{1,2}[A-Z]?|\d{2,5})\)?(?: \d{5})?")
_ROW = re.compile(r",|/|&|\s(?:or|and|oder|und|ou|et|o|y)\s")
_LONGEST_CODE, _CODES = 3, frozenset({"USA", "UAE", "US", "UK", "EU", "NYC"})
#: Codes of countries and states that are fields of work in titles: "(Claude, AI)".
_NO_CODES = frozenset({"AI", "ML", "BI", "QA", "PR", "HR"})
_LONGEST_ACRONYM = 3
#: Thousands of people from which a city's name alone is taken for the city.
_LARGE = 300


class Names(NamedTuple):
    """Folded names that are no news in a title: of the posting's places and of its employer."""

    places: frozenset[str]
    employer: frozenset[str]


NO_NAMES = Names(frozenset(), frozenset())


class TitleNoise:
    """The `noise` of `config/taxonomy/titles.yml` and the gazetteer's names, ready to be asked."""

    def __init__(self, rules: DisplayRules, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._phrases = _phrases(rules.noise)
        self._endings = _phrases(rules.endings)
        self._last = {ending[-1] for ending in self._endings}
        self._longest = max(map(len, self._phrases | self._endings))
        self._firsts = {phrase[0] for phrase in self._phrases}
        self._fillers = frozenset(map(fold, rules.fillers))
        self._units = frozenset(map(fold, rules.units))
        self._beside_pay = frozenset(map(fold, rules.beside_pay))
        self._beside_ids = frozenset(map(fold, rules.beside_ids))
        self._starts = tuple(fold(start) + " " for start in rules.starts)
        self._roles = frozenset(rules.places_that_are_words)
        # Parts of titles repeat more than titles do.
        self.names_place = lru_cache(maxsize=20_000)(self._names_place)
        self._without_phrases = lru_cache(maxsize=20_000)(self._cut_phrases)

    def is_noise(self, part: str, names: Names = NO_NAMES) -> bool:
        """Whether the part tells nothing of the role; `names` are those of the posting."""
        text = part.strip(EDGES)
        folded = fold(text)
        if not folded or folded in names.places or folded in names.employer or f"{folded} ".startswith(self._starts):
            return True
        if self._is_of(folded, text, names.places):
            return True
        if not text.isalpha() and _DIGIT.search(text) and _ID.fullmatch(text):
            return True
        if self.names_place(text):
            return True
        told, left = self._without_phrases(text)
        return self.names_place(left) if left else told

    def _names_place(self, text: str) -> bool:
        """A country, a region or a large city, as such or in a row: "Berlin", "Austin, TX", "Berlin / Hamburg"."""
        if not text[:1].isupper():
            return False
        if (coded := _CODED.fullmatch(text)) and self._is_city_with(coded["city"], coded["code"]):
            return True
        pieces = [piece.strip(EDGES) for piece in _ROW.split(text)]
        # Short codes mean too much by themselves: "AI" is Anguilla, "QA" is Qatar.
        long = [p for p in pieces if len(p) > _LONGEST_CODE or p in _CODES]
        codes = set(pieces) - set(long)
        if not _NO_CODES.isdisjoint(codes):
            return False
        least = 0 if codes else _LARGE
        return bool(long) and all(self._is_place(p, least) for p in long) and all(map(self._is_code, codes))

    def without_ending(self, text: str) -> str:
        """Without "part time", "100% remote" and the like at its end; something of the role always stays."""
        words = list(_WORD.finditer(text))
        if not words or fold(words[-1].group()) not in self._last:
            return text  # as most
        folded = [fold(w.group()) for w in words]
        count = len(words)
        while count > 1:
            length = next((n for n in range(self._longest, 0, -1) if n < count and
                           tuple(folded[count - n : count]) in self._endings), 0)  # fmt: skip
            if not length or folded[count - length - 1] in self._fillers:
                break
            count -= length
        if count == len(words):
            return text
        kept = text[: words[count].start()].rstrip(EDGES)
        return text if kept.count("(") > kept.count(")") or kept.count("[") > kept.count("]") else kept

    def _is_of(self, folded: str, text: str, places: Iterable[str]) -> bool:
        """Whether the part is a word of one of these places, or the code of a region that is one of them."""
        if any(folded in place.split(" ") or place.startswith(folded + " ") for place in places):
            return len(folded) > _LONGEST_ACRONYM or text.isupper()
        if len(text) > _LONGEST_CODE or not text.isupper():
            return False
        return any(fold(region.name) in places for region in self._gazetteer.regions(text))

    def _cut_phrases(self, text: str) -> tuple[bool, str]:
        """Whether there is noise in it, and what is left without that and without small words at the edges."""
        words = list(_WORD.finditer(text))
        folded = [fold(w.group()) or w.group() for w in words]
        dropped = self._fillers
        if PAY in folded:
            dropped = dropped | self._beside_pay | self._units
        elif OTHER in folded:
            dropped = dropped | self._beside_ids | self._units
        elif any(map(str.isdigit, folded)):
            dropped = dropped | self._units
        left: list[re.Match[str]] = []
        told, at = False, 0
        while at < len(words):
            word = folded[at]
            if length := self._phrase_at(folded, at):
                told, at = True, at + length
                continue
            if word in {PAY, OTHER} or _TIME.fullmatch(word) or word in self._units & dropped:
                told = True
            elif word not in dropped and not _ORDINAL.fullmatch(word):
                left.append(words[at])
            at += 1
        return told, text[left[0].start() : left[-1].end()] if left else ""

    def _phrase_at(self, folded: list[str], at: int) -> int:
        """How many words from here on are a phrase of noise."""
        if folded[at] not in self._firsts:
            return 0
        return next((n for n in range(self._longest, 0, -1) if tuple(folded[at : at + n]) in self._phrases), 0)

    def _is_city_with(self, city: str, code: str) -> bool:
        known = self._gazetteer.cities(city.strip())
        if not known or fold(city) in self._roles:
            return False
        return not code.isalpha() or any(r.country == known[0].country for r in self._gazetteer.regions(code))

    def _is_place(self, name: str, least: int) -> bool:
        gazetteer = self._gazetteer
        cities = gazetteer.cities(name)
        known = gazetteer.country(name) or gazetteer.regions(name) or (cities and cities[0].population >= least)
        return bool(known and fold(name) not in self._roles) or self._without_phrases(name) == (True, "")

    def _is_code(self, code: str) -> bool:
        known = self._gazetteer.regions(code) or self._gazetteer.country(code)
        return bool(known) or self._without_phrases(code) == (True, "")


def _phrases(texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Each as its words, folded one by one."""
    return frozenset(tuple(fold(w.group()) for w in _WORD.finditer(text)) for text in texts)
