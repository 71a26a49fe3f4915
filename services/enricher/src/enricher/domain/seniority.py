"""Seniority of a posting: from its title, the source's own level, a plain statement in the body, or its craft."""

import re
from collections.abc import Iterator
from functools import lru_cache

from common.contracts import Seniority
from enricher.domain.evidence import Evidence, from_span
from enricher.domain.rules import SeniorityRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import Wording, WordsPattern, blank_out

#: Levels of one ladder: of two that a title offers as alternatives ("Senior / Principal") the lower is asked for.
_LADDER: tuple[Seniority, ...] = ("junior", "mid", "senior", "lead", "principal")
_ALTERNATIVE = re.compile(r"^[\w\s.]{0,24}(?:/|\s(?:or|to|bis|oder|ou|o)\s|\s?[–-]\s?)\s*$")
#: "Analyst/Sr Analyst": with and without the level.
_RANK = r"(?:sr\b\.?|senior|jr\b\.?|junior|lead|principal)"
_EITHER = re.compile(rf"^(?:(?!{_RANK}).)*?\b(\w+(?:\s\w+){{0,3}})\s*/\s*{_RANK}\s+\1\b")
#: Behind a grade a title ends, or another part of it begins; not the comma of "$1,800", and not the sign before it.
_GRADE_END, _SIGNS = re.compile(r"\s*(?:$|\(|[-–—,/|:&)](?!\d))|\s+(?:in|at|full|part|remote|hybrid)\b"), "$€£#."
#: Grades that nothing else is written as: behind a calling they count anywhere, "Engineer II with Accounting".
_ROMAN = frozenset({"ii", "iii"})
_NUMBER = re.compile(r"[-_:# ]?\d{3,}")
#: What stands between a calling and its number, "Software Engineer (Level 2)", "SDE-3"; they are told as II and III
#: are. A level of an assistant is a certificate's.
_NUMBERED = (
    r"(?:(?<!assistant)[^|,(/–—-]{0,20}?[\s,(–-]{1,3}(?:level|lvl|lv|niveau|nivel|stufe)\s?([123])|[\s-]{1,3}([1-4]))\b"
    r"(?=\s*(?:$|\(|[-–—,/|:&)](?!\d))|\s{2}|\sw/)"
)
_LEVELS: dict[str, Seniority] = {"1": "junior", "2": "mid", "3": "senior", "4": "senior"}
#: "Chief Partnership Officer"; not of a ship, a court or a town.
_CHIEF = re.compile(
    r"\bchief\s(?!petty|warrant|probation|building|fire|police)(?:[\w/-]+(?:\s?[&,]\s?|\s)){1,4}?officers?\b"
)
#: "Assistant to the Regional Manager", "CEO Secretary", "CIO Office": whose assistant, secretary or office it is.
_OF_OTHERS = re.compile(
    r"\b(?:assistant|secretary|driver|bodyguard|assistenz|assistent(?:in)?)\s+(?:to|der|des)\s[^|(,/–—]*"
    r"|\b(?:c[efotim]o|director|president|chairman)(?:['’]s)?\s+(?:(?:personal|private|executive)\s+)?"
    r"(?:assistant|secretary|driver|office)\b"
)
_SERVE = ("assist", "secret", "driver", "office", "bodyguard")
#: "Küchenleiterin", "Heimleitung".
_LEADERS = re.compile(r"(?<![\w-])(\w{3,}?)(?:leiter(?:in|innen)?|leitung)(?!\w)")


class SeniorityReader:
    """The levels of `config/taxonomy/seniority.yml`, ready to be asked."""

    def __init__(self, rules: SeniorityRules) -> None:
        self._rank = {level: rank for rank, level in enumerate(rules.precedence)}
        self._ignore = WordsPattern(rules.ignore)
        self._levels = Wording(rules.titles)
        # "Staff UEFI Firmware Engineer", "Data Architect, Staff": not the staff of a hospital.
        heads = WordsPattern(rules.staff_heads).pattern
        self._staff = re.compile(
            rf"(?:^|[-–—|,:/(]|\bsr\b\.?|\bsenior\b)[\s-]*(staff)\b(?=[^|(]*?{heads})|{heads}\W{{1,3}}(staff)(?=\s*(?:$|[-–—|,/(]))"
        )
        callings = WordsPattern(rules.callings).pattern
        self._numbered = re.compile(callings + _NUMBERED)
        self._calling = re.compile(callings + r"\W{1,3}$")
        self._no_leaders = tuple(rules.no_leaders)
        self._crafts = Wording(rules.crafts)
        self._grades = rules.grades
        self._provider = Wording(rules.provider)
        self._body = rules.body
        self.of_title = lru_cache(maxsize=20_000)(self._of_title)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for in bodies."""
        return (Phrase(words, "seniority", level) for level, phrases in self._body.items() for words in phrases)

    def read(self, title: str, hint: str | None, text: Text, mentions: list[Mention]) -> Evidence | None:
        """The level with its reason; None where nothing names one."""
        if found := self.of_title(title):
            return found
        if hint and (level := self._provider.exact(hint)):
            return Evidence("seniority", level, "seniority.provider", "provider", text=hint)
        if mentions:
            best = min(mentions, key=lambda m: self._rank[m.value])
            return from_span(text, best.start, best.end, field="seniority", value=best.value, rule="seniority.body")
        return self._of_craft(title)

    def _of_title(self, title: str) -> Evidence | None:
        plain = title.lower().replace("_", " ")
        of_others = any(word in plain for word in _SERVE)
        low = blank_out(self._ignore, blank_out(_OF_OTHERS, plain) if of_others else plain)
        found = self._found(plain, low)
        if "/" in low and (either := _EITHER.search(low)):
            found = [(level, m) for level, m in found if m.end() <= either.end(1)]
        if not found:
            return None
        level, match = min(found, key=lambda f: self._rank[f[0]])
        for other, m in found:
            first, second = sorted((m, match), key=lambda each: each.start())
            if other in _LADDER and level in _LADDER and _ALTERNATIVE.match(low[first.end() : second.start()]):
                level, match = min((level, match), (other, m), key=lambda f: _LADDER.index(f[0]))
        start, end = match.span()
        return Evidence("seniority", level, "seniority.title", "title", start, end, title[start:end])

    def _found(self, plain: str, low: str) -> list[tuple[Seniority, re.Match[str]]]:
        """All levels that a title names; `low` without the words in which none is meant."""
        found = [(level, m) for level, m in self._levels.find(low) if self._counts(plain, m)]
        if "staff" in low and (staff := self._staff.search(plain)):
            found.append(("principal", staff))
        if "chief" in low and (chief := _CHIEF.search(low)):
            found.append(("executive", chief))
        # "Junior Engineer 2" stays a junior.
        if (numbered := self._numbered.search(plain)) and not any(level == "junior" for level, _ in found):
            found.append((_LEVELS[numbered[1] or numbered[2]], numbered))
        if "leit" in low:
            known = {m.span() for _, m in found}
            leaders = (m for m in _LEADERS.finditer(low) if not m[1].endswith(self._no_leaders))
            found += [("manager", m) for m in leaders if m.span() not in known]
        return found

    def _of_craft(self, title: str) -> Evidence | None:
        for level, match in self._crafts.find(title.lower()):
            return Evidence("seniority", level, "seniority.craft", "title", *match.span(), match.group())
        return None

    def _counts(self, plain: str, match: re.Match[str]) -> bool:
        """Grades such as II count behind a word and at the end of a part of the title only; JR-20931 is no junior."""
        if match.group() == "jr" and _NUMBER.match(plain, match.end()):
            return False
        if match.group() not in self._grades:
            return True
        before = plain[: match.start()].strip()
        alone = before and plain[match.start() - 1] not in _SIGNS and before[-1] != ":"
        if alone and match.group() in _ROMAN and self._calling.search(plain[: match.start()]):
            return True
        return bool(alone) and bool(_GRADE_END.match(plain, match.end()))


def level_value(evidence: Evidence | None) -> Seniority | None:
    """The level an evidence stands for, typed."""
    return None if evidence is None else evidence.value  # type: ignore[return-value] # values come from typed rules
