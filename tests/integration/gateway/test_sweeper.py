"""The sweeper recounts what is open: a difference is said aloud and put right, and what is right is left alone."""

from datetime import timedelta

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.contracts import ChildUnit, UnitFinished
from gateway.handlers.healing import Healer
from gateway.store.healing import Healing
from gateway.tables import run, unit
from tests.integration.gateway.test_campaigns import create
from tests.integration.gateway.test_ledger import apply, root_of, state_of


def healer(app: FastAPI) -> Healer:
    wired = app.state.wiring
    after = timedelta(minutes=2)
    healing = Healing(wired.session.outbox, wired.ledger, after)
    return Healer(wired.session, healing, probe_after=after, sweep_every=timedelta(minutes=1))


async def start(rest: httpx.AsyncClient, run_id: str) -> None:
    campaign = await create(rest)
    asked = {"run_id": run_id, "sources": [{"source": "sample"}]}
    assert (await rest.post(f"/campaigns/{campaign['campaign_id']}/runs", json=asked)).status_code == 202


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


async def set_open(app: FastAPI, run_id: str, value: int) -> None:
    async with app.state.wiring.session.engine.begin() as conn:
        await conn.execute(sa.update(run).values(open=value).where(run.c.run_id == run_id))


async def test_a_right_number_is_left_alone(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await start(rest, "right")
    assert await healer(app).sweep() == 0
    assert metric("posthorn_oldest_running_run_seconds") > 0


async def test_a_wrong_number_is_logged_counted_and_put_right(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await start(rest, "wrong")
    engine = app.state.wiring.session.engine
    children = [ChildUnit(unit_id=f"fetch:{n}", stage="fetch") for n in range(3)]
    root = await root_of(engine, "wrong")
    await apply(engine, UnitFinished(run_id="wrong", unit_id=root, stage="start", children=children))
    await set_open(app, "wrong", 7)
    before = metric("posthorn_ledger_differences_total")
    with capture_logs() as logs:
        assert await healer(app).sweep() == 1
    (said,) = [entry for entry in logs if entry["event"] == "ledger_open_differs"]
    assert (said["log_level"], said["recorded"], said["counted"]) == ("error", 7, 3)
    assert metric("posthorn_ledger_differences_total") == before + 1
    assert await state_of(engine, "wrong") == ("running", 3)
    assert await healer(app).sweep() == 0


async def test_a_run_that_a_wrong_number_held_open_ends(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await start(rest, "held")
    engine = app.state.wiring.session.engine
    async with engine.begin() as conn:
        await conn.execute(sa.update(unit).values(finished=True).where(unit.c.run_id == "held"))
    with capture_logs():
        assert await healer(app).sweep() == 1
    assert await state_of(engine, "held") == ("completed", 0)
    async with engine.connect() as conn:
        sent = await conn.execute(sa.text("SELECT 1 FROM gateway.outbox WHERE headers->>'unit_id' = 'notify:held'"))
        assert len(sent.all()) == 1


async def test_a_run_whose_row_another_holds_is_left_for_the_next_sweep(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await start(rest, "busy")
    engine = app.state.wiring.session.engine
    await set_open(app, "busy", 5)
    async with engine.begin() as conn:
        await conn.execute(sa.select(run).where(run.c.run_id == "busy").with_for_update())
        assert await healer(app).sweep() == 0
    with capture_logs():
        assert await healer(app).sweep() == 1
