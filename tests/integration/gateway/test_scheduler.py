"""Scheduled starts: once per slot however many schedulers look, and one start for all that was missed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from gateway.handlers.starting import Scheduler
from gateway.tables import campaign as campaigns
from tests.integration.gateway.test_campaigns import create

SOURCES = [{"source": "sample"}]


def scheduler(app: FastAPI) -> Scheduler:
    found: Scheduler = app.state.wiring.scheduler
    return found


async def scheduled(rest: httpx.AsyncClient) -> list[dict[str, Any]]:
    runs = (await rest.get("/runs", params={"kind": "collect"})).json()["items"]
    return [run for run in runs if run["trigger"] == "schedule"]


async def test_three_schedulers_start_a_slot_once_and_missed_slots_collapse(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    made = await create(rest, sources=SOURCES)
    slot = datetime.fromisoformat(made["next_run_at"])
    later = slot + timedelta(days=3, hours=1)
    started = await asyncio.gather(*(scheduler(app).tick(later) for _ in range(3)))
    assert sum(started) == 1
    (run,) = await scheduled(rest)
    assert run["run_id"] == f"{slot.astimezone(UTC):%Y%m%dT%H%M%SZ}-{made['campaign_id'][:8]}"
    read = (await rest.get(f"/campaigns/{made['campaign_id']}")).json()
    assert datetime.fromisoformat(read["next_run_at"]) > later
    assert await scheduler(app).tick(later) == 0


async def test_a_slot_that_was_started_already_is_not_started_again(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES)
    slot = datetime.fromisoformat(made["next_run_at"])
    assert await scheduler(app).tick(slot) == 1
    async with app.state.wiring.session.engine.begin() as conn:
        await conn.execute(sa.update(campaigns).values(next_run_at=slot))
    await scheduler(app).tick(slot)
    assert len(await scheduled(rest)) == 1


async def test_paused_campaigns_and_those_without_sources_or_hour_are_left_alone(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    paused = await create(rest, sources=SOURCES)
    await rest.post(f"/campaigns/{paused['campaign_id']}/toggle")
    await create(rest)
    await create(rest, sources=SOURCES, schedule_cron=None)
    assert await scheduler(app).tick(datetime.now(UTC) + timedelta(days=2)) == 0
    assert await scheduled(rest) == []


async def test_the_first_run_of_a_day_scores_stored_jobs_as_of_that_day(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES)
    slot = datetime.fromisoformat(made["next_run_at"]) + timedelta(days=1)
    await scheduler(app).tick(slot)
    runs = (await rest.get("/runs", params={"kind": "rerank"})).json()["items"]
    assert [run["trigger"] for run in runs] == ["new_day", "created"]
    await rest.post(f"/campaigns/{made['campaign_id']}/runs")
    assert len((await rest.get("/runs", params={"kind": "rerank"})).json()["items"]) == 2


async def test_a_scheduler_outside_starts_what_is_due_and_is_told_of_what_was_started(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    assert (await rest.post("/schedules/start")).json() == {"run_ids": []}
    made = await create(rest, sources=SOURCES)
    async with app.state.wiring.session.engine.begin() as conn:
        await conn.execute(sa.update(campaigns).values(next_run_at=datetime.now(UTC) - timedelta(days=1)))
    first, again = [(await rest.post("/schedules/start")).json()["run_ids"] for _ in range(2)]
    (run,) = await scheduled(rest)
    assert first == again == [run["run_id"]]
    assert run["campaign_id"] == made["campaign_id"]
