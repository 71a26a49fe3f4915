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
_LINK = re.compile(r"<(?:link|meta)\b[^<>]{0,2000}>", re.IGNORECASE)
_OWN = re.compile(r"""\b(?:rel\s*=\s*["']?canonical|property\s*=\s*["']?og:url)\b""", re.IGNORECASE)
_ADDRESS = re.compile(r"""\b(?:href|content)\s*=\s*["']?(?P<address>https?://[^"'\s>]{1,2000})""", re.IGNORECASE)
#: Characters at the start of a page in which its head is looked for.
_HEAD = 200_000
#: Parts of a posting that may be described elsewhere; what other references lead to, such as the page, says nothing.
_PARTS = {"hiringOrganization", "jobLocation", "applicantLocationRequirements", "baseSalary", "identifier"}
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def canonical_address(page: Any) -> str | None:
    """The address that a page gives as its own; None for what is no page or does not say."""
    tags = _LINK.findall(page[:_HEAD]) if isinstance(page, str) else []
    found = next((link["address"] for tag in tags if _OWN.search(tag) and (link := _ADDRESS.search(tag))), None)
    return html.unescape(found) if found else None


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
    """The JobPosting objects in a JSON-LD value, also below `@graph`, in lists and in other objects.

    Where a part of one only refers to another object of the value, such as the site's organization, that stands there.
    """
    found: list[dict[str, Any]] = []
    named: dict[str, Any] = {}
    _gather(value, found, named)
    for posting in found:
        yield {name: _resolved(field, named if name in _PARTS else {}) for name, field in posting.items()}


def _gather(value: Any, postings: list[dict[str, Any]], named: dict[str, Any]) -> None:
    """The postings, outside of which nothing is looked for in them, and all objects that have a name and say more."""
    if isinstance(value, dict) and isinstance(name := value.get("@id"), str) and len(value) > 1:
        named.setdefault(name, value)
    if isinstance(value, dict) and _is_posting(value.get("@type")):
        postings.append(value)
        return
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _gather(entry, postings, named)


def _resolved(field: Any, named: dict[str, Any]) -> Any:
    """The object that is referred to, the text of a literal; anything else as it is."""
    if isinstance(field, list):
        return [_resolved(entry, named) for entry in field]
    if not isinstance(field, dict):
        return field
    if field.keys() == {"@id"} and isinstance(field["@id"], str):
        return named.get(field["@id"], field)
    return field["@value"] if field.keys() in ({"@value"}, {"@value", "@language"}) else field


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
