"""The least degree that a posting asks for, and whether it must be held."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from common.contracts import Degree
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.needs import Sections
from enricher.domain.rules import DegreeRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern

#: Bytes of the sentence looked at on either side; and within which levels are alternatives of one statement.
_REACH, _AHEAD, _ALTERNATIVES = 140, 200, 60
_MOST, _NEVER = 60, 50
#: Abbreviations so short count in capitals only.
_LETTERS = 2
#: Parentheses that speak of the subject ("(economics preferred)"), not of the degree.
_ASIDE = (
    r"\((?![^)]*degree (?:is )?{wish})(?:(?!{wish}(?! (?:majors?|fields?|disciplines?|subjects?)\b)"
    r"|required|not\b|or\b|is\b|strongly|highly|would)[^)]{{5,}}|(?:master|mba|ph\.?d)[^)]*)\)?"
)
#: A study that was finished, whatever programme it belonged to; training that will do as well as a study.
_DONE = re.compile(r"abgeschlossen|absolviert")
_INSTEAD = re.compile(r"(?:in place of|in lieu of|instead of|substitut\w+ for)\s(?:an?\s|the\s)?$")
_OR_TRAINING_BEFORE = re.compile(
    r"(?:ausbildung|techniker|meister)\b.{0,110}\b(?:oder|bzw|alternativ)\b.{0,40}$"
    r"|^(?!.*(?:degree|bachelor|master|\bb\.?s\b|\bm\.?s\b)).*\bexperience\b[^.;]{0,40}\bor\s(?:an?\s)?(?:related\s)?$"
)
_OR_TRAINING_BEHIND = re.compile(
    r".{0,80}\b(?:oder|bzw\.|alternativ)\s(?:(?!und\b|sowie\b|mit\b)[^\s,]+\s){0,4}"
    r"(?:\w*(?:ausbildung|weiterbildung|erfahrung)|techniker|meisterschule|quereinsteiger)"
    r"|.{0,80}\b(?:ou|o)\s(?:une?\s)?(?:expérience|experiencia)\s(?:significative|similaire|demostrable|relevante|acreditada)"
)
#: Behind a semicolon: "; or an equivalent combination of …".
_GOES_ON = re.compile(rb"\s*(?:and/or|or|can|may|an equivalent|equivalent|relevant|in lieu)\b")
#: A line about education, or below a heading of its own, belongs to no list of wishes above it.
_EDUCATION_ABOVE = re.compile(rb"\n\W*(?:(?:minimum|required)\s)?(?:education|academic)[^\n:]{0,25}:?\s*\n\W*$")
_EDUCATION = re.compile(r"\W*(?:(?:minimum|required)\s)?(?:education|qualification)s?\b[^:]{0,30}:")
#: Where a source lost the break between two lines: "a related fieldCPA preferred", "or GED.2 years preferred", "in a
#: related field Excellent skills"; not "and/orEngineering".
_LOST_BREAK = re.compile(
    rb"(?<!/o)(?<!/an)[a-z)][.)]?[A-Z][A-Za-z]|[A-Za-z)]\.\d|[a-z]\d+\s?(?:\+|-\s?\d|years)"
    rb"|(?:(?<=field)|(?<=fields)|(?<=discipline)) (?!Or|And)[A-Z][a-z]+ [a-z]"
)
#: Said of it in the lines below: "5 years of experience may be substituted for the degree", "In lieu of a degree, …".
_STANDS_IN = re.compile(
    rb"substitut\w+ for (?:(?:an?|the|some|required|this|college|formal)\s){0,3}(?:bachelor|degree|education)"
    rb"|\n\W*or an? (?:equivalent )?combination of|\n\W*or \d[^\n]{0,20}years|\bor no degree\b"
    rb"|in (?:lieu|place) of (?:(?:an?|the|required|this)\s){0,2}(?:bachelor\S*\s)?degree"
    rb"|experience (?:may|can|will) be (?:considered|accepted) (?:in lieu|in place|instead|as a substitute)"
)
_BELOW = 250
#: Before a level that will do as well, however far: "MS in Physics, Statistics or a related field; or a Bachelor's".
_OR_LEVEL, _FAR = re.compile(r"[;,)\w]\s?\bor\s(?:an?\s|the\s)?(?:relevant\s|related\s)?$"), 170
#: Experience that will do as well: "or 8 years of …", "degree or 4+ years".
_OR_YEARS = re.compile(
    r"\b(?:or|oder|ou|o)\s(?:at least\s|a minimum of\s|minimum\s)?(?:\d{1,2}|one|two|three|four|five|six|eight|ten)"
    r"\+?\s(?:\(\d+\)\s)?(?:or more\s)?(?:years|yrs|jahre|ans|años|year of)\b"
    r"(?!\s(?:and|with)\s(?:an?\s)?(?:master|ph\.?d|mba|doctor|bachelor))"
)
#: The same without a number: "or equivalent work experience is required".
_OR_EXPERIENCE = re.compile(
    r"\b(?:or|oder|ou|o)\s(?:an?\s)?(?:equivalent|comparable|relevant|similar|vergleichbare|équivalente?)\s"
    r"(?!extensive|strong|proven)(?:combination of education and\s|(?:[\w/-]+\s){0,2})"
    r"(?:experience|erfahrung|berufserfahrung|expérience)"
)
#: A level with its subjects that is a wish: "Masters in Statistics, Economics or Physics preferred".
_SUBJECTS_WISHED = re.compile(r"(?:\S+\s){1,3}?in\s[^.;(\d]{0,70}?\b(?:preferred|a plus|desired|desirable)\b")
#: Before a level that is told of by itself, be it that a line break was lost; where what is said of it ends.
_COMMA = re.compile(
    r"(?:[,;(–-]|(?<=field)|(?<=discipline))\s*(?:(?:and|und|et|y|an?|the|eine?n?|une?|un|gerne|auch|ideally|preferably|idealerweise|with"
    r"|se valorará)\s)*$"
)
_CLAUSE = re.compile(r"[,;.(]|\s(?:or|oder|ou|and|und|et)\s")
_ORDER: tuple[Degree, ...] = ("high_school", "associate", "bachelor", "master", "doctorate")


class DegreeAsked(NamedTuple):
    """The least degree that will do; `required` is False where experience will do as well or it is preferred only."""

    level: Degree
    required: bool


class DegreeReader:
    """The words of `config/taxonomy/degrees.yml`, ready to be asked."""

    def __init__(self, rules: DegreeRules) -> None:
        self._rules = rules
        self._wish = WordsPattern(rules.wish)
        self._aside = re.compile(_ASIDE.format(wish=self._wish.pattern))
        self._waived = WordsPattern(rules.waived)
        self._must = WordsPattern(rules.must)
        self._equivalent = WordsPattern(rules.equivalent)
        self._before = re.compile(WordsPattern(rules.context_before).pattern + r"\W*$")
        self._behind = WordsPattern(rules.context_behind)
        self._subject = re.compile(WordsPattern(rules.subjects).pattern + r"\W*$")
        self._never = WordsPattern(rules.never)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        for level, phrases in self._rules.levels.items():
            yield from (Phrase(words, "degree", (level, True)) for words in phrases)
        for level, phrases in self._rules.levels_in_context.items():
            yield from (Phrase(words, "degree", (level, False)) for words in phrases)
        yield from (Phrase(words, "decoy") for words in self._rules.decoys)

    def read(
        self, text: Text, mentions: list[Mention], sections: Sections
    ) -> tuple[DegreeAsked | None, Evidence | None]:
        """The lowest level of the first statement that is no mere wish, else of the first."""
        first: tuple[DegreeAsked, int, int] | None = None
        last = -1
        for index, mention in enumerate(mentions[:_MOST]):
            if mention.start < last or not self._counts(text, mention):
                continue
            level, last, stop = self._least(text, mentions, index)
            wished, required = self._need(text, mention, last, stop, level, sections)
            if first is None or not wished:
                first = DegreeAsked(level, required), mention.start, last
            if not wished:
                break
        if first is None:
            return None, None
        asked, start, end = first
        shown = f"{asked.level} {'required' if asked.required else 'preferred'}"
        return asked, from_span(text, start, end, field="degree", value=shown, rule="degree.stated")

    def _counts(self, text: Text, mention: Mention) -> bool:
        """Whether the words mean a degree: sure ones do unless ruled out, others where words of study stand near."""
        before, behind = text.around(mention.start, mention.end, _REACH)
        words = text.low[mention.start : mention.end].decode(errors="ignore")
        near = before if mention.start < text.body_start else before[-_NEVER:]
        if self._never.search(f"{near}{words} {behind[:40]}") and not _DONE.search(near + words):
            return False
        _, sure = mention.value
        if not sure and mention.end - mention.start <= _LETTERS and text.raw[mention.end - 1 : mention.end].islower():
            return False
        if sure or self._before.search(before[-40:]) or self._behind.match(behind.lstrip(" ,.’'()/")):
            return True
        return words.startswith("degree") and self._subject.search(before[-40:]) is not None

    def _least(self, text: Text, mentions: list[Mention], index: int) -> tuple[Degree, int, int | None]:
        """The lowest of the levels named as alternatives, where the last of them ends, where another is told of."""
        level, end = mentions[index].value[0], mentions[index].end
        for following in mentions[index + 1 : index + 6]:
            between = text.low[end : following.start].decode(errors="ignore")
            lower = _ORDER.index(following.value[0]) < _ORDER.index(level)
            if lower and following.value[1] and _goes_on(between):
                return following.value[0], following.end, None
            if following.start - end > _ALTERNATIVES or re.search(r"[;\n!?]|\. |  |preferred|required|a plus", between):
                another = following.value[0] != level and _COMMA.search(between)
                return level, end, following.start if another else None
            higher = _ORDER.index(following.value[0]) > _ORDER.index(level)
            if higher and (comma := _COMMA.search(between)) and self._is_wish(text, between, following):
                return level, end, following.start - len(comma.group().encode())
            # "PharmD degree required" and "MBA or an equivalent degree" name one degree.
            another = following.value[1] and between.rstrip().endswith((" or", "/"))
            if another or not text.low.startswith(b"degree", following.start):
                level = min(level, following.value[0], key=_ORDER.index)
            end = following.end
        return level, end, None

    def _is_wish(self, text: Text, between: str, mention: Mention) -> bool:
        """Whether this level alone is a wish: "Bachelor's degree in law, Master's preferred"."""
        told = text.behind(mention.end, _FAR)
        behind = _CLAUSE.split(told[:_ALTERNATIVES], maxsplit=1)[0]
        wished = self._wish.search(between) is not None or self._wish.search(behind) is not None
        words = text.low[mention.start : mention.end].decode(errors="ignore")
        return wished or _SUBJECTS_WISHED.match(f"{words} {told}") is not None

    def _need(
        self, text: Text, mention: Mention, end: int, stop: int | None, level: Degree, sections: Sections
    ) -> tuple[bool, bool]:
        """Whether it is a wish, and whether it is required; "or equivalent" to a high school's is a diploma."""
        before, behind = text.before(mention.start, _REACH), _behind(text, mention.end, _AHEAD + end - mention.end)
        if lost := _LOST_BREAK.search(text.raw, mention.end - 1, mention.end + len(behind.encode())):
            blanks = len(text.raw[mention.end : mention.end + _LETTERS]) - len(
                text.raw[mention.end : mention.end + _LETTERS].lstrip()
            )
            behind = behind[: lost.start() + 1 - mention.end - blanks]
        if stop is not None:
            behind = behind[: stop - mention.end]
        if text.raw[mention.start - 1 : mention.start].isalpha():
            before = ""
        # Experience that will do as well may stand behind many subjects; what is wished for or required stands near.
        far, behind = behind, behind[: _REACH + end - mention.end]
        # "Degree or equivalent" names what will do as well by itself.
        whole = f"{text.low[mention.start : mention.end].decode(errors='ignore')} {far}"
        closed = behind.partition(")")[0]
        near = closed if "(" not in closed and "(" in before else behind
        said = f"{before[-60:]} | {self._aside.sub('', near)}"
        if self._waived.search(said):
            return True, False
        if self._must.search(said):
            below = level != "high_school" and _STANDS_IN.search(text.low, end, end + _BELOW)
            return False, not (_OR_EXPERIENCE.search(whole) or _OR_YEARS.search(whole) or below)
        named = _EDUCATION.match(before) or _EDUCATION_ABOVE.search(text.low, max(0, mention.start - 70), mention.start)
        wished = sections.under(mention.start) == "preferred" and not (
            named and _is_apart(text, mention.start, sections)
        )
        if wished or self._wish.search(said):
            return True, False
        if level != "high_school" and _STANDS_IN.search(text.low, end, end + _BELOW):
            return False, False
        if _INSTEAD.search(before) or _OR_TRAINING_BEFORE.search(before) or _OR_TRAINING_BEHIND.match(behind):
            return False, False
        return False, level == "high_school" or not (self._alternative(whole))

    def _alternative(self, whole: str) -> bool:
        """Whether something else will do as well: an equivalent, experience, years of it."""
        found = self._equivalent.search(whole) or _OR_YEARS.search(whole) or _OR_EXPERIENCE.search(whole)
        return found is not None


def _goes_on(between: str) -> bool:
    """Whether what stands between two levels makes the second an alternative in the same sentence."""
    return len(between) <= _FAR and _OR_LEVEL.search(between) is not None and not re.search(r"[\n!?]|\. |  ", between)


def _is_apart(text: Text, start: int, sections: Sections) -> bool:
    """Whether other lines stand between the heading and the line of this place."""
    heading = sections.starts[bisect_right(sections.starts, start) - 1]
    return b"\n" in text.low[heading : text.low.rfind(b"\n", 0, start)].strip()


def _behind(text: Text, end: int, reach: int) -> str:
    """What stands behind in the sentence, and behind its semicolon where that goes on about the same."""
    behind = text.behind(end, reach)
    stop = text.low.find(b";", end, end + len(behind.encode()) + 2)
    if stop < 0 or not _GOES_ON.match(text.low, stop + 1):
        return behind
    return f"{behind} {text.behind(stop + 1, reach)}"
