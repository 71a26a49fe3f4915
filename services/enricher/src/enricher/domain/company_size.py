"""Company sizes in one set of bins, from whatever a source writes."""

import re

from enricher.domain.rules import CompanySizeRules
from enricher.domain.wording import Wording

#: Characters read; a number of thousands of digits is none.
_LONGEST = 200
_NUMBER = re.compile(r"\d+(?:[.,' ]\d{3})*\s?k?", re.IGNORECASE)


class CompanySizes:
    """The bins of `config/enums.yml`, ready to be asked."""

    def __init__(self, rules: CompanySizeRules) -> None:
        self._ends = rules.upper_ends
        self._words = Wording(rules.words) if rules.words else None

    def bin(self, text: str | None) -> str | None:
        """The bin (`51-200`) that holds the middle of the stated range; None where no size is stated."""
        if not text:
            return None
        text = text[:_LONGEST]
        numbers = [_value(m) for m in _NUMBER.findall(text)]
        if not numbers:
            return self._words.exact(text) if self._words else None
        if len(numbers) == 1 and ("+" in text or ">" in text or "more than" in text.lower()):
            return self._of(numbers[0] + 1)
        return self._of(sum(numbers[:2]) / len(numbers[:2]))

    def _of(self, employees: float) -> str:
        first = 1
        for end in self._ends:
            if employees <= end:
                return f"{first}-{end}"
            first = end + 1
        return f"{first}+"


def _value(number: str) -> int:
    digits = int(re.sub(r"\D", "", number))
    return digits * 1000 if number.lower().endswith("k") else digits
