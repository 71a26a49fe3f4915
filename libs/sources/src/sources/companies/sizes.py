"""Company sizes in one set of bins, from whatever numbers a text states."""

import re
from collections.abc import Sequence

#: Characters read; a number of thousands of digits is none.
_LONGEST = 200
_NUMBER = re.compile(r"\d+(?:[.,' ]\d{3})*\s?k?", re.IGNORECASE)


def size_bin(text: str, upper_ends: Sequence[int]) -> str | None:
    """The bin (`51-200`, the last `10001+`) that holds the middle of the stated range; None where none is stated.

    `upper_ends` are those of `config/enums.yml`, rising; the bin above the last is open.
    """
    text = text[:_LONGEST]
    numbers = [_value(m) for m in _NUMBER.findall(text)]
    if not numbers:
        return None
    if len(numbers) == 1 and ("+" in text or ">" in text or "more than" in text.lower()):
        return _bin(numbers[0] + 1, upper_ends)
    return _bin(sum(numbers[:2]) / len(numbers[:2]), upper_ends)


def _bin(employees: float, upper_ends: Sequence[int]) -> str:
    first = 1
    for end in upper_ends:
        if employees <= end:
            return f"{first}-{end}"
        first = end + 1
    return f"{first}+"


def _value(number: str) -> int:
    digits = int(re.sub(r"\D", "", number))
    return digits * 1000 if number.lower().endswith("k") else digits
