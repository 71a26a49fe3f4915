"""What the postings of a cluster say as one job: how many, where, from whom, since when."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.card import fold


class Member(Protocol):
    """A posting of a cluster with what its card says."""

    hash_key: Any
    closed: bool
    first_seen_at: datetime | None
    source: str
    url: str | None
    apply_url: str | None
    places: list[dict[str, Any]] | None
    attribution: dict[str, Any] | None


def summed_up(members: Sequence[Member]) -> dict[str, Any] | None:
    """The job that these show, of which closed ones only tell since when; None where there is but one.

    The best of them comes first: of each source it gives the link, unless only another one has a link to apply.
    """
    if len(members) < 2:
        return None
    shown = [member for member in members if not member.closed]
    best: dict[str, Member] = {}
    for member in shown:
        if not (known := best.get(member.source)) or (member.apply_url and not known.apply_url):
            best[member.source] = member
    return {
        "postings": len(shown),
        "sources": [
            {
                "source": source, "hash_key": m.hash_key.hex, "apply_url": m.apply_url or m.url,
                "attribution": m.attribution,
            }
            for source, m in best.items()
        ],
        "places": places_once(place for member in shown for place in member.places or ()),
        "first_seen_at": min((m.first_seen_at for m in members if m.first_seen_at), default=None),
    }  # fmt: skip


def places_once(places: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each place once, by its names; by its text where nothing else is known of it."""
    once: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for place in places:
        names = [fold(place.get(name) or "") for name in ("city", "region", "country")]
        once.setdefault(tuple(names if any(names) else [fold(place.get("text") or "")]), place)
    return list(once.values())
