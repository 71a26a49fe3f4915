"""The ledger against a model: random trees of units, duplicated, shuffled and batched, complete exactly once."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import ChildUnit, UnitFinished
from common.database import create_engine
from common.messaging.outbox import Outbox
from common.testing.postgres import Database
from gateway.domain.campaign import CampaignCriteria
from gateway.store.books import books_of
from gateway.store.campaigns import CampaignStore, Row
from gateway.store.ledger import Ledger
from gateway.store.runs import RunStore
from gateway.tables import metadata, run, unit

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OUTBOX = Outbox("gateway")


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database.url("gateway"), role_application="test")
    yield engine
    await engine.dispose()


async def started(engine: AsyncEngine, *run_ids: str) -> Row:
    criteria = CampaignCriteria(
        campaign_name="c", query="q", country="ca", email="a@example.com", date_window="all", schedule_cron=None
    )
    runs = RunStore(OUTBOX, timedelta(hours=1))
    async with engine.begin() as conn:
        campaign = await CampaignStore().create(conn, criteria, NOW)
        for run_id in run_ids:
            await runs.collect(conn, campaign, [], run_id, "request", NOW)
    return campaign


async def root_of(engine: AsyncEngine, run_id: str) -> str:
    async with engine.connect() as conn:
        return str((await conn.execute(sa.select(unit.c.unit_id).where(unit.c.run_id == run_id))).scalar_one())


async def state_of(engine: AsyncEngine, run_id: str) -> tuple[str, int]:
    async with engine.connect() as conn:
        row = (await conn.execute(sa.select(run.c.state, run.c.open).where(run.c.run_id == run_id))).one()
    return row.state, row.open


async def apply(engine: AsyncEngine, *events: UnitFinished) -> list[str]:
    async with engine.begin() as conn:
        return [m.headers.run_id for m in await Ledger(OUTBOX).apply(conn, events)]


def tree(seed: random.Random, run_id: str, root: str, size: int) -> list[UnitFinished]:
    """A random tree: each unit is the child of an earlier one; each leaf ends a posting."""
    names = [root, *(f"u{n}" for n in range(size))]
    children: dict[str, list[str]] = {name: [] for name in names}
    for n, name in enumerate(names[1:], 1):
        children[names[seed.randrange(n)]].append(name)
    return [
        UnitFinished(
            run_id=run_id, unit_id=name, stage="start" if name == root else "fetch", fetched=len(below) + 1,
            counts={"new": len(below) + 1}, children=[ChildUnit(unit_id=c, stage="fetch") for c in below],
        )
        for name, below in children.items()
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
async def test_a_run_completes_once_and_never_early_in_any_order_with_duplicates(
    engine: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [f"run-{seed}-{n}" for n in range(8)]
    await started(engine, *ids)
    events = {i: tree(chance, i, await root_of(engine, i), chance.randrange(0, 30)) for i in ids}
    sent = [e for es in events.values() for e in es]
    sent += [chance.choice(sent) for _ in range(len(sent) // 2)]
    chance.shuffle(sent)
    unseen = {i: {e.unit_id for e in es} for i, es in events.items()}
    completed: list[str] = []
    while sent:
        batch = [sent.pop() for _ in range(min(len(sent), chance.randrange(1, 20)))]
        done = await apply(engine, *batch)
        for event in batch:
            unseen[event.run_id].discard(event.unit_id)
        assert sorted(done) == sorted(i for i in ids if not unseen[i] and i not in completed)
        completed += done
    assert sorted(completed) == sorted(ids)
    for run_id in ids:
        assert await state_of(engine, run_id) == ("completed", 0)
        async with engine.connect() as conn:
            books = await books_of(conn, run_id)
        assert books.balanced
        assert books.fetched == sum(e.fetched for e in events[run_id])


async def test_a_run_without_children_completes(engine: AsyncEngine) -> None:
    await started(engine, "empty")
    root = await root_of(engine, "empty")
    assert await apply(engine, UnitFinished(run_id="empty", unit_id=root, stage="start")) == ["empty"]


async def test_a_child_that_reports_before_its_parent_does_not_complete_the_run(engine: AsyncEngine) -> None:
    await started(engine, "early")
    root = await root_of(engine, "early")
    assert await apply(engine, UnitFinished(run_id="early", unit_id="child", stage="fetch")) == []
    assert await state_of(engine, "early") == ("running", 2)
    parent = UnitFinished(
        run_id="early", unit_id=root, stage="start", children=[ChildUnit(unit_id="child", stage="fetch")]
    )
    assert await apply(engine, parent) == ["early"]


async def test_a_cancelled_run_is_not_reopened_and_counts_what_comes_late(engine: AsyncEngine) -> None:
    await started(engine, "stopped")
    root = await root_of(engine, "stopped")
    async with engine.begin() as conn:
        assert len(await Ledger(OUTBOX).cancel(conn, "stopped")) == 1
        assert await Ledger(OUTBOX).cancel(conn, "stopped") == []
    assert await apply(engine, UnitFinished(run_id="stopped", unit_id=root, stage="start")) == []
    assert (await state_of(engine, "stopped"))[0] == "cancelled"
    async with engine.connect() as conn:
        late = (await conn.execute(sa.select(run.c.late).where(run.c.run_id == "stopped"))).scalar_one()
    assert late == 1


async def test_overdue_runs_are_timed_out_with_one_message_each(engine: AsyncEngine) -> None:
    await started(engine, "slow")
    async with engine.begin() as conn:
        await conn.execute(sa.update(run).values(deadline_at=NOW - timedelta(days=1)))
        ended = await Ledger(OUTBOX).time_out(conn)
    assert [m.headers.run_id for m in ended] == ["slow"]
    assert (await state_of(engine, "slow"))[0] == "timed_out"


async def test_events_of_unknown_runs_change_nothing(engine: AsyncEngine) -> None:
    assert await apply(engine, UnitFinished(run_id="nobody", unit_id="x", stage="fetch")) == []
    async with engine.connect() as conn:
        assert (
            await conn.execute(sa.select(sa.func.count()).select_from(metadata.tables["gateway.unit"]))
        ).scalar() == 0
