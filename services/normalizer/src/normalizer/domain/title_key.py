"""Which role a title names: without gender marks, requisition ids and places, with its seniority."""

import re

from normalizer.domain.dedupe_rules import TitleRules, Words
from normalizer.domain.place_key import PlaceKey
from sources.folding import normalise

#: (m/w/d), f/m/x, (H/F), (gn), (all genders): letters between slashes, bars or stars, alone or in brackets.
_GENDER = re.compile(
    r"[(\[]?\b(?:[mwfdxhi]|div|gn)(?:\s?[/|*,.]\s?(?:[mwfdxhina*]|div|gn|all|nb)){1,4}\b[)\]]?", re.IGNORECASE
)
#: Entwickler:in, Entwickler*innen, Entwickler/-in, Entwickler(in), développeur(se), développeur·se.
_FEMININE = re.compile(
    r"(?<=[a-zà-ÿ])(?:[:*_·]|/-?)(?:in(?:nen)?|euse|rice|se|ne|e|a|r)\b|\((?:in|innen|se|ne|e|a|r|euse|rice)\)",
    re.IGNORECASE,
)
#: #1234, R-012345, REQ 123, (JR01234), Job ID: 77, and bare numbers of four digits or more but years: an internship
#: of 2026 is not one of 2027.
_REQUISITION = re.compile(
    r"[(\[]?(?:#\s?\w*\d\w*|\b(?:req(?:uisition)?|job|ref|jr|r|id|nr|no)(?:\s?(?:id|nr|no|number))?[\s.:#_-]*"
    r"\d{2,}[\w-]*|\b(?!20[2-4]\d\b)[A-Z]{0,4}[-_]?\d{4,}[\w-]*)[)\]]?", re.IGNORECASE,
)  # fmt: skip
_PERCENT = re.compile(r"\b\d{1,3}\s?(?:-|–|bis)?\s?(?:\d{1,3}\s?)?%")
#: How many are wanted: `2x`, `(15 new)`, `3 openings`.
_COUNT = re.compile(
    r"[(\[]?\b\d{1,2}\s?(?:[x×]\b|(?:new|open(?:ings?)?|positions?|roles?|vacanc(?:y|ies)|stellen|postes?|plazas?)\b)[)\]]?",
    re.IGNORECASE,
)
#: Words and nothing else.
_PLAIN = re.compile(r"[A-Za-z ]*")
_SEPARATOR = re.compile(r"\s[-–—|@•·:]\s|[()\[\],|/–—]|\s-|-\s")


def title_key(title: str, places: PlaceKey, rules: TitleRules) -> str:
    """The words of the role in alphabetical order, each once, folded, in the singular; "" where nothing is left.

    `places` are the posting's own: a part of the title that only names one of them is left out.
    `Sr. Engineer II (m/w/d) - Berlin` at Berlin gives `2 engineer senior`, as `Senior Engineers II` does.
    """
    plain = title
    if not _PLAIN.fullmatch(title):
        plain = _FEMININE.sub("", _GENDER.sub(" ", title))
        plain = _COUNT.sub(" ", _PERCENT.sub(" ", _REQUISITION.sub(" ", plain)))
    kept: set[str] = set()
    for number, part in enumerate(_SEPARATOR.split(plain)):
        words = _spelled(tuple(_folded(part)), rules)
        if words and (number == 0 or not places.names(part, words)):
            kept.update(map(_singular, words))
    return " ".join(sorted(kept))


def _singular(word: str) -> str:
    """As far as English forms it with an s; it need not be a word, only the same one."""
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] not in "sui" else word


def _folded(part: str) -> list[str]:
    # C++, C# and .NET would all lose what tells them apart.
    marked = part.lower().replace("c++", "cplusplus").replace("c#", "csharp").replace(".net", " dotnet")
    return normalise(marked).split()


def _spelled(words: Words, rules: TitleRules) -> list[str]:
    """The words with abbreviations spelled out and noise left out; the longest phrase wins."""
    kept: list[str] = []
    start, replaced = 0, rules.replaced
    while start < len(words):
        for length in range(min(rules.longest, len(words) - start), 0, -1):
            spelled = replaced.get(words[start : start + length])
            if spelled is not None:
                kept += spelled
                start += length
                break
        else:
            kept.append(words[start])
            start += 1
    return kept
