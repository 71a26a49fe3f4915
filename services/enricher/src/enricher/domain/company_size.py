"""Company sizes in one set of bins, from whatever a source writes."""

from functools import lru_cache

from enricher.domain.rules import CompanySizeRules
from enricher.domain.wording import Wording
from sources.companies.sizes import size_bin


class CompanySizes:
    """The bins of `config/enums.yml`, ready to be asked."""

    def __init__(self, rules: CompanySizeRules) -> None:
        self._ends = rules.upper_ends
        self._words = Wording(rules.words) if rules.words else None
        self.bin = lru_cache(maxsize=1_000)(self._bin)

    def _bin(self, text: str | None) -> str | None:
        """The bin (`51-200`) that a range or a word stands for; None where no size is stated."""
        if not text:
            return None
        return size_bin(text, self._ends) or (self._words.exact(text) if self._words else None)
