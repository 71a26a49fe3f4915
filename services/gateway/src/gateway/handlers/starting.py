"""Starts runs: when someone asks, and when a campaign's schedule says so."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import SourceQuery
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.messaging.session import Session
from gateway.domain.schedule import next_start, run_id_of_slot
from gateway.metrics import SCHEDULED_STARTS
from gateway.store.campaigns import CampaignStore, Row, criteria_of
from gateway.store.ledger import Ledger
from gateway.store.runs import RunStore

_TICK_SECONDS = 5.0
_log = structlog.get_logger()


class Starter:
    """Begins runs; a campaign whose scores are of an earlier day is scored anew as of today first."""

    def __init__(self, campaigns: CampaignStore, runs: RunStore) -> None:
        self._campaigns = campaigns
        self._runs = runs

    async def start(
        self, conn: AsyncConnection, campaign: Row, sources: Sequence[SourceQuery], run_id: str | None, trigger: str,
        now: datetime,
    ) -> tuple[str, list[Outgoing]]:  # fmt: skip
        """Begin a run of the locked campaign; an id that exists already starts nothing."""
        run_id = run_id or f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        messages: list[Outgoing] = []
        today = now.astimezone(ZoneInfo(campaign.schedule_time_zone)).date()
        if campaign.ranked_as_of < today:
            campaign = await self._campaigns.refresh(conn, campaign, today)
            messages += await self._runs.rerank(conn, campaign, "new_day", now)
        messages += await self._runs.collect(conn, campaign, sources, run_id, trigger, now)
        return run_id, messages


class Scheduler:
    """Starts what is due, once per slot however many schedulers run, and ends runs that are overdue."""

    def __init__(self, session: Session, starter: Starter, campaigns: CampaignStore, ledger: Ledger) -> None:
        self._session = session
        self._starter = starter
        self._campaigns = campaigns
        self._ledger = ledger

    async def tick(self, now: datetime) -> int:
        """Start every due campaign once (slots missed while down collapse into one start); returns how many."""
        session, started = self._session, 0
        while True:
            async with session.engine.begin() as conn:
                campaign = await self._campaigns.claim_due(conn, now)
                if campaign is None:
                    break
                messages = await self._start(conn, campaign, now)
            await send_now(session.broker, session.engine, session.outbox, messages)
            started += bool(messages)
        async with session.engine.begin() as conn:
            messages = await self._ledger.time_out(conn)
        await send_now(session.broker, session.engine, session.outbox, messages)
        return started

    async def _start(self, conn: AsyncConnection, campaign: Row, now: datetime) -> list[Outgoing]:
        slot: datetime = campaign.next_run_at
        criteria = criteria_of(campaign)
        later = next_start(campaign.schedule_cron, campaign.schedule_time_zone, now)
        await self._campaigns.set_next_start(conn, campaign.campaign_id, later)
        if not criteria.sources:
            _log.info("schedule_skipped", campaign_id=str(campaign.campaign_id), reason="no sources")
            return []
        run_id = run_id_of_slot(slot, str(campaign.campaign_id))
        sources = [s.contract() for s in criteria.sources]
        _, messages = await self._starter.start(conn, campaign, sources, run_id, "schedule", now)
        SCHEDULED_STARTS.inc()
        return messages

    async def _run(self, now: Callable[[], datetime]) -> None:
        while True:
            try:
                await self.tick(now())
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("scheduler_waits_for_infrastructure", error=repr(error))
                await until_healthy(self._session.engine, self._session.broker)
            await asyncio.sleep(_TICK_SECONDS)

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Tick for the duration of the context; a scheduler that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run(now), name="scheduler")
            try:
                yield
            finally:
                task.cancel()
