"""How every source is, judged from all that is written down of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from extractor import metrics
from extractor.domain.drift import Drift, Sample
from extractor.domain.source_state import Day, Standing, State, Verdict, judge
from extractor.store.health import HealthStore
from extractor.store.pages import SourceStore
from extractor.store.quotas import QuotaLedger, quotas_of
from sources.registry import adapters

#: Days before the latest that it is compared with.
COMPARED = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Health:
    """A source's state, why, and its days, the latest last."""

    state: State = "ok"
    because: tuple[str, ...] = ()
    drift: Drift = field(default_factory=Drift)
    days: Sequence[Day] = ()


async def health_of(conn: AsyncConnection, today: date, source: str | None = None) -> Mapping[str, Health]:
    """All sources that were ever asked, failed or paused, or the one."""
    health = HealthStore()
    days: dict[str, list[Day]] = {}
    for row in await health.days(conn, today - COMPARED, source):
        days.setdefault(row.source, []).append(_day(row))
    standings = {
        row.source: Standing(row.paused_at, row.broken_at, row.reason, row.trial_at, row.failures)
        for row in await health.standings(conn)
    }
    emptied = await SourceStore().emptied(conn)
    names = sorted(days.keys() | standings.keys() | emptied.keys())
    judged = {
        name: judge(name, standings.get(name, Standing()), days.get(name, []), emptied.get(name, [])) for name in names
    }
    return {name: _health(verdict, days.get(name, [])) for name, verdict in judged.items() if source in (None, name)}


async def show(engine: AsyncEngine, ledger: QuotaLedger) -> None:
    """Set the gauges of all sources."""
    async with engine.connect() as conn:
        healths = await health_of(conn, datetime.now(UTC).date())
        quotas = await ledger.use(conn, {name: quotas_of(adapter) for name, adapter in adapters().items()})
    for name, health in healths.items():
        for state in get_args(State):
            metrics.SOURCE_STATE.labels(name, state).set(state == health.state)
        metrics.VANISHED_FIELDS.labels(name).set(len(health.drift.vanished))
    for name, used in quotas.items():
        for use in used:
            metrics.QUOTA_USED.labels(name, use.per).set(use.used / use.allowed)


def _health(verdict: Verdict, days: Sequence[Day]) -> Health:
    return Health(verdict.state, verdict.because, verdict.drift, days)


def _day(row: sa.Row[Any]) -> Day:
    return Day(
        day=row.day, requests=row.requests, pages=row.pages, failed=row.failed, postings=row.postings,
        seconds=row.milliseconds / 1000, errors=row.errors, sample=Sample(row.sampled, row.fields),
    )  # fmt: skip
