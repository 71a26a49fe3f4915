"""Which role a title names: without gender marks, requisition ids and places, with its seniority."""

import re
from functools import lru_cache

from normalizer.domain.dedupe_rules import Spellings, TitleRules, Words
from normalizer.domain.place_key import PlaceKey
from sources.folding import normalise

#: (m/w/d), f/m/x, (H/F), (gn), (all genders): letters between slashes, bars or stars, alone or in brackets.
_GENDER = re.compile(
    r"[(\[]?\b(?:[mwfdxhi]|div|gn)(?:\s?[/|*,.]\s?(?:[mwfdxhina*]|div|gn|all|nb)){1,4}\b[)\]]?", re.IGNORECASE
)
#: Entwickler:in, Entwickler*innen, Entwickler/-in, Entwickler(in), développeur(se), développeur·se, Kaufmann/-frau.
_FEMININE = re.compile(
    r"(?<=[a-zà-ÿ])(?:[:*_·]|/-?)(?:in(?:nen)?|euse|[eè]re|t?rice|se|ne|e|a|r)\b|\((?:in|innen|se|ne|e|a|r|euse|[eè]re|t?rice)\)"
    r"|(?<=frau)\s?/\s?-?mann\b|(?<=mann)\s?/\s?-?frau\b",
    re.IGNORECASE,
)
#: `at Acme` at the end of a title.
_AT = re.compile(r"\s(?:at|bei|chez|@)\s([^|,()]+)$", re.IGNORECASE)
#: `in Paris`, where a title is looked up: a posting at another place, or at none, may leave it out.
_IN_TOWN = re.compile(r"\s(?:in|à|en|near)\s[A-ZÀ-Þ][^\s,()|/]*(?:\s[A-ZÀ-Þ(][^\s,()|/]*){0,3}(?=$|,|\s[-–|(])")
#: ` - Omaha, NE` and `(Arlington, VA, Remote)` at the end, for a posting that names no town beside.
_TOWN_AND_STATE = re.compile(
    r"\s?(?:\s[-–|]\s|\()(?P<town>[A-ZÀ-Þ][^\s,()|/]*(?:\s[A-ZÀ-Þ][^\s,()|/]*){0,3}), ?(?P<state>[A-Z]{2})"
    r"(?:,[^()]*)?\)?$"
)
#: #1234, R-012345, REQ 123, (JR01234), Job ID: 77, and bare numbers of four digits or more but years: an internship
#: of 2026 is not one of 2027.
_REQUISITION = re.compile(
    r"[(\[]?(?:#\s?\w*\d\w*|\b(?:req(?:uisition)?|kennziffer|referenz|store|job|r[eé]f|jr|r|id|nr|no)(?:\s?(?:id|nr|no|number))?[\s.:#_-]*"
    r"(?:[A-Z]{1,3}[-_]?)?\d{2,}[\w-]*|\b20\d\d-(?!20\d\d\b)\d{3,}\b"
    r"|\b(?!20[2-4]\d\b)[A-Z]{0,4}[-_]?\d{4,}[\w-]*)[)\]]?", re.IGNORECASE,
)  # fmt: skip
#: `3 days in office`, `2 days a week on-site`, and weeks of full time: 35 to 42 hours.
_WEEK = re.compile(
    r"\b\d(?:\s?[-–]\s?\d)?\s?days?(?:\s(?:a|per)\sweek)?(?:\s(?:in[\s-](?:the[\s-])?|at[\s-](?:the[\s-])?)?office|\son[\s-]?site|\sremote)"
    r"|\b(?:3[5-9]|4[0-2])\s?(?:h|hrs?|hours?|std|stunden|heures|horas)\b(?:\s?(?:/|per|a|pro|par)\s?(?:week|wk|woche|semaine))?",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    r"\b\d{1,3}\s?(?:-|–|bis)?\s?(?:\d{1,3}\s?)?%(?:\s(?:travel|remote|on-?site|home-?office)\b)?", re.IGNORECASE
)
#: $2,000, £36k, 16,20 €/Std, $150k-$170k a year.
_PAY = re.compile(
    r"[$€£₹]\s?\d[\d.,]*\s?[km]?\b\+?(?:\s?(?:-|–|to|bis)\s?[$€£₹]?\s?\d[\d.,]*\s?[km]?\b\+?)?"
    r"(?:\s?(?:/|per|an?|pro|par)\s?(?:hr|hour|h|year|yr|annum|week|wk|day|month|mo|mile|uur|stunde|std|jahr|monat|mois|an)\b)?"
    r"|\b\d[\d.,]*\s?k?\s?[€£](?:\s?(?:/|pro|par)\s?(?:std|stunde|h|monat|jahr|mois|an)\b)?|\b\d{2,3}k\b",
    re.IGNORECASE,
)  # fmt: skip
#: Stands in a title where its pay stood.
_PAID = "\0"
#: How many are wanted: `2x`, `x 2`, `(15 new)`, `3 openings`.
_COUNT = re.compile(
    r"[(\[]?\b\d{1,2}\s?(?:[x×]\b|(?:new|open(?:ings?)?|positions?|roles?|vacanc(?:y|ies)|stellen|postes?|plazas?)\b)[)\]]?|\sx\s?\d{1,2}\b",
    re.IGNORECASE,
)
#: Words and nothing else.
_PLAIN = re.compile(r"[A-Za-z ]*")
_SEPARATOR = re.compile(r"\s[-–—|@•·:]\s|[()\[\],|/–—*!]|:?\s-|-\s|:\s|\s(?:at|bei|chez)\s")
_DIGIT = re.compile(r"\d")
#: A French department or a postcode: `Lyon (69)`.
_AREA = re.compile(r"\s*(?:\d{2}|\d{5})\s*")
_REMOTE = re.compile(r"\bremote\b", re.IGNORECASE)
#: Words for a woman and for a man who do the same, folded: Verkäuferin, vendeuse, infirmière, directrice, profesora,
#: technicienne, assistante, cheffe.
_WOMAN = re.compile(
    r"(?<=\w{3})(?:(?<=er)in(?:nen)?|(?<=eur)in(?:nen)?|(?P<eur>euse)|(?P<er>ere)|(?P<teur>trice)|(?P<or>ora)"
    r"|(?P<ien>ienne)|(?P<ant>ante))$|(?<=che)(?P<f>ffe)$"
)
#: ä, ö and ü where they are written with two letters: folded words have one.
_UMLAUT = re.compile(r"(?<=[aou])e")


def title_key(title: str, places: PlaceKey, rules: TitleRules, company: str = "") -> str:
    """The words of the role in alphabetical order, each once, folded, in the singular; "" where nothing is left.

    `places` and `company` (its key) are the posting's own: a part of the title that only names one of them is left
    out, as is one of remarks. `Sr. Engineer II (m/w/d) - Berlin - start now!` at Berlin gives `2 engineer senior`.
    """
    role = _without_company(_without_marks(title), company)
    parts = [(part, _words(part, rules)) for part in _SEPARATOR.split(role)]
    everywhere = bool(_REMOTE.search(title))
    kept: list[str] = []
    before = ""
    for number, (part, words) in enumerate(parts):
        named = bool(number) and _names_place(part, words, before, places, everywhere=everywhere)
        before = part if named and words else ""
        if kept and part.startswith(_PAID):  # $5,000 welcome bonus
            continue
        told = _spelled(tuple(words), rules.remarked)
        if not named and " ".join(words) != company and told and not _stands_for(words, kept):
            kept += words
    return " ".join(sorted({plain_form(word) for word in kept or (word for _, words in parts for word in words)}))


def _without_marks(title: str) -> str:
    """Without gender marks, requisition ids, shares of hours and numbers of openings; pay becomes a mark."""
    if _PLAIN.fullmatch(title):
        return title
    numbered = _DIGIT.search(title)
    paid = _PAY.sub(f" - {_PAID}", _WEEK.sub(" ", title)) if numbered else title
    plain = _FEMININE.sub("", _GENDER.sub(" ", paid))
    return _COUNT.sub(" ", _PERCENT.sub(" ", _REQUISITION.sub(" ", plain))) if numbered else plain


def _without_company(title: str, company: str) -> str:
    """Without `at Acme` at the end, where the company begins with that word."""
    found = _AT.search(title)
    named = found and normalise(found[1]).split()[:1]
    return title[: found.start()] if found and named and named == company.split()[:1] else title


def without_town(title: str, places: PlaceKey) -> str:
    """A title without what may be a town at the end of one of its parts: `Krankenpfleger in Dernau`."""
    found = _TOWN_AND_STATE.search(title) if "," in title and not places.cities else None
    if found and places.is_in_region(found["town"], found["state"]):
        return title[: found.start()]
    return _IN_TOWN.sub("", title)


def _stands_for(words: list[str], kept: list[str]) -> bool:
    """Whether a part is the initials of what stands before it: `Clinical Research Associate (CRA)`."""
    return len(words) == 1 and len(kept) > 1 and words[0] == "".join(word[0] for word in kept)


def _names_place(part: str, words: list[str], before: str, places: PlaceKey, *, everywhere: bool) -> bool:
    """Whether a part says again where this is.

    Alone, after the part `before` that names the city (`Dallas, TX`), or as the country that remote work is limited to.
    """
    if not words or places.names(part, words):
        return True
    if before and (_AREA.fullmatch(part) or places.is_around(before, part)):
        return True
    return everywhere and places.is_country(part)


@lru_cache(maxsize=16_384)
def plain_form(word: str) -> str:
    """In the singular and as for a man, which is how most titles are written."""
    return _UMLAUT.sub("", _WOMAN.sub(lambda match: match.lastgroup or "", _singular(word)))


def _singular(word: str) -> str:
    """As far as English forms it with an s; it need not be a word, only the same one."""
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] not in "sui" else word


def _words(part: str, rules: TitleRules) -> list[str]:
    spelled = _spelled(tuple(_folded(part)), rules.replaced)
    endings, heads = rules.compound_endings, rules.compound_heads
    return [w for word in spelled for w in (_split_compound(word, heads) if word.endswith(endings) else (word,))]


def _folded(part: str) -> list[str]:
    # C++, C# and .NET would all lose what tells them apart.
    marked = part.lower().replace("c++", "cplusplus").replace("c#", "csharp").replace(".net", " dotnet")
    return normalise(marked).split()


def _spelled(words: Words, phrases: Spellings) -> list[str]:
    """The words with phrases replaced, by none where they are noise; the longest phrase wins."""
    kept: list[str] = []
    start = 0
    while start < len(words):
        for phrase, spelled in phrases.get(words[start], ()):
            if words[start : start + len(phrase)] == phrase:
                kept += spelled
                start += len(phrase)
                break
        else:
            kept.append(words[start])
            start += 1
    return kept


def _split_compound(word: str, heads: dict[str, str]) -> list[str]:
    """German writes `Softwareentwickler` and `Software-Entwickler`; the word ends with one of the heads."""
    head = max((head for head in heads if word.endswith(head)), key=len)
    return [word[: -len(head)], heads[head]] if len(word) > len(head) + 2 else [word]
