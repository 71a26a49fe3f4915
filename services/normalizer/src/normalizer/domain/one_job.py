"""What a cluster says as one job: whose words stand for each field and why, its sources, its past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from normalizer.domain.precedence import Precedence

#: all_agree: all who say anything say the same. only_one_says: nobody else says anything. best_source: they differ, and
#: the best of them counts: open before closed, with a text before without, then as config/sources.yml places sources.
Reason = Literal["all_agree", "only_one_says", "best_source", "earliest", "latest"]
Kind = Literal["first_seen", "last_seen", "closed", "expired", "stale", "reopened", "reposted", "evergreen"]


@dataclass(frozen=True, slots=True)
class Saying:
    """What one source says of one posting of the cluster, by field, and when it was seen there."""

    hash_key: str
    source: str
    source_job_id: str
    said: Mapping[str, Any]
    blank: bool
    closed_at: datetime | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Winner:
    """The words that stand for a field; `others` counts those who say something else."""

    field: str
    value: Any
    hash_key: str
    source: str
    reason: Reason
    others: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A source of the job: its best link, how many of its postings are the job, when it was seen there."""

    source: str
    postings: int
    hash_key: str
    apply_url: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a posting of the job."""

    at: datetime
    kind: Kind
    hash_key: str
    source: str
    reason: str = ""


def best_first(sayings: Sequence[Saying], precedence: Precedence) -> list[Saying]:
    """In the order in which they are believed."""
    return sorted(sayings, key=lambda each: (each.closed_at is not None, *precedence.rank(each), each.hash_key))


def winners(believed: Sequence[Saying]) -> list[Winner]:
    """The words that stand for each field that anybody says something of."""
    fields = dict.fromkeys(name for each in believed for name in each.said)
    return [winner for name in fields if (winner := _winner(name, believed)) is not None]


def _winner(field: str, believed: Sequence[Saying]) -> Winner | None:
    saying = [each for each in believed if each.said.get(field) not in (None, "", [])]
    if not saying:
        return None
    chosen = saying[0]
    reason: Reason = "best_source"
    if field == "posted_at":
        chosen, reason = min(saying, key=lambda each: each.said[field]), "earliest"
    elif field == "valid_through":
        chosen, reason = max(saying, key=lambda each: each.said[field]), "latest"
    others = sum(each.said[field] != chosen.said[field] for each in saying)
    if not others:
        reason = "all_agree" if len(saying) > 1 else "only_one_says"
    return Winner(field, chosen.said[field], chosen.hash_key, chosen.source, reason, others)


def sources_of(believed: Sequence[Saying]) -> list[Shown]:
    """Each source once; its link is the first to apply by, else the first to read more."""
    return [
        _shown([each for each in believed if each.source == source])
        for source in dict.fromkeys(each.source for each in believed)
    ]


def _shown(sayings: Sequence[Saying]) -> Shown:
    linked = next((each for each in sayings if each.said.get("apply_url")), sayings[0])
    return Shown(
        source=linked.source, postings=len({each.hash_key for each in sayings}), hash_key=linked.hash_key,
        apply_url=linked.said.get("apply_url") or linked.said.get("url"),
        first_seen_at=min((each.first_seen_at for each in sayings if each.first_seen_at), default=None),
        last_seen_at=max((each.last_seen_at for each in sayings if each.last_seen_at), default=None),
    )  # fmt: skip


def history_of(sayings: Sequence[Saying], events: Sequence[Happened] = ()) -> list[Happened]:
    """What happened to the postings, the earliest first; those closed before events were kept have none of it."""
    told = {event.hash_key for event in events}
    found = set(events) | {
        Happened(at, kind, each.hash_key, each.source)
        for each in sayings
        for kind, at in _moments(each).items()
        if at is not None and not (kind == "closed" and each.hash_key in told)
    }
    return sorted(found, key=lambda event: (event.at, event.kind, event.hash_key, event.source))


def _moments(saying: Saying) -> dict[Kind, datetime | None]:
    return {"first_seen": saying.first_seen_at, "last_seen": saying.last_seen_at, "closed": saying.closed_at}
