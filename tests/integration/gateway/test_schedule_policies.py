"""Schedules of sources, pauses, catch-up policies and deadlines, over REST and by the scheduler."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import RunSlaMissed, UnitFinished, decode
from common.messaging.outbox import Outbox
from common.messaging.protocol import Broker, Outgoing
from common.messaging.relay import send_unsent
from gateway.handlers import deadlines
from gateway.handlers.deadlines import SlaWatch
from gateway.store.sla import SlaStore, alarm_of
from gateway.tables import metadata
from tests.integration.gateway.test_campaigns import create
from tests.integration.gateway.test_scheduler import SOURCES, scheduled, scheduler

ACME: dict[str, Any] = {"source": "greenhouse", "params": {"board": "acme"}}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def watch(app: FastAPI) -> SlaWatch:
    session = app.state.wiring.session
    return SlaWatch(session, SlaStore(session.outbox))


async def alarms(app: FastAPI) -> list[RunSlaMissed]:
    """What was said about missed deadlines, oldest first."""
    outbox = metadata.tables["gateway.outbox"]
    query = sa.select(outbox.c.headers, outbox.c.body).order_by(outbox.c.seq)
    async with app.state.wiring.session.engine.connect() as conn:
        rows = [row for row in await conn.execute(query) if row.headers["event_type"] == RunSlaMissed.event_type]
    return [decode(RunSlaMissed, row.body, row.headers["sha256"]) for row in rows]


def slot_of(campaign: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(campaign["next_run_at"])


async def test_a_source_with_times_of_its_own_is_read_by_runs_of_its_own(rest: httpx.AsyncClient, app: FastAPI) -> None:
    own = {**ACME, "schedule_cron": "0 */6 * * *", "schedule_time_zone": "UTC"}
    made = await create(rest, sources=[*SOURCES, own], schedule_cron="0 7 * * *")
    now = slot_of(made) + DAY
    started = await asyncio.gather(*(scheduler(app).tick(now) for _ in range(3)))
    assert sum(started) == 2
    runs = {run["slot_source"]: run for run in await scheduled(rest)}
    assert [s["source"] for s in runs[""]["sources"]] == ["sample"]
    assert [s["source"] for s in runs["greenhouse:board=acme"]["sources"]] == ["greenhouse"]
    listed = {s["source"]: s for s in (await rest.get("/schedules")).json()}
    assert listed["greenhouse:board=acme"]["last_run_id"] == runs["greenhouse:board=acme"]["run_id"]
    assert listed[None]["last_state"] == "running"


async def test_schedules_show_the_next_starts_in_both_times(rest: httpx.AsyncClient) -> None:
    made = await create(rest, sources=SOURCES, sla_minutes=90)
    await create(rest, schedule_cron=None)
    (listed,) = (await rest.get("/schedules")).json()
    assert (listed["cron"], listed["time_zone"], listed["sla_minutes"]) == ("0 7 * * *", "America/Toronto", 90)
    starts = listed["next_starts"]
    assert [s["local"][11:19] for s in starts] == ["07:00:00"] * 3
    assert all(datetime.fromisoformat(s["local"]) == datetime.fromisoformat(s["utc"]) for s in starts)
    assert datetime.fromisoformat(starts[0]["utc"]) == slot_of(made)


async def test_a_paused_schedule_starts_nothing_but_runs_that_are_asked_for(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    made = await create(rest, sources=SOURCES, schedule_catch_up="all")
    path = f"/schedules/{made['campaign_id']}"
    (paused,) = (await rest.post(f"{path}/pause")).json()
    assert (paused["paused"], paused["next_starts"]) == (True, [])
    assert await scheduler(app).tick(slot_of(made) + 3 * DAY) == 0
    assert (await rest.patch(f"/campaigns/{made['campaign_id']}", json={"query": "x"})).json()["next_run_at"] is None
    assert (await rest.post(f"/campaigns/{made['campaign_id']}/runs")).status_code == 202
    (resumed,) = (await rest.post(f"{path}/resume")).json()
    assert not resumed["paused"]
    assert datetime.fromisoformat(resumed["next_starts"][0]["utc"]) == slot_of(made)
    assert (await rest.post("/schedules/00000000-0000-4000-8000-000000000000/pause")).status_code == 404


async def test_catching_up_with_all_starts_each_missed_slot_once(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES, schedule_catch_up="all")
    now = slot_of(made) + 3 * DAY + HOUR
    assert sum(await asyncio.gather(*(scheduler(app).tick(now) for _ in range(3)))) == 4
    assert len({run["slot_at"] for run in await scheduled(rest)}) == 4


async def test_catching_up_with_none_leaves_out_what_is_late(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES, schedule_catch_up="none", sla_minutes=120)
    slot = slot_of(made)
    assert await scheduler(app).tick(slot + HOUR) == 0
    (alarm,) = await alarms(app)
    assert (alarm.reason, alarm.slot_at, alarm.sla_at) == ("not_started", slot, slot + 2 * HOUR)
    read = (await rest.get(f"/campaigns/{made['campaign_id']}")).json()
    assert await scheduler(app).tick(slot_of(read) + timedelta(minutes=9)) == 1


async def test_a_change_of_times_is_no_new_version_and_a_due_slot_stays_due(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    made = await create(rest, sources=SOURCES)
    path = f"/campaigns/{made['campaign_id']}"
    changed = (await rest.patch(path, json={"schedule_cron": "30 9 * * 1-5", "sla_minutes": 60})).json()
    assert changed["version"] == made["version"]
    assert changed["next_run_at"] != made["next_run_at"]
    refused = await rest.patch(path, json={"schedule_cron": "every day"})
    assert refused.status_code == 422
    assert "five fields" in refused.json()["errors"][0]["detail"]
    past = datetime.fromisoformat(made["created_at"]) - HOUR
    async with app.state.wiring.session.engine.begin() as conn:
        await conn.execute(sa.update(metadata.tables["gateway.campaign"]).values(next_run_at=past))
    assert slot_of((await rest.patch(path, json={"query": "analyst"})).json()) == past


async def test_a_run_that_has_not_ended_in_time_is_reported_once(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES, sla_minutes=60)
    slot = slot_of(made)
    await scheduler(app).tick(slot)
    assert await watch(app).look(slot + HOUR) == 0
    late = slot + HOUR + timedelta(seconds=1)
    assert sum(await asyncio.gather(*(watch(app).look(late) for _ in range(3)))) == 1
    assert await watch(app).look(late + HOUR) == 0
    (run,) = await scheduled(rest)
    assert datetime.fromisoformat(run["sla_missed_at"]) == late
    (alarm,) = await alarms(app)
    assert (alarm.run_id, alarm.reason, alarm.schedule) == (run["run_id"], "not_ended", "")
    (listed,) = (await rest.get("/schedules")).json()
    assert datetime.fromisoformat(listed["last_sla_missed_at"]) == late


class DiedError(Exception):
    """In place of the end of the process."""


@pytest.mark.parametrize("confirmed", [False, True])
async def test_an_alarm_whose_gateway_dies_before_it_is_sent_or_noted_as_sent_is_sent_by_the_relay(
    rest: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch, confirmed: bool
) -> None:
    async def die(broker: Broker, engine: AsyncEngine, outbox: Outbox, messages: Sequence[Outgoing]) -> None:
        if confirmed:
            assert await broker.publish(messages)
        raise DiedError

    made = await create(rest, sources=SOURCES, sla_minutes=60)
    await scheduler(app).tick(slot_of(made))
    late, session = slot_of(made) + 2 * HOUR, app.state.wiring.session
    with monkeypatch.context() as patched:
        patched.setattr(deadlines, "send_now", die)
        with pytest.raises(DiedError):
            await watch(app).look(late)
    assert await watch(app).look(late) == 0
    async with session.engine.begin() as conn:
        await conn.execute(sa.update(metadata.tables["gateway.outbox"]).values(next_at=sa.func.now()))
    async with asyncio.timeout(30):
        while not await sent(app):  # the gateway's own relay may be the one that sends it
            await send_unsent(session.broker, session.engine, session.outbox)
    async with session.engine.connect() as conn:
        rows = await conn.execute(sa.text("SELECT headers FROM broker.message WHERE queue = 'notifier.alarms'"))
        heard = [row.headers["event_id"] for row in rows]
    assert len(heard) == 1 + confirmed
    assert len(set(heard)) == 1, "the notifier knows it by its id"


async def sent(app: FastAPI) -> bool:
    """Whether the broker is known to have everything."""
    outbox = metadata.tables["gateway.outbox"]
    async with app.state.wiring.session.engine.connect() as conn:
        return (await conn.execute(sa.select(outbox).where(outbox.c.sent_at.is_(None)))).first() is None


async def test_a_run_that_has_ended_in_time_is_not_reported(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES, sla_minutes=60)
    await scheduler(app).tick(slot_of(made))
    (run,) = await scheduled(rest)
    await rest.post(f"/runs/{run['run_id']}/cancel")
    assert await watch(app).look(slot_of(made) + DAY) == 0
    assert (await scheduled(rest))[0]["sla_missed_at"] is None


async def test_a_slot_that_nobody_starts_is_reported_once_and_not_again_when_it_is_started(
    rest: httpx.AsyncClient, app: FastAPI
) -> None:
    made = await create(rest, sources=SOURCES, sla_minutes=60)
    slot = slot_of(made)
    late = slot + HOUR + timedelta(seconds=1)
    assert sum(await asyncio.gather(*(watch(app).look(late) for _ in range(3)))) == 1
    assert await watch(app).look(late + HOUR) == 0
    assert await scheduler(app).tick(late + 2 * HOUR) == 1
    assert await watch(app).look(late + 3 * HOUR) == 0
    (alarm,) = await alarms(app)
    (run,) = await scheduled(rest)
    assert (alarm.reason, alarm.run_id) == ("not_started", run["run_id"])
    assert run["sla_missed_at"] is not None


async def test_that_an_alarm_was_heard_does_not_hold_up_its_run(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=SOURCES, sla_minutes=60)
    await scheduler(app).tick(slot_of(made))
    (run,) = await scheduled(rest)
    wired = app.state.wiring
    heard = UnitFinished(run_id=run["run_id"], unit_id=alarm_of(run["run_id"]), stage="alarm")
    nobody = msgspec.structs.replace(heard, run_id="never-started", unit_id=alarm_of("never-started"))
    async with wired.session.engine.begin() as conn:
        await wired.ledger.apply(conn, [heard, nobody])
    assert (await rest.get(f"/runs/{run['run_id']}")).json()["open_units"] == 1
