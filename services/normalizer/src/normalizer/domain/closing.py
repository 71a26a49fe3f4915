"""Whether a posting is still open, since when and why: from when sources showed it, and whole reads that did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from common.contracts import Flag, JobState
from normalizer.domain.closing_rules import ClosingRules


class Seen(Protocol):
    """A posting as one source shows it, or did."""

    @property
    def source(self) -> str: ...

    @property
    def source_job_id(self) -> str: ...

    @property
    def feed(self) -> str: ...

    @property
    def first_seen_at(self) -> datetime: ...

    @property
    def last_seen_at(self) -> datetime: ...

    @property
    def gone_at(self) -> datetime | None:
        """When the first read of its whole feed began that did not show it."""

    @property
    def valid_through(self) -> datetime | None: ...

    @property
    def posted_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a posting; without `since` it has been open from the beginning."""

    state: JobState = "open"
    since: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """The last posting of the same source before this one that is the same job; both days of publication."""

    hash_key: str
    day: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """Which postings of a feed are closed: those last seen before `before`; `held`: too many are missing at once."""

    before: datetime | None
    held: bool = False


def counts(started_at: datetime, latest: datetime | None, rules: ClosingRules) -> bool:
    """Whether a whole read tells something new, `latest` being the last one that did."""
    return latest is None or started_at - latest >= rules.missing.apart


def missed_since(starts: Sequence[datetime], sweeps: int) -> datetime | None:
    """When the first of the last so many reads began, of which the latest comes first; None if there were fewer."""
    return starts[sweeps - 1] if len(starts) >= sweeps else None


def missed(starts: Sequence[datetime], shown: int, missing: int, postings: int, rules: ClosingRules) -> Missed:
    """Of `shown` postings so many are `missing` in the last reads, whose latest showed `postings`."""
    drop = rules.drop
    held = missing > drop.share * shown and (missing > drop.least or not postings)
    return Missed(missed_since(starts, drop.sweeps if held else rules.missing.sweeps), held)


def closed_by(seen: Sequence[Seen]) -> Seen | None:
    """The source that closed a posting last; None while one shows it that has seen it after all that closed it."""
    gone = [each for each in seen if each.gone_at is not None]
    if not gone:
        return None
    last = max(gone, key=lambda each: (_gone(each), each.source, each.source_job_id))
    shown = any(each.gone_at is None and each.last_seen_at > _gone(last) for each in seen)
    return None if shown else last


def standing(seen: Sequence[Seen], shown: Seen, before: Standing, now: datetime, rules: ClosingRules) -> Standing:
    """How a posting stands that these sources show; `shown`: whose words count."""
    last_seen = max(each.last_seen_at for each in seen)
    stale_at = last_seen + timedelta(days=rules.stale_days)
    found = Standing("open", last_seen, "seen again")
    if (last := closed_by(seen)) is not None:
        found = Standing("closed", _gone(last), f"no whole read of {_named(last)} shows it since {_day(_gone(last))}")
    elif (over := ended(shown.source, shown.valid_through, now)) is not None:
        found = over
    elif stale_at <= now:
        found = Standing("stale", stale_at, f"no source has shown it since {_day(last_seen)}")
    return before if found.state == before.state else found


def ended(source: str, valid_through: datetime | None, now: datetime) -> Standing | None:
    """The state of a posting whose end has passed."""
    if valid_through is None or valid_through > now:
        return None
    return Standing("expired", valid_through, f"{source} said that it is valid through {_day(valid_through)}")


def flags(
    seen: Sequence[Seen], state: JobState, first_seen_at: datetime, twin: Twin | None, now: datetime,
    rules: ClosingRules,
) -> list[Flag]:  # fmt: skip
    """What people should know of a posting besides its state."""
    since = opened(seen, first_seen_at)
    repost = _repost(seen, rules) or _repost_of(twin, rules)
    return ([repost] if repost else []) + evergreen(state, since, now, rules)


def evergreen(state: JobState, since: datetime, now: datetime, rules: ClosingRules) -> list[Flag]:
    """Told of a posting that has been open for unusually long."""
    if state not in ("open", "stale") or since + timedelta(days=rules.evergreen_days) > now:
        return []
    return [Flag(kind="evergreen", since=since, evidence=f"open since {_day(since)}")]


def opened(seen: Sequence[Seen], first_seen_at: datetime) -> datetime:
    """When the posting was first published, as far as anybody says."""
    return min([first_seen_at, *(each.posted_at for each in seen if each.posted_at)])


def looks(
    valid_through: datetime | None, last_seen_at: datetime, opened_at: datetime, rules: ClosingRules
) -> list[datetime]:
    """When time alone may change an open posting: its end, its being forgotten, its being open for too long."""
    ends = [valid_through] if valid_through else []
    return [*ends, last_seen_at + timedelta(days=rules.stale_days), opened_at + timedelta(days=rules.evergreen_days)]


def _repost(seen: Sequence[Seen], rules: ClosingRules) -> Flag | None:
    """Shown under a new id by a source that had ceased to show it under another: pages of one read do not tell that."""
    latest = max(seen, key=lambda each: (each.first_seen_at, each.source, each.source_job_id))
    earlier = [
        each
        for each in seen
        if each.source == latest.source and each.last_seen_at < latest.first_seen_at
        if latest.first_seen_at - each.last_seen_at >= rules.missing.apart
    ]
    if not earlier:
        return None
    last = max(earlier, key=lambda each: (each.last_seen_at, each.source_job_id))
    if latest.first_seen_at - last.last_seen_at > timedelta(days=rules.repost_days):
        return None
    told = f"{last.source} showed it as {last.source_job_id} until {_day(last.last_seen_at)}"
    return Flag(kind="repost", since=latest.first_seen_at, evidence=told)


def _repost_of(twin: Twin | None, rules: ClosingRules) -> Flag | None:
    if twin is None or twin.since - twin.day > timedelta(days=rules.repost_days):
        return None
    return Flag(kind="repost", since=twin.since, evidence=f"the same job as {twin.hash_key} of {_day(twin.day)}")


def _gone(seen: Seen) -> datetime:
    if seen.gone_at is None:
        raise ValueError(f"{seen.source} {seen.source_job_id} is not gone")
    return seen.gone_at


def _named(seen: Seen) -> str:
    return f"{seen.source} {seen.feed}".rstrip()


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
