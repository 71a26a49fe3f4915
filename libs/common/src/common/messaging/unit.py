"""A unit of work and its result, as a service's handlers see them."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Event, Headers, PostingOutcome, UnitOutcome
from common.messaging.judge import Trial

E_contra = TypeVar("E_contra", bound=Event, contravariant=True)
E = TypeVar("E", bound=Event)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Child:
    """A message that a unit sends on; `postings` counts those in it whose outcome is still open."""

    event: Event
    postings: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One posting (or the whole message, item None) set aside: reason code, explanation, the payload as it came."""

    reason: str
    error: str
    item: Any = None
    reference: str = ""


@dataclass(slots=True)
class Finished:
    """What one committed execution of a unit did; becomes `unit.finished`.

    `fetched` is set by the stage that reads pages only, `counts` where a posting ends: a run sums up both. `children`
    are units of the run; `aside` is side work, which the ledger knows nothing of: it neither delays nor fails a run.
    `measures` is what the quality gate judges the run by, beside counts and reasons.
    """

    outcome: UnitOutcome = "ok"
    source: str | None = None
    fetched: int = 0
    counts: dict[PostingOutcome, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    children: list[Child] = field(default_factory=list)
    aside: list[Event] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    measures: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: PostingOutcome, reason: str | None = None, by: int = 1) -> None:
        """Add postings that end here with this outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + by
        if reason is not None:
            self.reasons[reason] = self.reasons.get(reason, 0) + by


class Stage(Protocol[E, P]):
    """A handler of one event type: slow and outside work first, then one transaction.

    `prepare` may fetch, compute and take its time, and must be safe to repeat. `apply` writes business rows through
    `conn` and returns the result; inbox, outbox, commit, publish and ack are the runner's business. Either may raise
    RetryLaterError or PermanentError. `trial` does what `prepare` does with one posting where a crash of it harms
    nobody (see `trial.py`); None where the stage runs nothing over what others wrote.
    """

    event: type[E]
    queue: str

    @property
    def trial(self) -> Trial | None: ...

    async def prepare(self, headers: Headers, event: E) -> P: ...

    async def apply(self, conn: AsyncConnection, headers: Headers, event: E, prepared: P) -> Finished: ...
