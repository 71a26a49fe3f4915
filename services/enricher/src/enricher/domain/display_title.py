"""A title as people would write it: without ids, gender marks, places, pay, calls and shouting; its meaning is kept."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from enricher.domain.gazetteer import Gazetteer, fold
from enricher.domain.rules import DisplayRules
from enricher.domain.title_forms import without_second_forms
from enricher.domain.title_noise import EDGES, NO_NAMES, OTHER, PAY, Names, TitleNoise
from enricher.domain.wording import WordsPattern

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
    r"|(?<=[A-ZÀ-Ý])[:*_·](?:IN(?:NEN)?|N?E|EUSE|RICE)\b|(?<=[a-zß]e)(?:/-?|[:*_])[rn]\b|(?<=[a-zà-ÿ]{3})/(?:euse|trice|rice|ère|se|n?ne|e|ora|o|a)\b"
    r"|(?<=[a-zà-ÿ]{3})\((?:ère|trice|n?ne|a)\)"
)
#: Signs without one of which neither of the two is there.
_FORMS = frozenset("([/|*:_·")
#: #1234, #R123, R-012345, REQ 123, (JR01234), Job ID: 77, bare numbers of five digits or more.
_REQUISITION = re.compile(
    r"(?:#[:\s]{0,2}[A-Za-z]{0,5}[-_]?\d[\w-]*|\b(?:req(?:uisition)?|job|ref(?:erence)?|posting|vacancy)\.?"
    r"(?:\s?(?:id|nr|no|number|code))?[\s.:#_-]{0,3}[A-Za-z]{0,4}[-_]?\d{2,}[\w-]*"
    r"|\b(?:JR|R|REQ|ID)[-_:]?\s?\d{3,}[\w-]*"
    r"|(?<![\w$€£.,])(?<!iso )(?<!din )\d{5,}(?![\w,.]*\d|\s?(?:€|eur|usd)))",
    re.IGNORECASE,
)
_AMOUNT = r"\d[\d,.' ]*(?:\d|\.)?\s?(?:k|lpa|lakhs?)?"
#: $120k - $150k, €50.000 per year, up to 25/hr, RM3,000.
_PAY = re.compile(
    r"(?:(?:up to|from|ab|bis zu|salary|pay)[\s:]+)?"
    rf"(?:[$€£¥₹]|\b(?:usd|eur|gbp|rm|inr|sgd|aud|cad|chf)(?=[\s\d]))\s?{_AMOUNT}"
    rf"(?:\s?(?:-|–|—|to|bis)\s?(?:[$€£¥₹]|\b(?:usd|eur|gbp|rm|inr)\b)?\s?{_AMOUNT})?\+?"
    r"(?:\s?(?:/|per|pro|an?|p\.?)\s?(?:h(?:ou)?r|hour|day|week|wk|month|mo|year|yr|annum|a|h|jahr|monat|stunde)\b\.?|\s?(?:hr|hourly|weekly|p/?[hdw]|pcm|pa)\b)?"
    rf"|(?:(?:up to|from|ab|bis(?: zu)?)\s)?\b{_AMOUNT}\s?(?:[€£]|eur\b|usd\b|lpa\b)(?:\s?(?:/|per|pro)\s?\w+)?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_PERCENT = re.compile(r"\b\d{1,3}\s?(?:-|–|bis)?\s?(?:\d{1,3}\s?)?%(?:\s(?:travel|workload|pensum)\b)?", re.IGNORECASE)
_DATE = re.compile(
    r"(?:\b(?:ab(?: dem)?|zum|per|from|starting|start)\s)?\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"
    r"|\b(?:ab|zum|start(?:ing)?)\s\d{1,2}[./]\d{4}\b",
    re.IGNORECASE,
)
#: "30-39 Std./Woche", "20h/semana".
_HOURS = re.compile(
    r"\b(?:\d{1,2}\s?(?:-|–|bis|à)\s?)?\d{1,2}\s?(?:h|hrs?|hours?|std\.?|stunden|heures|horas)\s?"
    r"(?:/|per|pro|par|por|a)\s?(?:week|wk|woche|semaine|sem|semana)\b",
    re.IGNORECASE,
)
#: "#LI-Remote" is a mark for the board.
_CALLS = re.compile(r"#LI-\w+|[!*~•●★☆►▶✅\ufe0f\u200d\u200b]+")
_BRACKETS = re.compile(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_PARTS = re.compile(r"(\s+[-–—|•·@:]+\s+|\s*[|•·–—]\s*|,\s+|;\s*|\s-(?=\w)|(?<=\w)-\s)")
_FIRST = re.compile(rf"(?:(?!\.net\b)[{re.escape(EDGES)}])+", re.IGNORECASE)
_EMPTY = re.compile(r"[(\[{][\s,;/|–-]*[)\]}]")
#: A colon that a mark stood before has two.
_BLANKS_BEFORE_SIGN = re.compile(r"\s+(?=[,;])|\s\s+(?=:)")
#: A title's end that says where or for whom: "Cook in Austin, TX", "Engineer at Acme", "Comptable à Lyon".
_WHERE = re.compile(
    r"\s(?:in|near|bei|at|à|en|@|chez|by|with)\s+(?=[A-ZÀ-Ý])(?!.*\s(?:in|near|bei|at|à|en|@|chez|by|with)\s+[A-ZÀ-Ý])"
)
#: Characters of a title that are read.
_LONGEST = 300
#: Parts and separators of "role - city, state"; letters of an id beside its number: "(JO#4754)".
_IN_A_ROW, _LONGEST_SERIES = 4, 3
_MARKS = EDGES + PAY + OTHER
#: "CDL A", "Klasse C": behind these stand letters, no small words.
_BEFORE_LETTERS = ("cdl ", "cdl-", "class ", "klasse ", "grade ", "type ", "team ")
#: Share of capitals in the letters of a title, from which it shouts, and the letters it needs for that.
_SHOUTING, _FEWEST_LETTERS = 0.85, 6


class DisplayTitles:
    """Cleans titles by the `display` words of `config/taxonomy/titles.yml` and the gazetteer's names."""

    def __init__(self, rules: DisplayRules, gazetteer: Gazetteer) -> None:
        self._noise = TitleNoise(rules, gazetteer)
        self._calls = WordsPattern([*rules.calls, *rules.no_calls])
        self._no_calls = frozenset(rules.no_calls)
        beside = WordsPattern(rules.beside_pay).pattern
        self._behind_pay = re.compile(rf"{PAY}(?:[\s+&/,{PAY}]*{beside})*", re.IGNORECASE)
        self._small = frozenset(rules.small)
        self._acronyms = {word.lower(): word for word in rules.acronyms}
        self._clean = lru_cache(maxsize=20_000)(self._cleaned)

    def clean(self, title: str, places: Iterable[str | None] = (), employer: Iterable[str | None] = ()) -> str:
        """The title cleaned, or just trimmed where nothing would be left; `places` and `employer` are the posting's."""
        if not (_has_signs(title) or _WHERE.search(title)):
            return self._clean(title, NO_NAMES)
        return self._clean(title, Names(_folded(places), _folded(employer)))

    def _cleaned(self, title: str, names: Names) -> str:
        title = title[:_LONGEST]
        plain = title if title.isascii() else _without_symbols(title)
        has_signs = _has_signs(plain)
        if has_signs and not _FORMS.isdisjoint(plain):
            plain = without_second_forms(_FEMININE.sub("", _GENDER.sub(" ", plain)))
        if _DIGIT.search(plain):
            plain = _PAY.sub(f" {PAY} ", plain)
            for pattern in (_REQUISITION, _PERCENT, _DATE, _HOURS):
                plain = pattern.sub(f" {OTHER} ", plain)
        if has_signs:
            plain = _EMPTY.sub(" ", _CALLS.sub(" ", _BLANKS_BEFORE_SIGN.sub("", plain)))
            plain = self._without_calls(_BRACKETS.sub(lambda m: self._bracket(m, names), plain))
            plain = self._without_tails(plain, names)
        plain = self._without_where(plain, names)
        plain = _BLANKS_BEFORE_SIGN.sub("", self._behind_pay.sub(" ", plain).replace(OTHER, " "))
        plain = self._noise.without_ending(self._without_calls(_trimmed(plain)))
        return self._calm(plain) if plain else " ".join(title.split())

    def _bracket(self, match: re.Match[str], names: Names) -> str:
        """The bracket without its parts that say nothing; "" where all do, and of an id with its letters."""
        is_id = OTHER in match[1] and sum(map(str.isalpha, match[1])) <= _LONGEST_SERIES
        if is_id or self._noise.is_noise(match[1], names):
            return ""
        inside = self._without_tails(match[1], names)
        if inside == match[1]:
            return match.group()
        return "" if self._noise.is_noise(inside, names) else match.group().replace(match[1], inside)

    def _without_tails(self, title: str, names: Names) -> str:
        """Without parts that say nothing of the role, from the end and from the beginning; one part always stays."""
        is_noise = self._noise.is_noise
        parts = _parts(title)
        while len(parts) > 1:
            if is_noise(parts[-1], names):
                del parts[-2:]
            elif len(parts) > _IN_A_ROW and self._noise.names_place(f"{parts[-3]}, {parts[-1]}"):
                del parts[-4:]  # "Engineer - Austin, TX"
            else:
                break
        while len(parts) > 1 and is_noise(parts[0], names):
            del parts[:2]
        for at in range(len(parts) - 4, 0, -2):
            if not parts[at + 1].strip(_MARKS):
                del parts[at : at + 2]  # "Engineer - 20796564 | Backend"
        return "".join(parts)

    def _without_where(self, title: str, names: Names) -> str:
        found = _WHERE.search(title)
        return title[: found.start()] if found and self._noise.is_noise(title[found.end() :], names) else title

    def _without_calls(self, title: str) -> str:
        """Without "urgent", "we are hiring" and the like, unless that is all there is."""
        low = title.lower()
        if len(low) != len(title):
            return title
        for match in reversed(list(self._calls.finditer(low))):
            if match.group() not in self._no_calls:
                title = title[: match.start()] + " " + title[match.end() :]
        return _trimmed(title)

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
        is_small = word in self._small and not match.string[: match.start()].lower().endswith(_BEFORE_LETTERS)
        return word if match.start() and is_small else word.capitalize()


def _parts(title: str) -> list[str]:
    """Parts and the separators between them in turns; brackets stay whole."""
    pieces = _PARTS.split(title)
    if "(" not in title and "[" not in title:
        return pieces
    parts = pieces[:1]
    for at in range(1, len(pieces), 2):
        if parts[-1].count("(") + parts[-1].count("[") > parts[-1].count(")") + parts[-1].count("]"):
            parts[-1] += pieces[at] + pieces[at + 1]
        else:
            parts += pieces[at : at + 2]
    return parts


def _trimmed(title: str) -> str:
    """Without blanks in a row, empty brackets, and signs at the ends; the dot of ".NET" stays."""
    plain = " ".join(_EMPTY.sub(" ", title).split()).rstrip(EDGES)
    return plain[found.end() :] if (found := _FIRST.match(plain)) else plain


def _folded(names: Iterable[str | None]) -> frozenset[str]:
    return frozenset(fold(name) for name in names if name)


def _has_signs(title: str) -> bool:
    """Whether there is more than words, numbers and blanks: else there are no parts, no brackets, and no places."""
    return not title.replace(" ", "").isalnum()


def _without_symbols(title: str) -> str:
    """Without emoji, pictures and invisible characters; letters of every script stay."""
    plain = unicodedata.normalize("NFC", title)
    return "".join(" " if unicodedata.category(c) in {"So", "Cn", "Cf", "Co", "Sk"} else c for c in plain)
