"""Tells a stretch of text whose numbers cannot be pay, before it is cut into tokens."""

import re

from ahocorasick_rs import AhoCorasick

from enricher.domain.pay.tokens import NUMBER, TOUCHING
from enricher.domain.rules import PayRules

#: Characters of the least amount that is pay without a currency: 1000. Smaller ones are multiplied or paid by the hour.
_LONG = 4
#: What stands between units.
_BLANKS, _BLANK = re.compile(r"[\s_]*"), "_" + "".join(filter(str.isspace, map(chr, range(0x3001))))


class Chance:
    """What must stand beside a number that is pay: a currency, or what makes it large; else hours must be named."""

    def __init__(self, rules: PayRules) -> None:
        currencies = [word for words in (*rules.currencies.values(), rules.local_currencies) for word in words]
        self._signs = re.compile(f"[{''.join(re.escape(w) for w in currencies if len(w) == 1 and not w.isalpha())}]")
        self._before = tuple(currencies)
        # Of several words only the first: blanks between them may be others.
        self._behind = tuple({word.split(" ")[0] for word in (*currencies, *rules.multipliers)} - TOUCHING)
        self._touching = tuple(TOUCHING)
        self._hours = AhoCorasick(rules.periods["hour"]).find_matches_as_indexes

    def of(self, low: str) -> bool:
        """Whether a stretch in lower case may hold pay; where not, the grammar and its judge would find none."""
        if self._signs.search(low):
            return True
        numbers = [found.span() for found in NUMBER.finditer(low)]
        for start, end in numbers:
            if (
                end - start >= _LONG
                or low.startswith(self._touching, end)
                or low.startswith(self._behind, _BLANKS.match(low, end).end())  # type: ignore[union-attr] # always matches
                or low[:start].rstrip(_BLANK).endswith(self._before)
            ):
                return True
        return len(numbers) > 1 and bool(self._hours(low))
