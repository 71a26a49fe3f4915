"""Full or part time by the hours a week that a body states for the job."""

import re
from collections.abc import Iterator, Sequence

from common.contracts import EmploymentType
from enricher.domain.rules import WeeklyHoursRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern

#: Bytes looked at before the unit and behind it; units that are judged, at most.
_BEFORE, _BEHIND, _MOST = 70, 50, 8
_AMOUNT = re.compile(
    r"(?<![\w.,:/$€£-])(?P<low>\d{1,2})(?:[.,]\d{1,2})?\s*(?:(?:-|–|to|bis|à|a|or|and|oder|und|et|y)\s*(?P<high>\d{1,2})(?:[.,]\d{1,2})?\s*)?[\s-]?$"
)
#: "Hours per week: 36", "Wochenstunden: 39 h": behind the unit as a label, and nothing more on its line.
_LABELLED = re.compile(
    rb"[ \t*]*[:|\n][\s:*|]*(?P<low>\d{1,2})(?:[.,]\d{1,2})?\s*(?:(?:-|to|bis)\s*(?P<high>\d{1,2}))?"
    rb"(?:\s?(?:h|hrs?|hours|std\.?|stunden|heures|horas))?[ \t*]*(?:$|[\n,;|(])"
)
_LONGEST_LABELLED = 40
#: What is said behind these is of something else.
_FURTHER = re.compile(r",|\b(?:sowie|und|mit|and|with|plus|et|y)\b")


class WeeklyHours:
    """The `hours` of `config/taxonomy/employment.yml`, ready to be asked."""

    def __init__(self, rules: WeeklyHoursRules) -> None:
        self._rules = rules
        self._others = WordsPattern(rules.others)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(words, "hours", None, bounded=False) for words in self._rules.units)

    def of(self, text: Text, mentions: Sequence[Mention]) -> Mention | None:
        """The first statement of the job's hours, from its number on, with the type that they mean."""
        for mention in mentions[:_MOST]:
            before = text.before(mention.start, _BEFORE)
            if (amount := _AMOUNT.search(before)) is None:
                if stated := self._labelled(text, mention, before):
                    return stated
                continue
            if (kind := self._kind(amount)) is None:
                continue
            head, behind = before[: amount.start()], _FURTHER.split(text.behind(mention.end, _BEHIND), maxsplit=1)[0]
            if not self._others.search(f"{head} | {behind}"):
                start = mention.start - len(amount.group().encode())
                return Mention(start, mention.end, kind)
        return None

    def _labelled(self, text: Text, mention: Mention, before: str) -> Mention | None:
        amount = _LABELLED.match(text.low, mention.end, mention.end + _LONGEST_LABELLED)
        if amount is None or self._others.search(before) or (kind := self._kind(amount)) is None:
            return None
        return Mention(mention.start, amount.end(), kind)

    def _kind(self, amount: re.Match[str] | re.Match[bytes]) -> EmploymentType | None:
        """Full time where the least hours are, part time where the most are; None between and beyond."""
        low, high = int(amount["low"]), int(amount["high"] or amount["low"])
        if self._rules.full <= low <= high <= self._rules.most:
            return "FULL_TIME"
        return "PART_TIME" if 0 < low <= high <= self._rules.part else None
