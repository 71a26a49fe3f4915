"""Tells a page from what stands in for one when a source is broken, and makes names safe for paths."""

import hashlib
import re
from collections.abc import Collection
from typing import Any

from common.contracts import SourceQuery
from sources.errors import PagePayloadError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def list_in(payload: Any, key: str | None = None) -> list[Any]:
    """The list that a page holds (under `key`, or itself); PagePayloadError says what came instead."""
    found = payload.get(key) if key is not None and isinstance(payload, dict) else payload
    if isinstance(found, list) and (key is None or isinstance(payload, dict)):
        return found
    if isinstance(payload, str):
        start = " ".join(payload[:200].split())
        if start.lower().startswith(("<!doctype", "<html", "<?xml")):
            raise PagePayloadError("page_is_html", f"an HTML page came instead of JSON: {start}")
        raise PagePayloadError("page_is_not_json", f"the answer is cut off or no JSON: {start!r}")
    if isinstance(payload, dict) and (said := payload.get("error") or payload.get("message")):
        raise PagePayloadError("page_is_error", f"the source answered with an error: {str(said)[:200]}")
    shape = (
        f"an object with {', '.join(sorted(map(str, payload))[:8])}"
        if isinstance(payload, dict)
        else type(payload).__name__
    )
    raise PagePayloadError("page_has_no_items", f"expected a list{f' under {key!r}' if key else ''}, found {shape}")


def path_safe(name: str) -> str:
    """The name as part of a path: letters, digits, `. _ -`; a changed name gets a digest, so that names stay apart."""
    safe = _UNSAFE.sub("-", name).strip(".-")[:80]
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def param_faults(query: SourceQuery, known: Collection[str]) -> list[str]:
    """Which parameters of the query its source does not know."""
    unknown = sorted(set(query.params) - set(known))
    names = ", ".join(sorted(known))
    return [f"{query.source} does not know params {', '.join(unknown)}; it knows {names}"] if unknown else []


def whole_number_faults(query: SourceQuery, name: str, least: int, most: int | None = None) -> list[str]:
    """What is wrong with a parameter that is a whole number, or its digits: a command line gives those."""
    given = query.params.get(name)
    digits = "" if isinstance(given, bool) else str(given)
    fits = digits.isdecimal() and least <= int(digits[:20]) and (most is None or int(digits[:20]) <= most)
    upto = "" if most is None else f" to {most}"
    return [] if given is None or fits else [f"params.{name} must be a whole number from {least}{upto}"]
