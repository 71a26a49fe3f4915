"""Which company a name means, and which brand: without legal form, brackets and former names; parts apart."""

import re
from functools import lru_cache

from normalizer.domain.dedupe_rules import CompanyRules, Words
from sources.companies.names import CompanyNames

#: An opening bracket that nothing closes takes the rest of the name with it.
_BRACKETS = re.compile(r"\([^()]*(?:\)|$)|\[[^\[\]]*(?:\]|$)")
_DOMAIN = re.compile(r"(?<=\w)\.(?:com|io|ai|net|org|co|de|app|dev)\b", re.IGNORECASE)
#: A name that is the address of a site: `www.acme.nl`, `acme.co.uk`.
_SITE = re.compile(r"(?:https?://)?(?:www\.)?([\w-]{2,})\.(?:co\.)?(?:[a-z]{2}|com|net|org|app|dev)/?", re.IGNORECASE)
_TRADES_AS = re.compile(r"^.*\b(?:d/b/a|dba|trading as|t/a)\s+", re.IGNORECASE)
#: Where ä, ö, ü are written so, folded names have one letter less.
_GERMAN = re.compile("([aou])e")
_SMALL = {"and", "und", "et"}
_MOST_WORDS = 4


class CompanyKeys:
    """Keys of companies and brands by the rules of companies.yml and dedupe.yml."""

    def __init__(self, names: CompanyNames, rules: CompanyRules) -> None:
        self._names = names
        self._rules = rules
        self._agencies = tuple(f" {words} " for words in rules.agencies)
        self.company = lru_cache(maxsize=65_536)(self._company)
        self.brand = lru_cache(maxsize=65_536)(self._brand)
        self.is_agency = lru_cache(maxsize=65_536)(self._is_agency)

    def _company(self, name: str) -> str:
        """The name's own words, folded; "" for no name. `The Home Depot, Inc. (DIY)` gives `home depot`."""
        site = _SITE.fullmatch(name.strip())
        plain = site[1] if site else _DOMAIN.sub("", _TRADES_AS.sub("", _BRACKETS.sub(" ", name)))
        core = self._names.core(plain) or self._names.core(name)
        spelled = self._rules.spellings
        words = tuple(spelled.get(word, word) for word in core.split() if word not in _SMALL)
        return " ".join(_without(self._rules.remark_endings, words))

    def _brand(self, key: str) -> str:
        """A company key without words that name a part of it: `acme germany` and `acme group` give `acme`."""
        if key in self._rules.brands:
            return self._rules.brands[key]
        words = key.split()
        if len(words) > 1 and words[0] in self._rules.leading:
            del words[0]
        brand = " ".join(_without(self._rules.part_endings, tuple(words)))
        return _GERMAN.sub(r"\1", self._rules.brands.get(brand, brand))

    def _is_agency(self, key: str) -> bool:
        """Whether it finds people for others, so that one title at one place may be many openings."""
        spaced = f" {key} "
        return any(words in spaced for words in self._agencies)


def _without(endings: frozenset[Words], words: Words) -> Words:
    """The words without those endings, but never without all words."""
    while True:
        length = next((n for n in range(min(_MOST_WORDS, len(words) - 1), 0, -1) if words[-n:] in endings), 0)
        if not length:
            return words
        words = words[:-length]
