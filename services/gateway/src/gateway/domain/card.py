"""How a job's places are searched."""

import unicodedata
from collections.abc import Iterable

from common.contracts import Place


def fold(text: str) -> str:
    """Lower case without accents and with single spaces, so that `Montréal` is found by `montreal`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def place_key(places: Iterable[Place]) -> str:
    """All names of all places of a job, folded, a `|` around each, for substring search."""
    names = (n for p in places for n in (p.city, p.region, p.country, p.text) if n)
    return "|" + "|".join(dict.fromkeys(fold(n) for n in names)) + "|"
