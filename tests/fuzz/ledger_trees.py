"""Random trees of units against the ledger's SQL: duplicated, shuffled, by many workers, with crashes at both ends."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import ChildUnit, UnitFinished
from common.database import create_engine
from common.messaging.outbox import Outbox
from common.testing.postgres import Database
from gateway.domain.campaign import CampaignCriteria
from gateway.store.campaigns import CampaignStore
from gateway.store.ledger import Ledger
from gateway.store.runs import RunStore

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Shares of transactions that die before their commit, and of batches that come again after it.
_DIES, _COMES_AGAIN = 0.05, 0.05
#: Shares of runs without children, and of runs that are cancelled or timed out under way.
_EMPTY, _STOPPED = 0.05, 0.06
_OUTBOX = Outbox("gateway")
_RECOUNT = sa.text(
    "SELECT r.run_id, r.open, count(*) FILTER (WHERE NOT (u.declared AND u.finished)) AS recount "
    "FROM gateway.run r LEFT JOIN gateway.unit u USING (run_id) GROUP BY r.run_id, r.open "
    "HAVING r.open <> count(*) FILTER (WHERE NOT (u.declared AND u.finished))"
)
_FINISHED = sa.text(
    "SELECT run_id, count(*) FILTER (WHERE declared AND finished) AS finished, count(*) AS units "
    "FROM gateway.unit WHERE run_id = ANY(:runs) GROUP BY run_id"
)
_ENDS = sa.text(
    "SELECT r.run_id, r.state, count(o.event_id) AS told FROM gateway.run r LEFT JOIN gateway.outbox o "
    "ON o.headers->>'run_id' = r.run_id AND o.headers->>'event_type' = 'run.completed.v1' "
    "GROUP BY r.run_id, r.state"
)


class _CrashError(Exception):
    """The process dies before its commit."""


@dataclass(frozen=True)
class Tree:
    """The finish events of one run, one for each of its units."""

    run_id: str
    events: tuple[UnitFinished, ...]


@dataclass
class Totals:
    """What was done, how the runs ended, and what should not have happened."""

    trees: int = 0
    units: int = 0
    events: int = 0
    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def tree(chance: random.Random, run_id: str, root: str) -> Tree:
    """Each unit is the child of an earlier one, some of two; the sizes are many small and a few of hundreds."""
    size = 0 if chance.random() < _EMPTY else min(600, int(chance.expovariate(1 / 40)) + 1)
    names = [root, *(f"fetch:{n}" for n in range(size))]
    children: dict[str, set[str]] = {name: set() for name in names}
    for n, name in enumerate(names[1:], 1):
        children[names[chance.randrange(max(0, n - 20), n)]].add(name)
        if chance.random() < 0.1:
            children[names[chance.randrange(n)]].add(name)
    events = (
        UnitFinished(
            run_id=run_id, unit_id=name, stage=name.partition(":")[0], fetched=1, counts={"new": 1},
            children=[ChildUnit(unit_id=c, stage="fetch") for c in sorted(below)],
        )
        for name, below in children.items()
    )  # fmt: skip
    return Tree(run_id, tuple(events))


async def begin(engine: AsyncEngine, run_ids: Sequence[str]) -> dict[str, str]:
    """Runs of one campaign, each with its root unit, which is given."""
    criteria = CampaignCriteria(
        campaign_name="c", query="q", country="ca", email="a@example.com", date_window="all", schedule_cron=None
    )
    runs = RunStore(_OUTBOX, timedelta(days=1))
    async with engine.begin() as conn:
        campaign = await CampaignStore().create(conn, criteria, NOW)
        for run_id in run_ids:
            # By the database's clock the deadline lies in a time to come.
            await runs.collect(conn, campaign, [], run_id, "request", datetime.now(UTC))
        rows = await conn.execute(sa.text("SELECT run_id, unit_id FROM gateway.unit"))
        return {row.run_id: row.unit_id for row in rows}


class Storm:
    """Some runs at a time: their events in random order from several workers until none is left."""

    def __init__(self, engine: AsyncEngine, seed: str, totals: Totals, ledger: Ledger) -> None:
        self._engine = engine
        self._chance = random.Random(seed)
        self._totals = totals
        self._ledger = ledger
        self._waiting: list[UnitFinished] = []
        self._stops: list[str] = []
        self._units: dict[str, int] = {}
        self._told: Counter[str] = Counter()

    async def run(self, run_ids: Sequence[str], workers: int) -> None:
        """Deliver everything, looking at `open` meanwhile, and check how each run has ended."""
        await self._start(run_ids)
        started = time.perf_counter()
        looking = asyncio.create_task(self._look())
        try:
            await asyncio.gather(*(self._work() for _ in range(workers)))
        finally:
            looking.cancel()
        self._totals.seconds += time.perf_counter() - started
        await self._recount()
        await self._check(run_ids)

    async def _start(self, run_ids: Sequence[str]) -> None:
        roots = await begin(self._engine, run_ids)
        trees = [tree(self._chance, run_id, roots[run_id]) for run_id in run_ids]
        self._units = {t.run_id: len(t.events) for t in trees}
        self._waiting = [e for t in trees for e in t.events]
        self._waiting += self._chance.choices(self._waiting, k=len(self._waiting) // 2)
        self._chance.shuffle(self._waiting)
        self._stops = [run_id for run_id in run_ids if self._chance.random() < _STOPPED]
        self._totals.trees += len(trees)
        self._totals.units += sum(self._units.values())

    async def _work(self) -> None:
        """Take batches as a consumer does; a crash before the commit or behind it brings the batch back."""
        while self._waiting:
            batch = [self._waiting.pop() for _ in range(min(len(self._waiting), self._chance.choice((1, 5, 50, 200))))]
            fate = self._chance.random()
            try:
                await self._apply(batch, dies=fate < _DIES)
            except _CrashError:
                self._totals.faults["died before commit"] += 1
                self._put_back(batch)
                continue
            self._totals.events += len(batch)
            if fate > 1 - _COMES_AGAIN:
                self._totals.faults["died after commit, before ack"] += 1
                self._put_back(batch)
            if self._stops and self._chance.random() < 0.3:
                await self._stop(self._stops.pop())

    def _put_back(self, batch: list[UnitFinished]) -> None:
        for event in batch:
            self._waiting.insert(self._chance.randrange(len(self._waiting) + 1), event)

    async def _apply(self, batch: list[UnitFinished], *, dies: bool) -> None:
        async with self._engine.begin() as conn:
            told = [m.headers.run_id for m in await self._ledger.apply(conn, batch)]
            if told:
                await self._not_early(conn, told)
            if dies:
                raise _CrashError
        self._told.update(told)

    async def _not_early(self, conn: AsyncConnection, run_ids: list[str]) -> None:
        """In the completing transaction itself: every unit of the model is there, declared and finished."""
        rows = {r.run_id: r for r in await conn.execute(_FINISHED, {"runs": run_ids})}
        for run_id in run_ids:
            if (rows[run_id].finished, rows[run_id].units) != (self._units[run_id], self._units[run_id]):
                self._totals.wrong.append(f"{run_id} completed early: {rows[run_id]} of {self._units[run_id]}")

    async def _stop(self, run_id: str) -> None:
        async with self._engine.begin() as conn:
            if self._chance.random() < 0.5:
                ended = await self._ledger.cancel(conn, run_id)
            else:
                overdue = sa.text("UPDATE gateway.run SET deadline_at = now() - interval '1 s' WHERE run_id = :run_id")
                await conn.execute(overdue, {"run_id": run_id})
                ended = await self._ledger.time_out(conn)
        self._told.update(m.headers.run_id for m in ended)

    async def _look(self) -> None:
        """`open` equals a recount at every moment that is looked at."""
        while True:
            await self._recount()
            await asyncio.sleep(0.5)

    async def _recount(self) -> None:
        async with self._engine.connect() as conn:
            self._totals.wrong += [f"open differs: {row}" for row in await conn.execute(_RECOUNT)]
        self._totals.faults["recounts of open"] += 1

    async def _check(self, run_ids: Sequence[str]) -> None:
        async with self._engine.connect() as conn:
            rows = {r.run_id: r for r in await conn.execute(_ENDS)}
        for run_id in run_ids:
            row: Any = rows[run_id]
            self._totals.ends[row.state] += 1
            if row.state == "running" or row.told != 1 or self._told[run_id] != 1:
                told = f"{row.told} messages in the outbox, {self._told[run_id]} by the ledger"
                self._totals.wrong.append(f"{run_id} ended as {row.state} with {told}")


async def storms(
    database: Database, seed: int, trees: int, *, at_once: int = 100, ledger: Ledger | None = None
) -> Totals:
    """`trees` runs, `at_once` under way together, by four to eight workers; emptied between, as time would."""
    totals, chance = Totals(), random.Random(seed)
    engine = create_engine(database.url("gateway"), role_application="fuzz", pool_size=10)
    try:
        for first in range(0, trees, at_once):
            ids = [f"fuzz-{n}" for n in range(first, min(trees, first + at_once))]
            await Storm(engine, f"{seed}:{first}", totals, ledger or Ledger(_OUTBOX)).run(ids, chance.randint(4, 8))
            async with engine.begin() as conn:
                for table in ("unit", "run", "outbox", "campaign"):
                    await conn.execute(sa.text(f"DELETE FROM gateway.{table}"))  # noqa: S608 - names of ours
        return totals
    finally:
        await engine.dispose()
