"""Runs that stand still are asked after, what nobody knows of is given up, and a wrong count is put right."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import ChildUnit, UnitFinished, UnitsKnown, UnitsProbed, decode
from common.database import create_engine
from common.messaging.outbox import Outbox
from common.testing.postgres import Database
from gateway.domain.books import status_of
from gateway.store.books import books_of, failures_of
from gateway.store.healing import MOST_ROUNDS, Healing, Round
from gateway.store.ledger import Ledger
from gateway.tables import run, unit
from tests.integration.gateway.test_ledger import apply, root_of, started, state_of

OUTBOX = Outbox("gateway")
AFTER = timedelta(minutes=2)


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database.url("gateway"), role_application="test")
    yield engine
    await engine.dispose()


async def pass_time(engine: AsyncEngine, by: timedelta) -> None:
    """Let time pass in the tables: what they tell of moves into the past."""
    async with engine.begin() as conn:
        await conn.execute(sa.update(unit).values(updated_at=unit.c.updated_at - by))
        moved = {name: run.c[name] - by for name in ("probed_at", "completed_at", "requested_at")}
        await conn.execute(sa.update(run).values(moved))


async def ask(engine: AsyncEngine, *, heard: bool = True) -> Round | None:
    async with engine.begin() as conn:
        return await Healing(OUTBOX, Ledger(OUTBOX), AFTER).ask(conn, heard=heard)


async def ask_whether_announced(engine: AsyncEngine) -> Round | None:
    async with engine.begin() as conn:
        return await Healing(OUTBOX, Ledger(OUTBOX), AFTER).ask_whether_announced(conn)


async def page_that_is_missing(engine: AsyncEngine, run_id: str, postings: int = 7) -> UnitFinished:
    """A run whose root has fetched postings and sent them on to a unit that does not report; its root's finish."""
    await started(engine, run_id)
    child = ChildUnit(unit_id="normalize:x", stage="normalize", postings=postings)
    root = UnitFinished(
        run_id=run_id, unit_id=await root_of(engine, run_id), stage="start", fetched=postings, children=[child]
    )
    assert await apply(engine, root) == []
    return root


async def rounds_until_lost(engine: AsyncEngine) -> list[Round]:
    rounds = []
    while not rounds or not rounds[-1].lost:
        await pass_time(engine, AFTER * 17)
        found = await ask(engine)
        assert found is not None
        rounds.append(found)
    return rounds


def asked_of(found: Round) -> UnitsProbed:
    (message,) = found.messages
    return decode(UnitsProbed, message.body, message.headers.sha256)


async def test_a_run_that_stands_still_is_asked_after_with_growing_pauses(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "still")
    assert await ask(engine) is None, "it has just moved"
    await pass_time(engine, AFTER + timedelta(seconds=1))
    found = await ask(engine)
    assert found is not None
    assert asked_of(found).units == [ChildUnit(unit_id="normalize:x", stage="normalize", postings=7)]
    for pause in (1, 2, 4, 8, 16, 16):
        await pass_time(engine, AFTER * pause - timedelta(seconds=10))
        assert await ask(engine, heard=False) is None
        await pass_time(engine, timedelta(seconds=11))
        assert await ask(engine, heard=False) is not None


async def test_a_run_that_moved_after_a_probe_is_asked_after_without_the_grown_pause(engine: AsyncEngine) -> None:
    root = await page_that_is_missing(engine, "moved")
    for _ in range(5):
        await pass_time(engine, AFTER * 17)
        assert await ask(engine, heard=False) is not None
    await pass_time(engine, timedelta(seconds=1))
    await apply(engine, root, UnitFinished(run_id="moved", unit_id="other", stage="normalize"))
    await pass_time(engine, AFTER + timedelta(seconds=1))
    assert await ask(engine, heard=False) is not None


async def test_gateways_that_look_at_the_same_time_ask_once(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "shared")
    await pass_time(engine, AFTER * 2)
    found = await asyncio.gather(*(ask(engine) for _ in range(4)))
    assert sum(one is not None for one in found) == 1


async def test_what_nobody_knows_of_is_lost_after_five_rounds_and_the_books_balance(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "gone")
    rounds = await rounds_until_lost(engine)
    assert [r.asked for r in rounds] == [1] * MOST_ROUNDS + [0]
    assert [m.headers.event_type for m in rounds[-1].messages] == ["run.completed.v1"]
    async with engine.connect() as conn:
        books, (failed, errors) = await books_of(conn, "gone"), await failures_of(conn, "gone")
    assert books.balanced
    assert books.counts == {"failed": 7}
    assert books.reasons == {"lost": 7}
    assert status_of("completed", failed, books.fetched) == "partial"
    assert "no service knows of it" in errors[0]
    assert await state_of(engine, "gone") == ("completed", 0)


async def test_a_unit_that_somebody_knows_is_never_lost(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "slow")
    for _ in range(MOST_ROUNDS * 3):
        await pass_time(engine, AFTER * 17)
        found = await ask(engine)
        assert found is not None
        assert found.lost == 0
        async with engine.begin() as conn:
            await Ledger(OUTBOX).known(conn, [UnitsKnown(run_id="slow", unit_ids=["normalize:x", "unheard of"])])
    assert await state_of(engine, "slow") == ("running", 1)


async def test_silence_of_services_that_have_not_heard_the_question_means_nothing(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "stopped")
    for _ in range(MOST_ROUNDS * 2):
        await pass_time(engine, AFTER * 17)
        found = await ask(engine, heard=False)
        assert found is not None
        assert (found.asked, found.lost) == (1, 0)


async def test_a_lost_unit_that_reports_after_all_replaces_the_loss_while_the_run_goes_on(engine: AsyncEngine) -> None:
    root = await page_that_is_missing(engine, "found")
    await apply(engine, UnitFinished(run_id="found", unit_id="early", stage="publish"))
    async with engine.begin() as conn:
        # Something else is still open, and somebody knows of it.
        waiting = {"run_id": "found", "unit_id": "other", "stage": "fetch", "declared": True, "finished": False}
        await conn.execute(sa.insert(unit).values(**waiting, probes=-100))
        await conn.execute(sa.update(run).values(open=run.c.open + 1))
    await rounds_until_lost(engine)
    real = UnitFinished(
        run_id="found", unit_id="normalize:x", stage="normalize", counts={"unchanged": 3, "rejected": 1},
        children=[ChildUnit(unit_id="early", stage="publish", postings=3)],
    )  # fmt: skip
    await apply(engine, real, root)
    async with engine.connect() as conn:
        books = await books_of(conn, "found")
    assert books.counts == {"unchanged": 3, "rejected": 1}
    assert await state_of(engine, "found") == ("running", 1)


async def test_units_whose_parent_is_lost_do_not_hold_the_run_open(engine: AsyncEngine) -> None:
    await page_that_is_missing(engine, "orphans", postings=0)
    await apply(engine, UnitFinished(run_id="orphans", unit_id="publish:y", stage="publish", counts={"new": 7}))
    assert await state_of(engine, "orphans") == ("running", 2)
    (*_, last) = await rounds_until_lost(engine)
    assert [m.headers.event_type for m in last.messages] == ["run.completed.v1"]
    assert await state_of(engine, "orphans") == ("completed", 0)


async def test_the_notifiers_finish_of_the_end_is_noted_at_the_run_and_is_no_late_unit(engine: AsyncEngine) -> None:
    await started(engine, "told")
    await apply(engine, UnitFinished(run_id="told", unit_id=await root_of(engine, "told"), stage="start"))
    await pass_time(engine, AFTER * 2)
    found = await ask_whether_announced(engine)
    assert found is not None
    assert asked_of(found).units == [ChildUnit(unit_id="notify:told", stage="notify")]
    assert await ask_whether_announced(engine) is None, "it has just been asked"
    await apply(engine, UnitFinished(run_id="told", unit_id="notify:told", stage="notify"))
    await pass_time(engine, AFTER * 2)
    assert await ask_whether_announced(engine) is None
    async with engine.connect() as conn:
        row = (await conn.execute(sa.select(run.c.announced_at, run.c.late))).one()
        units = (await conn.execute(sa.select(unit.c.stage))).scalars().all()
    assert row.announced_at is not None
    assert (row.late, units) == (0, ["start"])


async def test_an_end_that_nobody_heard_is_asked_after_for_a_day(engine: AsyncEngine) -> None:
    await started(engine, "old")
    async with engine.begin() as conn:
        await Ledger(OUTBOX).cancel(conn, "old")
    assert await ask_whether_announced(engine) is None, "the notifier may still be at it"
    await pass_time(engine, timedelta(hours=23))
    assert await ask_whether_announced(engine) is not None
    await pass_time(engine, timedelta(hours=2))
    assert await ask_whether_announced(engine) is None


async def test_a_finish_that_comes_again_after_the_end_is_not_late(engine: AsyncEngine) -> None:
    await started(engine, "ended")
    root = UnitFinished(run_id="ended", unit_id=await root_of(engine, "ended"), stage="start")
    assert await apply(engine, root) == ["ended"]
    assert await apply(engine, root, root) == []
    async with engine.connect() as conn:
        assert (await conn.execute(sa.select(run.c.late))).scalar_one() == 0


async def test_a_notify_unit_of_a_replay_is_a_unit_like_others(engine: AsyncEngine) -> None:
    await started(engine, "replay")
    root = await root_of(engine, "replay")
    child = ChildUnit(unit_id="notify:original", stage="notify")
    assert await apply(engine, UnitFinished(run_id="replay", unit_id=root, stage="replay", children=[child])) == []
    assert await apply(engine, UnitFinished(run_id="replay", unit_id="notify:original", stage="notify")) == ["replay"]
