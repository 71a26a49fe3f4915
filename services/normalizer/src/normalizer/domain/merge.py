"""How a page meets what is known: what each sighting says now, which posting shows it, how each item ends."""

# Nothing here depends on the order in which pages arrive: a sighting says what its latest observation says (of two at
# the same time the one with the greater content hash), and a posting shows its sighting of best precedence.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from common.contracts import Flag, Posting, PostingOutcome
from common.contracts.posting import ForwardedOutcome
from normalizer.domain.closing import Standing, closed_by, flags, looks, opened
from normalizer.domain.closing_rules import ClosingRules
from normalizer.domain.precedence import Precedence
from normalizer.domain.record import Record, posting

#: first: never seen; same: as known; stale: older than what is known; changed: says something else now.
Change = Literal["first", "same", "stale", "changed"]
OPEN = Standing()
NEVER = datetime.min.replace(tzinfo=UTC)
#: Why a posting closes that no sighting belongs to any more.
RENAMED = "its source shows another job in its place"


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
    #: Its posting is not open, or withheld.
    asleep: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A sighting that belongs to a posting; `blank`: it has no description."""

    source: str
    source_job_id: str
    hash_key: str
    content_hash: str
    blank: bool
    feed: str
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    valid_through: datetime | None
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class PostingState:
    """A posting as stored; `source` and `source_job_id` name the sighting that it shows.

    `look_at`: when time alone may change its standing or its flags. `withheld`: nobody was shown its last version.
    """

    hash_key: str
    version: int
    source: str
    source_job_id: str
    content_hash: str
    first_seen_at: datetime
    standing: Standing = OPEN
    flags: tuple[Flag, ...] = ()
    look_at: datetime | None = None
    withheld: bool = False

    @property
    def shown(self) -> tuple[str, str]:
        return self.source, self.source_job_id

    @property
    def closed_at(self) -> datetime | None:
        return self.standing.since if self.standing.state == "closed" else None

    def posting(self, record: Record, outcome: ForwardedOutcome | None) -> Posting:
        """As it is sent on, showing this record."""
        stands = self.standing
        return posting(
            record, self.version, outcome, first_seen_at=self.first_seen_at, state=stands.state,
            state_since=stands.since, state_reason=stands.reason, flags=self.flags,
        )  # fmt: skip

    def again(self, moved: bool, **changed: Any) -> "PostingState":
        """With these changes; one version later where others must hear of it."""
        return replace(self, version=self.version + moved, **changed)


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


def wakes(known: Sighting | None, change: Change, collected_at: datetime) -> bool:
    """Whether it tells something that a posting is as it was: it is shown again, and was not open, or withheld."""
    return known is not None and known.asleep and change == "same" and collected_at > (known.gone_at or NEVER)


def seen_earlier(known: Sighting, change: Change, collected_at: datetime) -> bool:
    """Whether a page that comes late tells that a posting, as it is, was seen earlier than thought."""
    return change == "same" and collected_at < known.first_seen_at


def best_of(members: Sequence[Member], precedence: Precedence) -> Member | None:
    """The sighting that is shown: one that is gone only where all are."""
    return precedence.best([each for each in members if each.gone_at is None] or members)


def next_state(
    state: PostingState, members: Sequence[Member], precedence: Precedence, collected_at: datetime, rules: ClosingRules,
    now: datetime,
) -> PostingState:  # fmt: skip
    """The posting with these sightings, one version later where that changes what it shows; itself where not.

    Without sightings it is closed and keeps what it showed last; a sighting opens it again. What else time has made of
    it (`look_at`) is for a look at it to say.
    """
    best = best_of(members, precedence)
    first_seen_at = min(state.first_seen_at, collected_at)
    if best is None:
        standing = state.standing if state.closed_at else Standing("closed", collected_at, RENAMED)
        return state.again(standing != state.standing, standing=standing, first_seen_at=first_seen_at)
    opened = state.closed_at is not None and closed_by(members) is None
    shown = (best.source, best.source_job_id, best.content_hash)
    return state.again(
        opened or state.withheld or shown != (*state.shown, state.content_hash),
        source=best.source, source_job_id=best.source_job_id, content_hash=best.content_hash,
        standing=Standing("open", collected_at, "seen again") if opened else state.standing,
        first_seen_at=first_seen_at, look_at=_look_at(state, first_seen_at, best, members, rules, now), withheld=False,
    )  # fmt: skip


def _look_at(
    state: PostingState, first_seen_at: datetime, best: Member, members: Sequence[Member], rules: ClosingRules,
    now: datetime,
) -> datetime | None:  # fmt: skip
    """Now where its state or its flags may have changed already."""
    if state.standing.state != "open" or state.withheld or first_seen_at != state.first_seen_at:
        return now
    if flags(members, "open", first_seen_at, None, now, rules) != [*state.flags]:
        return now
    ahead = looks(best.valid_through, best.last_seen_at, opened(members, first_seen_at), rules)
    return min([*(at for at in ahead if at > now), *([state.look_at] if state.look_at else [])], default=None)


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
        before, after = self.before.get(record.hash_key), self.after.get(record.hash_key)
        if after is None or change in ("same", "stale"):
            return "updated" if self._shown_again(before, after, record) else "unchanged"
        if after.shown != (record.source, record.source_job_id):
            return "duplicate"
        if change == "changed" or (before is not None and before.closed_at is not None):
            return "updated"
        return "new" if before is None else "duplicate"

    def due(self, now: datetime) -> list[str]:
        """The postings whose standing or flags may have changed already."""
        return [key for key, state in self.after.items() if state.look_at is not None and state.look_at <= now]

    @staticmethod
    def _shown_again(before: PostingState | None, after: PostingState | None, record: Record) -> bool:
        """Whether a posting is open, or on its way, again that this item, as it was before, stands for."""
        if before is None or after is None or after.closed_at is not None:
            return False
        if before.closed_at is None and before.withheld == after.withheld:
            return False
        return after.shown == (record.source, record.source_job_id)

    def forwarded(self) -> list[PostingState]:
        """The postings to send on: those created, and those that changed their version."""
        return [
            state
            for key, state in self.after.items()
            if key not in self.before or self.before[key].version != state.version
        ]
