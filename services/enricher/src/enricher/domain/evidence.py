"""Evidence: which rule gave a value, and where in the posting it was read."""

import msgspec

from enricher.domain.text import Text


class Evidence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One derived value with its reason.

    `where` is title, description, places, pay or provider; `start` and `end` count characters in that field (0, 0 where
    the field was taken as a whole). Stored as an array to keep rows small.
    """

    field: str
    value: str
    rule: str
    where: str
    start: int = 0
    end: int = 0
    text: str = ""


def from_span(text: Text, start: int, end: int, *, field: str, value: str, rule: str) -> Evidence:
    """Evidence for a byte span of a posting's text."""
    where, first, last, words = text.span(start, end)
    return Evidence(field, value, rule, where, first, last, words)
