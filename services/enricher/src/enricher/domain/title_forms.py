"""Titles that stand in a man's and a woman's form with a slash between: the first form stays."""

import re
from itertools import takewhile

#: Endings of the forms of one title in German, French and Spanish, behind what they share.
_ENDINGS = frozenset({
    ("", "in"), ("r", ""), ("er", "erin"), ("e", "in"), ("mann", "frau"), ("männer", "frauen"),
    ("", "e"), ("r", "se"), ("eur", "rice"), ("r", "rice"), ("er", "ère"), ("", "ne"), ("", "se"), ("", "le"),
    ("", "te"), ("f", "ve"), ("f", "que"), ("c", "que"), ("x", "se"), ("eur", "euse"), ("e", "esse"), ("", "sse"),
    ("o", "a"), ("", "a"), ("ón", "ona"), ("és", "esa"),
})  # fmt: skip
_LONGEST_STEM, _MOST_WORDS = 3, 4
_SLASH = re.compile(r"\s*/\s*-?")
_WORD = re.compile(r"[\w'’.-]+")


def without_second_forms(title: str) -> str:
    """`Directeur/Directrice de travaux` as `Directeur de travaux`; what is no such pair stays as it is."""
    if "/" not in title:
        return title
    start = 0
    while slash := _SLASH.search(title, start):
        length = _second_form(title[: slash.start()], title[slash.end() :])
        title = title[: slash.start()] + title[slash.end() + length :] if length else title
        start = slash.start() if length else slash.end()
    return title


def _second_form(before: str, behind: str) -> int:
    """Characters behind a slash that say again, in the other form, what stands before it."""
    first, second = list(_WORD.finditer(before)), list(_WORD.finditer(behind))
    for count in range(min(len(first), len(second), _MOST_WORDS), 0, -1):
        pairs = zip(first[-count:], second[:count], strict=True)
        alike = [(a.group().lower(), b.group().lower()) for a, b in pairs]
        if any(a != b for a, b in alike) and all(a == b or _are_forms(a, b) for a, b in alike):
            return second[count - 1].end()
    return 0


def _are_forms(one: str, other: str) -> bool:
    if one.endswith("mann") and other == "frau":
        return True
    stem = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    # The shorter stems catch endings that begin alike: "teur", "trice".
    return any(
        (one[at:], other[at:]) in _ENDINGS or (other[at:], one[at:]) in _ENDINGS
        for at in range(stem, max(_LONGEST_STEM, stem - 3) - 1, -1)
    )
