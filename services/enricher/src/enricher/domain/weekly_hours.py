"""Full or part time by the hours a week that a body states for the job."""

import re
from collections.abc import Iterator, Sequence

from common.contracts import EmploymentType
from enricher.domain.rules import WeeklyHoursRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import words_pattern

#: Bytes looked at before the unit and behind it; units that are judged, at most.
_BEFORE, _BEHIND, _MOST = 70, 50, 8
_AMOUNT = re.compile(
    r"(?<![\w.,:/$€£-])(?P<low>\d{1,2})(?:[.,]\d{1,2})?\s*(?:(?:-|–|to|bis|à|a|or|and|oder|und|et|y)\s*(?P<high>\d{1,2})(?:[.,]\d{1,2})?\s*)?[\s-]?$"
)


class WeeklyHours:
    """The `hours` of `config/taxonomy/employment.yml`, ready to be asked."""

    def __init__(self, rules: WeeklyHoursRules) -> None:
        self._rules = rules
        self._others = words_pattern(rules.others)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(words, "hours", None, bounded=False) for words in self._rules.units)

    def of(self, text: Text, mentions: Sequence[Mention]) -> Mention | None:
        """The first statement of the job's hours, from its number on, with the type that they mean."""
        for mention in mentions[:_MOST]:
            before = text.before(mention.start, _BEFORE)
            amount = _AMOUNT.search(before)
            if amount is None or (kind := self._kind(amount)) is None:
                continue
            head, behind = before[: amount.start()], text.behind(mention.end, _BEHIND).partition(",")[0]
            if not self._others.search(f"{head} | {behind}"):
                start = mention.start - len(amount.group().encode())
                return Mention(start, mention.end, kind)
        return None

    def _kind(self, amount: re.Match[str]) -> EmploymentType | None:
        """Full time where the least hours are, part time where the most are; None between and beyond."""
        low, high = int(amount["low"]), int(amount["high"] or amount["low"])
        if self._rules.full <= low <= high <= self._rules.most:
            return "FULL_TIME"
        return "PART_TIME" if 0 < low <= high <= self._rules.part else None
