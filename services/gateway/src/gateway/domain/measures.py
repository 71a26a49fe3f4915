"""What the quality gate counts of a batch of ranked jobs, each name with what a job must be to count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from common.contracts import Job, PostingsRanked

#: Whether a job counts; what hangs on the clock or on a limit is bound before.
Counted = Callable[[Job], bool]
_HASH_DIGITS = 32
_MOST_SCORE = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a job is remarked on; pay is of a year, in the reference currency."""

    stale_days: int = 180
    pay_least: int = 1_000
    pay_most: int = 5_000_000


class JobMeasures:
    """Counts the jobs of a batch by what is the matter with them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def counted(self, now: datetime) -> Mapping[str, Counted]:
        """Every measure of jobs by its name."""
        limits, oldest = self._limits, now - timedelta(days=self._limits.stale_days)
        return {
            "jobs_untitled": lambda j: not j.title,
            "jobs_key_invalid": lambda j: len(j.hash_key) != _HASH_DIGITS,
            "jobs_without_url": lambda j: not (j.url or j.apply_url),
            "jobs_without_country": lambda j: not any(p.country for p in j.places),
            "jobs_without_language": lambda j: j.language is None,
            "jobs_unread": lambda j: not (j.skills or j.seniority or j.occupation or j.remote_type),
            "jobs_stale": lambda j: j.posted_at is not None and j.posted_at < oldest,
            "jobs_with_pay": lambda j: j.salary is not None,
            "jobs_currency_unknown": lambda j: j.salary is not None and j.salary.currency is None,
            "jobs_pay_inverted": _inverted,
            "jobs_pay_implausible": lambda j: _implausible(j, limits),
        }

    def of(self, event: PostingsRanked, now: datetime) -> dict[str, int]:
        """What is not 0; a re-rank, which brings no jobs, has nothing to count."""
        if not event.jobs:
            return {}
        counts = {name: sum(map(counts_in, event.jobs)) for name, counts_in in self.counted(now).items()}
        counts |= {"jobs": len(event.jobs), "jobs_unscored": 0 if event.rankings else len(event.jobs)}
        counts["scores_out_of_range"] = sum(
            min(r.scores, default=0) < 0 or max(r.scores, default=0) > _MOST_SCORE for r in event.rankings
        )
        return {name: number for name, number in counts.items() if number}


def _inverted(job: Job) -> bool:
    pay = job.salary
    if pay is None or pay.yearly_minimum is None or pay.yearly_maximum is None:
        return False
    return pay.yearly_minimum > pay.yearly_maximum


def _implausible(job: Job, limits: Limits) -> bool:
    pay = job.salary
    if pay is None:
        return False
    amounts = (pay.reference_minimum, pay.reference_maximum)
    return any(a is not None and not limits.pay_least <= a <= limits.pay_most for a in amounts)


#: Every name that `JobMeasures.of` may count.
NAMES = frozenset({*JobMeasures(Limits()).counted(datetime.now(UTC)), "jobs", "jobs_unscored", "scores_out_of_range"})
