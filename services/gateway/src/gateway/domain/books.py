"""The books of a run: every posting that was fetched ends in exactly one outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from common.contracts import PostingOutcome, RunState

OUTCOMES: tuple[PostingOutcome, ...] = get_args(PostingOutcome)


@dataclass(frozen=True)
class Books:
    """Postings fetched and how they ended; `open` ones are still on their way."""

    fetched: int
    counts: Mapping[PostingOutcome, int]
    reasons: Mapping[str, int]

    @property
    def ended(self) -> int:
        """Postings whose outcome is known."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Postings fetched whose outcome is not known yet; below 0 would mean one was counted twice."""
        return self.fetched - self.ended

    @property
    def balanced(self) -> bool:
        """fetched = new + updated + unchanged + duplicate + rejected + failed."""
        return self.open == 0


def status_of(state: RunState, failed_units: int, fetched: int, gate: str | None = None) -> str:
    """How a run went: running, succeeded, partial (a unit failed), failed (nothing came), cancelled or timed_out.

    blocked: the quality gate has not let its results through, however it ended.
    """
    if gate in ("blocked", "discarded") and state != "running":
        return "blocked"
    if state != "completed":
        return state
    if not failed_units:
        return "succeeded"
    return "partial" if fetched else "failed"
