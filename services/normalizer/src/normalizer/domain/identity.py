"""Identity of a posting: md5 over its normalised company, title and location (frozen: a change splits history)."""

import hashlib
from collections.abc import Iterable

from common.contracts import Place
from sources.folding import normalise


def location_text(places: Iterable[Place]) -> str:
    """All places as one text, in an order of its own: sources list the same places in any order.

    A place is taken in the source's own words; its city, region and country stand in where it has none.
    """
    written = {normalise(place.written) for place in places}
    return " ".join(sorted(written - {""}))


def hash_key(company: str | None, title: str | None, location: str | None) -> str:
    """32 hex digits; a missing part counts as empty."""
    parts = f"{normalise(company)}|{normalise(title)}|{normalise(location)}"
    return hashlib.md5(parts.encode(), usedforsecurity=False).hexdigest()
