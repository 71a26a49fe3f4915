"""Schedules: when which campaign or source is read by itself, paused and resumed."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunState
from common.web import Problem
from gateway.domain.schedule import GRACE, CatchUp, slots_after
from gateway.domain.timetable import Schedule, schedules_of
from gateway.errors import campaign_missing
from gateway.routes.access import Wired
from gateway.store.campaigns import Row, criteria_of
from gateway.store.schedules import last_starts, started_since

router = APIRouter(prefix="/schedules", tags=["schedules"])

_SHOWN = 3


class Start(BaseModel):
    """A moment, as the schedule's time zone and as UTC write it."""

    local: datetime
    utc: datetime


class ScheduleRead(BaseModel):
    """When a campaign, or a source of it that has times of its own, is read by itself."""

    campaign_id: uuid.UUID
    campaign_name: str
    source: str | None = Field(description="The source with times of its own; null: the campaign's other sources.")
    cron: str
    time_zone: str
    paused: bool
    is_active: bool = Field(description="Whether the campaign is active; a paused campaign starts nothing either.")
    catch_up: CatchUp
    sla_minutes: int | None
    next_starts: list[Start] = Field(description="The next three; none while paused.")
    last_run_id: str | None
    last_slot_at: datetime | None = Field(description="For when the last run was due.")
    last_started_at: datetime | None
    last_state: RunState | None
    last_sla_missed_at: datetime | None

    @classmethod
    def of(cls, row: Row, schedule: Schedule, last: Row | None, now: datetime) -> Self:
        """From the campaign's row, one of its schedules, and the last run of that."""
        running = row.is_active and not row.schedule_paused
        zone = ZoneInfo(schedule.time_zone)
        slots = islice(slots_after(schedule.cron, schedule.time_zone, now), _SHOWN) if running else ()
        found: dict[str, Any] = {} if last is None else {
            "last_run_id": last.run_id, "last_slot_at": last.slot_at, "last_started_at": last.requested_at,
            "last_state": last.state, "last_sla_missed_at": last.sla_missed_at,
        }  # fmt: skip
        never = dict.fromkeys(("last_run_id", "last_slot_at", "last_started_at", "last_state", "last_sla_missed_at"))
        return cls(
            campaign_id=row.campaign_id, campaign_name=row.campaign_name, source=schedule.key or None,
            cron=schedule.cron, time_zone=schedule.time_zone, paused=row.schedule_paused, is_active=row.is_active,
            catch_up=row.schedule_catch_up, sla_minutes=row.sla_minutes,
            next_starts=[Start(local=slot.astimezone(zone), utc=slot) for slot in slots], **(never | found),
        )  # fmt: skip


@router.get("", summary="What is read when: every campaign's schedule, and those of sources with times of their own")
async def list_schedules(wired: Wired) -> list[ScheduleRead]:
    """A campaign without a cron expression has none. Change one with `PATCH /campaigns/{campaign_id}`."""
    async with wired.session.engine.connect() as conn:
        rows = await wired.campaigns.list(conn, is_active=None)
        return await _read(conn, rows, wired.now())


class Started(BaseModel):
    """The runs that schedules have begun just now."""

    run_ids: list[str] = Field(description="Begun by this request, or by a scheduler in the ten minutes before it.")


@router.post("/start", summary="Start what is due, as the scheduler does")
async def start_due(wired: Wired) -> Started:
    """For a scheduler outside, such as a CronJob; a slot starts once however many ask."""
    now = wired.now()
    await wired.scheduler.tick(now)
    async with wired.session.engine.connect() as conn:
        return Started(run_ids=await started_since(conn, now - GRACE))


@router.post("/{campaign_id}/pause", summary="Start nothing by itself", responses={404: {"model": Problem}})
async def pause(wired: Wired, campaign_id: uuid.UUID) -> list[ScheduleRead]:
    """Runs asked for still start, and jobs are still ranked."""
    return await _set(wired, campaign_id, paused=True)


@router.post("/{campaign_id}/resume", summary="Start by itself again", responses={404: {"model": Problem}})
async def resume(wired: Wired, campaign_id: uuid.UUID) -> list[ScheduleRead]:
    """The next start is the next slot from now: what passed while paused is not caught up with."""
    return await _set(wired, campaign_id, paused=False)


async def _set(wired: Wired, campaign_id: uuid.UUID, *, paused: bool) -> list[ScheduleRead]:
    now = wired.now()
    async with wired.session.engine.begin() as conn:
        row = await wired.campaigns.get(conn, campaign_id, lock=True)
        if row is None:
            raise campaign_missing()
        row = await wired.campaigns.pause(conn, row, paused, now)
        return await _read(conn, [row], now)


async def _read(conn: AsyncConnection, rows: Sequence[Row], now: datetime) -> list[ScheduleRead]:
    found = [(row, schedule) for row in rows for schedule in schedules_of(criteria_of(row))]
    last = await last_starts(conn, [(row.campaign_id, schedule.key) for row, schedule in found])
    return [ScheduleRead.of(row, s, last.get((row.campaign_id, s.key)), now) for row, s in found]
