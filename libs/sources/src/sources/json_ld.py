"""Finds schema.org JobPosting objects in the JSON-LD of a web page."""

import html
import re
from collections.abc import Iterator
from typing import Any

from sources.json_text import parse_json

_WRAPPING = re.compile(
    r"^\s*(?://\s*)?(?:/\*\s*)?(?:<!\[CDATA\[|<!--)(?:\s*\*/)?|(?://\s*)?(?:/\*\s*)?(?:\]\]>|-->)(?:\s*\*/)?\s*;?\s*$"
)
#: Bounded, so that a page of nothing but openings is read once.
_SCRIPT = re.compile(r"<script\b[^>]{0,2000}>", re.IGNORECASE)
_TYPE = re.compile(r"""\btype\s*=\s*["']?\s*application/ld\+json""", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def postings_of_page(markup: str) -> list[Any]:
    """The objects in their order; in place of a script that cannot be read but names JobPosting its text."""
    found: list[Any] = []
    for script in _scripts(markup):
        try:
            found += postings_in(_parsed(script))
        except ValueError:
            found += [script] if "JobPosting" in script else []
    return found


def postings_in(value: Any) -> Iterator[dict[str, Any]]:
    """The JobPosting objects in a JSON-LD value, also below `@graph`, in lists and in other objects."""
    if isinstance(value, dict) and _is_posting(value.get("@type")):
        yield value
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for entry in inner:
        yield from postings_in(entry)


def _is_posting(kind: Any) -> bool:
    kinds = kind if isinstance(kind, list) else [kind]
    return any(isinstance(name, str) and re.split(r"[/:#]", name)[-1] == "JobPosting" for name in kinds)


def _parsed(script: str) -> Any:
    """The JSON of a script; ValueError if neither it nor a usual mistake's correction is any."""
    text = _WRAPPING.sub("", script)
    for attempt in (text, html.unescape(text), _TRAILING_COMMA.sub(r"\1", text)):
        try:
            return parse_json(attempt.encode("utf-8", "replace"))
        except ValueError:
            continue
    raise ValueError("no JSON")


def _scripts(markup: str) -> Iterator[str]:
    """The texts of `<script type="application/ld+json">`, in time that grows with the page only.

    `html.parser` takes minutes for half a megabyte of unclosed comments, and a page may be anybody's.
    """
    lowered = markup.lower() if len(markup.lower()) == len(markup) else markup
    position = 0
    while (opening := _SCRIPT.search(lowered, position)) is not None:
        end = lowered.find("</script", opening.end())
        if end < 0:
            return
        if _TYPE.search(opening[0]):
            yield markup[opening.end() : end]
        position = end
