"""Events per second that the run ledger records: `python -m benchmarks.ledger [--runs N] [--batch N] [--workers N]`."""

# Prints one JSON line. On a PostgreSQL of its own: random trees of units, shuffled over all runs, half of the events
# twice; the workers share them in batches. It fails unless every run completes exactly once.

import argparse
import asyncio
import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import ChildUnit, UnitFinished, unit_id
from common.database import create_engine
from common.messaging.outbox import Outbox
from common.testing.postgres import postgres_server
from gateway.domain.campaign import CampaignCriteria
from gateway.store.campaigns import CampaignStore
from gateway.store.ledger import Ledger
from gateway.store.runs import RunStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OUTBOX = Outbox("gateway")


async def start_runs(engine: AsyncEngine, run_ids: list[str]) -> None:
    """A campaign with these runs."""
    criteria = CampaignCriteria(
        campaign_name="c", query="q", country="ca", email="a@example.com", date_window="all", schedule_cron=None
    )
    runs = RunStore(OUTBOX, timedelta(hours=1))
    async with engine.begin() as conn:
        campaign = await CampaignStore().create(conn, criteria, NOW)
        for run_id in run_ids:
            await runs.collect(conn, campaign, [], run_id, "request", NOW)


def tree(chance: random.Random, run_id: str, size: int) -> list[UnitFinished]:
    """A random tree under the root that the run was created with; each unit is the child of an earlier one."""
    names = [unit_id("start", run_id), *(unit_id("fetch", run_id, n) for n in range(size))]
    below: dict[str, list[ChildUnit]] = {name: [] for name in names}
    for n, name in enumerate(names[1:], 1):
        below[names[chance.randrange(n)]].append(ChildUnit(unit_id=name, stage="fetch"))
    return [
        UnitFinished(run_id=run_id, unit_id=name, stage="fetch", fetched=1, counts={"new": 1}, children=children)
        for name, children in below.items()
    ]


async def record(engine: AsyncEngine, events: list[UnitFinished], batch: int, workers: int) -> tuple[float, list[str]]:
    """Seconds it took, and the runs in the order of completion."""
    left, completed = list(events), []
    ledger = Ledger(OUTBOX)

    async def work() -> None:
        while left:
            taken = [left.pop() for _ in range(min(batch, len(left)))]
            async with engine.begin() as conn:
                completed.extend(m.headers.run_id for m in await ledger.apply(conn, taken))

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - began, completed


async def measure(runs: int, units: int, batch: int, workers: int, url: str) -> dict[str, object]:
    """One figure line."""
    chance = random.Random(7)
    run_ids = [f"run-{n}" for n in range(runs)]
    engine = create_engine(url, role_application="bench", pool_size=workers)
    try:
        await start_runs(engine, run_ids)
        events = [event for run_id in run_ids for event in tree(chance, run_id, chance.randrange(units * 2))]
        events += chance.sample(events, len(events) // 2)
        chance.shuffle(events)
        seconds, completed = await record(engine, events, batch, workers)
    finally:
        await engine.dispose()
    assert sorted(completed) == sorted(run_ids), "every run completes exactly once"
    return {
        "events": len(events), "runs": runs, "batch": batch, "workers": workers,
        "seconds": round(seconds, 2), "events_per_second": round(len(events) / seconds),
    }  # fmt: skip


async def main() -> None:
    """Start a server, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=200)
    arguments.add_argument("--units", type=int, default=100, help="units a run has on average")
    arguments.add_argument("--batch", type=int, default=200)
    arguments.add_argument("--workers", type=int, default=1, help="batches applied at the same time")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres_server(Path(folder)) as server:
        async with server.database() as database:
            figures = await measure(given.runs, given.units, given.batch, given.workers, database.url("gateway"))
        await server.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
