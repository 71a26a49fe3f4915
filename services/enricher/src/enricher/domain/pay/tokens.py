"""Cuts text around pay into tokens: numbers, currencies, dashes, periods, bounds, words."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from common.contracts import PayPeriod
from enricher.domain.rules import PayRules

Kind = Literal["number", "currency", "dash", "period", "bound", "word", "sign", "stop", "line"]

_LETTER = r"[^\W\d_\u3040-\u9fff]"
# Words, most of them of ASCII; numbers such as 1,234,567.89 · 1.234.567,89 · 1 234,50 · 12,00,000 · 1'234 · 1234.5 ·
# 3.200,- and in Markdown 3\.200; ideographs, line ends, signs. What most units are stands first, numbers behind a look
# at their first character.
_NUMBER = (
    r"(?=\d)(\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,3}(?:\\?[.,'’ \u00a0\u202f]\d{3})+(?:\\?[.,]\d{1,2})?(?!\d)"
    r"|\d{1,3}\.\d{4}(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)|\d+)(?:[.,]\\?[-–—]{1,2}(?! ?\d))?"
)
#: The groups of `_UNIT`: surely a word, a number; other units are of neither.
_IS_WORD, _IS_NUMBER = 1, 2
NUMBER = re.compile(_NUMBER)
_UNIT = re.compile(rf"([a-z]+{_LETTER}*)|{_NUMBER}|[\u3040-\u9fff]|{_LETTER}+|\n\s*|[^\w\s]")
#: The capital that begins a word inside a word.
_JOINT = re.compile(r"[A-ZÀ-Þ](?=[a-zß-ÿ])(?<=[a-zß-ÿ].)")
_GROUPS = re.compile(r"[ '’\\\u00a0\u202f]")
_STOPS = frozenset(".;!?•|")
#: Multipliers that must touch their number: "5 m" may be metres.
TOUCHING = frozenset({"m", "b", "mm", "bn"})
#: Signs written behind amounts that mean nothing: "25,000/-".
_AS_WORDS = ("/-",)
#: Multipliers that may be written with a point: "60 Tsd. €".
_ABBREVIATED = frozenset({"tsd", "tys", "тыс", "mio", "mil"})
#: Units of numbers that imply a currency or name the one that shares their sign.
_IMPLIED = {
    "lpa": "lpa",
    "lakh": "lakh",
    "lakhs": "lakh",
    "lac": "lakh",
    "lacs": "lakh",
    "crore": "crore",
    "cr": "crore",
    "teur": "teur",
    "tchf": "tchf",
    "triệu": "triệu",
    "만원": "만원",
}
_RETIREMENT = frozenset({"401", "403"})


#: A unit of text: words, first and last place, the group of the expression that it belongs to.
_Unit = tuple[str, int, int, int | None]


class Token(msgspec.Struct, frozen=True, gc=False):
    """A piece of lower-case text with its place in it.

    `scale` is what a number was multiplied by ("k"), `currency` what its unit implies (lakh, LPA).
    """

    kind: Kind
    text: str
    start: int
    end: int
    number: Decimal = Decimal(0)
    scale: Decimal = Decimal(1)
    period: PayPeriod | None = None
    currency: str | None = None


class _Phrase(NamedTuple):
    units: tuple[str, ...]
    tight: bool
    kind: Kind
    text: str


class Tokenizer:
    """The words of `config/pay.yml`, indexed by their first unit."""

    def __init__(self, rules: PayRules) -> None:
        self._multipliers = {w: Decimal(m) for w, m in rules.multipliers.items()}
        self._periods: dict[str, PayPeriod] = {w: p for p, words in rules.periods.items() for w in words}
        self._phrases: dict[str, list[_Phrase]] = {}
        self._index("period", self._periods)
        self._index(
            "currency", [w for words in rules.currencies.values() for w in words] + list(rules.local_currencies)
        )
        self._index("bound", [w for words in rules.bounds.values() for w in words])
        self._index("dash", [*rules.dashes, *rules.closed_dashes])
        named = [*rules.other_money, *rules.pay_words, *rules.target_words, *rules.other_periods, *_AS_WORDS]
        self._index("word", [w for w in named if not _UNIT.fullmatch(w)])
        for phrases in self._phrases.values():
            phrases.sort(key=lambda p: -len(p.units))

    def _index(self, kind: Kind, words: list[str] | dict[str, PayPeriod]) -> None:
        for word in words:
            units = tuple(m.group() for m in _UNIT.finditer(word))
            self._phrases.setdefault(units[0], []).append(_Phrase(units, " " not in word, kind, word))

    def cut(self, text: str, cased: str | None = None) -> list[Token]:
        """Tokens of lower-case text in its order; white space is left out.

        `cased` is the same text as written: words that lost the line break between them are parted ("/hrBenefits").
        """
        units = [(m[0], m.start(), m.end(), m.lastindex) for m in _UNIT.finditer(text)]
        if cased is not None and (joints := [m.start() for m in _JOINT.finditer(cased)]):
            units = list(_parted(units, joints))
        tokens: list[Token] = []
        phrases, at = self._phrases, 0
        while at < len(units):
            words, start, end, group = units[at]
            if group == _IS_NUMBER:
                token, used = self._number(units, at)
            elif words in phrases:
                token, used = self._phrase(units, at)
            elif group == _IS_WORD:
                token, used = Token("word", words, start, end), 1
            else:
                kind: Kind = "sign" if words == "." and _is_ordinal(units, at) else _plain_kind(words)
                token, used = Token(kind, words, start, end), 1
            tokens.append(token)
            at += used
        return tokens

    def _phrase(self, units: list[_Unit], at: int) -> tuple[Token, int]:
        words, start, end, _ = units[at]
        second = units[at + 1][0] if at + 1 < len(units) else ""
        for phrase in self._phrases[words]:
            used = len(phrase.units)
            if used == 1 or (phrase.units[1] == second and _follows(units, at, phrase)):
                period = self._periods.get(phrase.text)
                return Token(phrase.kind, phrase.text, start, units[at + used - 1][2], period=period), used
        return Token(_plain_kind(words), words, start, end), 1

    def _number(self, units: list[_Unit], at: int) -> tuple[Token, int]:
        words, start, end, _ = units[at]
        unit, begin, last, _ = units[at + 1] if at + 1 < len(units) else ("", end, end, None)
        if words in _RETIREMENT and unit in {"k", "(", "b"}:
            return Token("word", "401k", start, end), 1
        if unit == "t" and at + 2 < len(units) and units[at + 2][0] == "€":
            return Token("number", words, start, last, parse_number(words) * 1000, Decimal(1000)), 2
        factor = self._multipliers.get(unit)
        if factor is None or begin - end > (0 if unit in TOUCHING else 1):
            return Token("number", words, start, end, parse_number(words)), 1
        number = parse_number(words) * factor
        period, currency = self._periods.get(unit), _IMPLIED.get(unit)
        pointed = unit in _ABBREVIATED and at + 2 < len(units) and units[at + 2][:2] == (".", last)
        return Token("number", words, start, last + pointed, number, factor, period, currency), 2 + pointed


def parse_number(text: str) -> Decimal:
    """A written number: three digits behind a comma or point are thousands, one or two are a fraction."""
    plain = _GROUPS.sub("", text).rstrip(".,-–—")
    last = max(plain.rfind(","), plain.rfind("."))
    if last < 0:
        return Decimal(plain)
    whole, fraction = plain[:last].replace(",", "").replace(".", ""), plain[last + 1 :]
    return Decimal(whole + fraction) if len(fraction) == 3 else Decimal(f"{whole}.{fraction}")


def _parted(units: list[_Unit], joints: list[int]) -> Iterator[_Unit]:
    """The units, those cut in two in which a joint lies."""
    places = [*joints, units[-1][2]]
    for words, start, end, group in units:
        joint = places[bisect_right(places, start)]
        if group == _IS_NUMBER or joint >= end:
            yield words, start, end, group
        else:
            yield words[: joint - start], start, joint, None
            yield words[joint - start :], joint, end, None


def _follows(units: list[_Unit], at: int, phrase: _Phrase) -> bool:
    """Whether the units of a phrase stand here, touching each other where it has no blank ("/ Monat" has one)."""
    if at + len(phrase.units) > len(units):
        return False
    here = units[at : at + len(phrase.units)]
    if any(unit[0] != words for unit, words in zip(here, phrase.units, strict=True)):
        return False
    if phrase.tight and here[0][0] == "/":
        here = here[1:]
    return not phrase.tight or all(a[2] == b[1] for a, b in pairwise(here))


def _is_ordinal(units: list[_Unit], at: int) -> bool:
    """Whether a point behind one digit and before a word ends no sentence: "1. Jahr 1.150 €, 2. Jahr 1.220 €"."""
    before, behind = units[at - 1] if at else ("", 0, 0, None), units[at + 1 : at + 2]
    return before[3] == _IS_NUMBER and len(before[0]) == 1 and bool(behind) and behind[0][0][0].isalpha()


def _plain_kind(words: str) -> Kind:
    if words[0].isalpha():
        return "word"
    if "\n" in words:
        return "line"
    return "stop" if words in _STOPS else "sign"
