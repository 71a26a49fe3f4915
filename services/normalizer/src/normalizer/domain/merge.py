"""How a page meets what is known: what each sighting says now, which posting shows it, how each item ends."""

# Nothing here depends on the order in which pages arrive: a sighting says what its latest observation says (of two at
# the same time the one with the greater content hash), and a posting shows its sighting of best precedence.

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.contracts import PostingOutcome
from normalizer.domain.precedence import Precedence
from normalizer.domain.record import Record

#: first: never seen; same: as known; stale: older than what is known; changed: says something else now.
Change = Literal["first", "same", "stale", "changed"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A posting as one source last showed it."""

    source: str
    source_job_id: str
    hash_key: str
    content_hash: str
    first_seen_at: datetime
    last_seen_at: datetime
    last_run_id: str
    archive_key: str
    #: When the first read of its whole feed began that did not show it.
    gone_at: datetime | None = None
    #: Its posting is not open.
    asleep: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A sighting that belongs to a posting; `blank`: it has no description."""

    source: str
    source_job_id: str
    hash_key: str
    content_hash: str
    blank: bool


@dataclass(frozen=True, slots=True)
class PostingState:
    """A posting as stored; `source` and `source_job_id` name the sighting that it shows."""

    hash_key: str
    version: int
    source: str
    source_job_id: str
    content_hash: str
    first_seen_at: datetime
    closed_at: datetime | None

    @property
    def shown(self) -> tuple[str, str]:
        return self.source, self.source_job_id


def one_each(records: Iterable[Record]) -> tuple[dict[str, Record], int]:
    """Records by source_job_id, and how many were left out because their id stands twice on the page."""
    chosen: dict[str, Record] = {}
    repeated = 0
    for record in records:
        other = chosen.setdefault(record.source_job_id, record)
        if other is not record:
            repeated += 1
            chosen[record.source_job_id] = max(other, record, key=lambda r: r.content_hash)
    return chosen, repeated


def change_of(
    record: Record, known: Sighting | None, collected_at: datetime, *, archive_key: str, run_id: str
) -> Change:
    """What an observation does to its sighting.

    The page that it was last seen on, read again by another run, counts as later: today's rules decide what it says.
    """
    if known is None:
        return "first"
    if (record.content_hash, record.hash_key) == (known.content_hash, known.hash_key):
        return "same"
    read_again = archive_key == known.archive_key and run_id != known.last_run_id
    later = read_again or (collected_at, record.content_hash) > (known.last_seen_at, known.content_hash)
    return "changed" if later else "stale"


def next_state(
    state: PostingState, members: Iterable[Member], precedence: Precedence, collected_at: datetime
) -> PostingState:
    """The posting with these sightings, one version later where that changes what it shows; itself where not.

    Without sightings it is closed and keeps what it showed last; a sighting opens it again.
    """
    best = precedence.best(members)
    first_seen_at = min(state.first_seen_at, collected_at)
    if best is None:
        closed_at = state.closed_at or collected_at
        shown = (state.source, state.source_job_id, state.content_hash)
    else:
        closed_at = None
        shown = (best.source, best.source_job_id, best.content_hash)
    moved = shown != (*state.shown, state.content_hash) or (closed_at is None) != (state.closed_at is None)
    return PostingState(state.hash_key, state.version + moved, *shown, first_seen_at, closed_at)


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the postings of a batch: as they were (absent: created now) and as they are."""

    before: Mapping[str, PostingState]
    after: Mapping[str, PostingState]

    def outcome(self, record: Record, change: Change, *, again: bool) -> PostingOutcome:
        """How an item ends. `again`: its sighting was met in this run before.

        A posting is new or updated once, by the item that it shows; every other item is a duplicate of it.
        """
        if again:
            return "duplicate"
        if change in ("same", "stale"):
            return "unchanged"
        before, after = self.before.get(record.hash_key), self.after[record.hash_key]
        if after.shown != (record.source, record.source_job_id):
            return "duplicate"
        if change == "changed" or (before is not None and before.closed_at is not None):
            return "updated"
        return "new" if before is None else "duplicate"

    def forwarded(self) -> list[PostingState]:
        """The postings to send on: those created, and those that changed their version."""
        return [
            state
            for key, state in self.after.items()
            if key not in self.before or self.before[key].version != state.version
        ]
