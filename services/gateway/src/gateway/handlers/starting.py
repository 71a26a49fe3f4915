"""Starts runs: when someone asks, and when a campaign's schedule says so."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Days, RunSlaMissed, SourceQuery
from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.session import Session
from gateway.domain.timetable import Schedule, Slot, next_of, schedules_of
from gateway.handlers.deadlines import sound
from gateway.metrics import SCHEDULED_STARTS
from gateway.store.campaigns import CampaignStore, Row, criteria_of
from gateway.store.ledger import Ledger
from gateway.store.runs import RunStore
from gateway.store.sla import SlaStore, given_up

_TICK_SECONDS = 5.0
_log = structlog.get_logger()


class Starter:
    """Begins runs; a campaign whose scores are of an earlier day is scored anew as of today first."""

    def __init__(self, campaigns: CampaignStore, runs: RunStore) -> None:
        self._campaigns = campaigns
        self._runs = runs

    async def start(
        self, conn: AsyncConnection, campaign: Row, sources: Sequence[SourceQuery], run_id: str | None, trigger: str,
        now: datetime, slot: Slot | None = None, posted: Days | None = None,
    ) -> tuple[str, list[Outgoing]]:  # fmt: skip
        """Begin a run of the locked campaign; an id that exists already starts nothing."""
        run_id = run_id or f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        messages: list[Outgoing] = []
        today = now.astimezone(ZoneInfo(campaign.schedule_time_zone)).date()
        if campaign.ranked_as_of < today:
            campaign = await self._campaigns.refresh(conn, campaign, today)
            messages += await self._runs.rerank(conn, campaign, "new_day", now)
        messages += await self._runs.collect(conn, campaign, sources, run_id, trigger, now, slot, posted)
        return run_id, messages


class Scheduler:
    """Starts what is due, once per slot however many schedulers run, and ends runs that are overdue."""

    def __init__(
        self, session: Session, starter: Starter, campaigns: CampaignStore, ledger: Ledger, sla: SlaStore
    ) -> None:
        self._session = session
        self._starter = starter
        self._campaigns = campaigns
        self._ledger = ledger
        self._sla = sla

    async def tick(self, now: datetime) -> int:
        """Start what is due of every campaign, by its catch-up policy; returns how many runs."""
        session, started = self._session, 0
        while True:
            async with session.engine.begin() as conn:
                campaign = await self._campaigns.claim_due(conn, now)
                if campaign is None:
                    break
                runs, missed, messages = await self._start(conn, campaign, now)
            started += runs
            SCHEDULED_STARTS.inc(runs)
            sound(missed)
            await send_now(session.broker, session.engine, session.outbox, messages)
        async with session.engine.begin() as conn:
            messages = await self._ledger.time_out(conn)
        await send_now(session.broker, session.engine, session.outbox, messages)
        return started

    async def _start(
        self, conn: AsyncConnection, campaign: Row, now: datetime
    ) -> tuple[int, list[RunSlaMissed], list[Outgoing]]:
        """Everything of the campaign that has come due since its first slot that nobody has taken up."""
        since: datetime = campaign.next_run_at
        criteria = criteria_of(campaign)
        schedules = schedules_of(criteria)
        await self._campaigns.set_next_start(conn, campaign.campaign_id, next_of(schedules, now))
        runs, missed, messages = 0, list[RunSlaMissed](), list[Outgoing]()
        for schedule in schedules:
            first = schedule.first(since)
            if first is None or first > now:
                continue
            if not schedule.sources:
                _log.info("schedule_skipped", campaign_id=str(campaign.campaign_id), reason="no sources")
                continue
            slots = schedule.to_start(since, now, criteria.schedule_catch_up)
            if first not in slots:
                missed += self._leave_out(campaign, schedule, first, now)
            for at in slots:
                begun = await self._begin(conn, campaign, schedule, at, now)
                runs += bool(begun)
                messages += begun
        return runs, missed, messages + await self._sla.announce(conn, missed, now)

    def _leave_out(self, campaign: Row, schedule: Schedule, slot: datetime, now: datetime) -> list[RunSlaMissed]:
        """Slots from this one on come too late for the catch-up policy; the first stands for them."""
        _log.warning(
            "schedule_slots_left_out", campaign_id=str(campaign.campaign_id), schedule=schedule.key,
            first=slot.isoformat(), catch_up=campaign.schedule_catch_up,
        )  # fmt: skip
        event = given_up(campaign, schedule, slot, now)
        return [event] if event else []

    async def _begin(
        self, conn: AsyncConnection, campaign: Row, schedule: Schedule, at: datetime, now: datetime
    ) -> list[Outgoing]:
        """The run of a slot; nothing where it was begun before."""
        limit = campaign.sla_minutes
        slot = Slot(
            at, schedule.key, at + timedelta(minutes=limit) if limit else None,
            # Reported already as not started: not again as not ended.
            now if limit and campaign.sla_missed_slot == at else None,
        )  # fmt: skip
        run_id = schedule.run_id(at, str(campaign.campaign_id))
        _, messages = await self._starter.start(conn, campaign, schedule.sources, run_id, "schedule", now, slot)
        return messages

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Tick for the duration of the context; a scheduler that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(repeat(self._session, "scheduler", lambda: self.tick(now()), _TICK_SECONDS))
            try:
                yield
            finally:
                task.cancel()
