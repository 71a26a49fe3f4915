"""A campaign's schedules: its own, and those of sources that are read at other times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.contracts import SourceQuery
from gateway.domain.campaign import CampaignCriteria
from gateway.domain.schedule import CatchUp, next_start, run_id_of_slot, slots_to_start


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sources that are read together at the same times; `key` names the source, "" is the campaign's own schedule."""

    key: str
    cron: str
    time_zone: str
    sources: tuple[SourceQuery, ...]

    def next(self, after: datetime) -> datetime | None:
        """The first slot later than `after`, in UTC."""
        return next_start(self.cron, self.time_zone, after)

    def first(self, since: datetime) -> datetime | None:
        """The first slot at `since` or later, in UTC."""
        return self.next(since - timedelta(seconds=1))

    def to_start(self, since: datetime, now: datetime, catch_up: CatchUp) -> list[datetime]:
        """The slots from `since` to `now` that the policy starts."""
        return slots_to_start(self.cron, self.time_zone, since, now, catch_up)

    def run_id(self, slot: datetime, campaign_id: str) -> str:
        """The id of the run that a slot starts."""
        return run_id_of_slot(slot, campaign_id, self.key)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which the schedule `key` starts a run; `sla_at`: when the run is to have ended."""

    at: datetime
    key: str
    sla_at: datetime | None
    sla_missed_at: datetime | None = None


def schedules_of(criteria: CampaignCriteria) -> list[Schedule]:
    """When a campaign's sources are read: those without times of their own by the campaign's, the others by theirs."""
    shared = tuple(s.contract() for s in criteria.sources if s.schedule_cron is None)
    found = []
    if criteria.schedule_cron is not None and (shared or not criteria.sources):
        found.append(Schedule("", criteria.schedule_cron, criteria.schedule_time_zone, shared))
    for source in criteria.sources:
        if source.schedule_cron is not None:
            zone = source.schedule_time_zone or criteria.schedule_time_zone
            found.append(Schedule(source.key, source.schedule_cron, zone, (source.contract(),)))
    return found


def next_of(schedules: Sequence[Schedule], after: datetime) -> datetime | None:
    """The first slot of any of them that is later than `after`, in UTC."""
    return min((slot for s in schedules if (slot := s.next(after)) is not None), default=None)
