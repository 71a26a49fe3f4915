"""Tells markup that a cleaner would leave as it is: known harmless tags without attributes, each closed in place."""

# As strict as can be, so that what passes is safe whatever a parser makes of it: no attribute, no comment, no tag that
# is not named here, no sign that could begin one. What does not pass is no worse for it, only cleaned.

import re
from itertools import count

#: Text as it is written out: no stray signs, line ends of one kind, spaces that do not break as `&nbsp;`.
_TEXT = r"[^<>&\r\xa0]++|&(?:amp|lt|gt|nbsp);"
_MARKS = "b|strong|em|i|u|s|small|sub|sup|code"
_LINES = "p|h[1-6]"
#: How deep marks stand in each other, and lists.
_MARKS_DEEP, _LISTS_DEEP = 2, 3
_groups = (f"tag{number}" for number in count())


def is_tidy(markup: str) -> bool:
    """Whether this is nothing but paragraphs, headings, lists, boxes and marked words, all of them well nested.

    Only of text from `storable`, and only within limits: False says nothing.
    """
    return _TIDY.fullmatch(markup) is not None


def _closed(tags: str, inside: str) -> str:
    """One of these tags, what may stand in it, and its end."""
    group = next(_groups)
    return f"<(?P<{group}>{tags})>(?:{inside})*</(?P={group})>"


def _words(deep: int) -> str:
    marked = f"|{_closed(_MARKS, _words(deep - 1))}" if deep else ""
    return f"{_TEXT}|<br>{marked}"


def _lists(deep: int) -> str:
    entries = rf"[ \t\n]++|<li>(?:{_blocks(deep - 1)})*</li>"
    return _closed("ul|ol", entries)


def _blocks(deep: int) -> str:
    lists = f"|{_lists(deep)}" if deep else ""
    return f"{_words(_MARKS_DEEP)}|{_closed(_LINES, _words(_MARKS_DEEP))}{lists}"


_TIDY = re.compile(f"(?:{_blocks(_LISTS_DEEP)}|{_closed('div', _blocks(_LISTS_DEEP))})*")
