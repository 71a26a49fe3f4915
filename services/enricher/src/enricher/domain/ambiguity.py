"""Decides by cheap context rules whether a word that has other meanings names a skill, and asks spaCy for the rest."""

import re
from typing import Literal

from enricher.domain.context import ContextJudge
from enricher.domain.rules import AmbiguityRules, AmbiguousWord
from enricher.domain.text import Text

#: What may stand between two items of an enumeration.
LIST_GAPS = frozenset(
    gap.encode()
    for gap in (
        "", ",", "/", "|", ";", "&", "+", "-", "–", "—", "*", "(", "),", ", (", "), ", "•", "·", "and", "or", ", and",
        ", or", ",and", "&amp;", "and/or", "und", "oder", "et", "ou", "y", "o", "e", "en",
    )
)  # fmt: skip
_BULLETS = b"-*+"
#: "Angular 15", "Oracle 19c", but not "Spring 2026"; what an item of one word stands behind.
_VERSION = re.compile(
    rb" \d{1,2}(?:\.\d+)*[a-z]?\+?(?=[\s,;.)]|$)(?! (?:years?|yrs|months?|weeks?|days?|hours?|people)\b)"
)
_ITEMS = frozenset((b"-", b"*", b"+", "•".encode(), "·".encode()))
_ITEM_END = re.compile(rb"[ \t.,;)]*(?:\n|$)|[,/;]| ?\(")
#: Points that end no sentence: "tools, e.g. Excel".
_ABBREVIATED = (b"e.g.", b"eg.", b"i.e.", b"incl.", b"z.b.", b"bzw.", b"ex.", b"p.ej.")
#: What lets a word in small letters be one: "proficient in excel".
_SKILLED = re.compile(
    rb"(?:proficien\w+|experienced?|knowledge|skilled|skills|fluen\w+|familiar\w*|expert\w*|comfortable|kenntnisse)"
    rb" (?:in|with|of|using|utilizing) (?:ms |microsoft )?$"
)
_SKILLED_REACH = 40
_OPENERS = b"([{\"'/ \t"
#: Bytes that end a clause or list item; a point as well, but not behind a word such as "R.".
_ENDS, _POINT = b",;:!?)]}|/\n", b"."
_STOPS = _ENDS + _POINT
_GOING_ON = frozenset((b",", b"/", b")", b"&", b"+", b";"))
#: Bytes in which the next word is looked for.
_NEXT = 24
Verdict = Literal["list", "neighbour", "form", "context"]


class Ambiguity:
    """The rules of `config/taxonomy/ambiguous.yml`, ready to be asked."""

    def __init__(self, rules: AmbiguityRules) -> None:
        self._words = rules.words
        self.judge = ContextJudge(rules.words)

    def is_ambiguous(self, word: str) -> bool:
        """Whether the spelling (lower case) has a rule."""
        return word in self._words

    def verdict(self, word: str, text: Text, start: int, end: int, *, listed: bool) -> Verdict | None:
        """By which kind of evidence the word names a skill here, None where it does not.

        In this order: neighbours that rule it out; an enumeration with a sure technology (`listed`); neighbours that
        make it one; a capital inside a sentence, where its rule lets that suffice; cue words near it in the sentence.
        """
        rule = self._words[word]
        form = _form(text.raw[start:end], word)
        previous, following = _previous(text.low, start), _following(text.low, end)
        if following in rule.reject_next or previous in rule.reject_previous:
            return None
        if listed:
            return "list"
        if rule.like == "any":
            return "form"
        if form == "lower":
            spelled_out = following in rule.accept_next and previous not in {"to", "we", "you", "will"}
            told = spelled_out or (rule.like == "capitalised" and _is_mastered(text.low, start))
            return "neighbour" if told and rule.like != "upper" else None
        if following in rule.accept_next or previous in rule.accept_previous:
            return "neighbour"
        if _suffices(rule, form, text, start, end):
            return "form"
        return "context" if self.judge.is_skill(word, text, start, end) else None


def _form(raw: bytes, word: str) -> Literal["lower", "capitalised", "upper"]:
    """How the word is written; a single capital letter counts as written in capitals."""
    if raw.isupper():
        return "upper"
    return "capitalised" if raw[:1].isupper() else "lower"


def _suffices(rule: AmbiguousWord, form: str, text: Text, start: int, end: int) -> bool:
    """Whether the written form is enough: capitals outside a line in capitals, or a capital inside a sentence."""
    if rule.like == "upper":
        return form == "upper" and not _shouted(text.raw, start, end)
    if rule.like != "capitalised" or (form == "upper" and _shouted(text.raw, start, end)):
        return False
    if start < text.body_start or _inside_sentence(text.raw, start):
        return True
    return bool(_VERSION.match(text.raw, end) or (_ITEM_END.match(text.raw, end) and _is_item(text.raw, start)))


def _is_item(raw: bytes, start: int) -> bool:
    """Whether a bullet or a colon is all that stands before it on its line, or right before it."""
    before = raw[max(0, start - _NEXT) : start].removesuffix(b"\n").rstrip(b" \t")
    return before.endswith(b":") or before[before.rfind(b"\n") + 1 :].lstrip(b" \t") in _ITEMS


def _shouted(raw: bytes, start: int, end: int) -> bool:
    """Whether words of four or more capitals stand on both sides, as in a heading in capitals."""
    before, after = raw[max(0, start - 16) : start].split()[-1:], raw[end : end + 16].split()[:1]
    return all(len(w) > 3 and w.isupper() and w.isalpha() for w in before + after) and bool(before and after)


def _is_mastered(low: bytes, start: int) -> bool:
    """Whether the words before say that somebody is skilled in it."""
    return _SKILLED.search(low, max(0, start - _SKILLED_REACH), start) is not None


def _inside_sentence(raw: bytes, start: int) -> bool:
    """Whether something other than the end of a sentence, a bullet or a line break comes before."""
    before = raw[max(0, start - 8) : start].rstrip(b" \t(\"'")
    goes_on = before[-1:].isalnum() or before[-1:] in _GOING_ON or before.lower().endswith(_ABBREVIATED)
    return goes_on and b"\n" not in raw[start - 1 : start]


def _previous(low: bytes, start: int) -> str:
    """The word or sign right before, or '' where a sentence or list item begins."""
    before = low[start - _NEXT if start > _NEXT else 0 : start].rstrip(_OPENERS)
    if not before or before[-1] in _STOPS:
        return ""
    if before[-1] in _BULLETS and not before[before.rfind(b"\n") + 1 : -1].strip(b" \t"):
        return ""
    word = _decoded(before.rsplit(None, 1)[-1:]).lstrip("([{\"'")
    return word if word[-1:].isalnum() else word[-1:]


def _following(low: bytes, end: int) -> str:
    """The word or sign right behind, "." within an abbreviation, or '' at the end of a sentence."""
    after = low[end : end + _NEXT].lstrip(b" \t")
    if not after or after[0] in _ENDS or (after[:1] == _POINT and not after[1:2].isalnum()):
        return ""
    word = _decoded(after.split(None, 1)[:1])
    return word.rstrip(".,;:!?)]}|/\"'") if word[:1].isalnum() else word[:1]


def _decoded(words: list[bytes]) -> str:
    return words[0].decode(errors="ignore") if words else ""
