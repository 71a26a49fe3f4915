"""Finds scheduled runs that missed their deadline; each slot is reported once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunSlaMissed, SlaReason, stage_of
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.domain.timetable import Schedule, schedules_of
from gateway.store.campaigns import criteria_of

#: The stage in which a missed deadline is heard, outside the run.
ALARMING = stage_of(RunSlaMissed)
# A run that ended late between two looks is late too; one that timed out has not ended as it should.
_JUDGE = text("""
UPDATE gateway.run SET sla_judged = true,
  sla_missed_at = CASE WHEN coalesce(completed_at, :now) > sla_at OR state = 'timed_out' THEN :now END
WHERE run_id IN (SELECT run_id FROM gateway.run WHERE sla_at < :now AND NOT sla_judged
                 ORDER BY sla_at LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING run_id, campaign_id, campaign_name, slot_at, slot_source, sla_at, sla_missed_at
""")
_NOT_STARTED = text("""
UPDATE gateway.campaign SET sla_missed_slot = next_run_at
WHERE campaign_id IN (
  SELECT campaign_id FROM gateway.campaign
  WHERE is_active AND deleted_at IS NULL AND sla_minutes IS NOT NULL AND next_run_at < :now
    AND next_run_at + make_interval(mins => sla_minutes) < :now AND sla_missed_slot IS DISTINCT FROM next_run_at
  ORDER BY next_run_at LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING *
""")
_OVERDUE = text(
    "SELECT coalesce(extract(epoch FROM :now - min(next_run_at)), 0)::float FROM gateway.campaign "
    "WHERE is_active AND deleted_at IS NULL AND next_run_at < :now"
)


class SlaStore:
    """SQL that judges deadlines. `now` is the scheduler's clock, by which slots are made."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def late(self, conn: AsyncConnection, now: datetime) -> list[RunSlaMissed]:
        """Runs whose deadline has passed without their end."""
        rows = await conn.execute(_JUDGE, {"now": now})
        return [_event(row, row.run_id, "not_ended", row.slot_at, row.slot_source, row.sla_at, now)
                for row in rows if row.sla_missed_at is not None]  # fmt: skip

    async def not_started(self, conn: AsyncConnection, now: datetime) -> list[RunSlaMissed]:
        """Slots that no scheduler has taken up, of each campaign the first."""
        rows = (await conn.execute(_NOT_STARTED, {"now": now})).all()
        return [event for row in rows for event in _waiting(row, now)]

    async def announce(self, conn: AsyncConnection, events: Sequence[RunSlaMissed], now: datetime) -> list[Outgoing]:
        """The messages that say so, put into the outbox."""
        messages = []
        for event in events:
            unit = alarm_of(event.run_id)
            headers = root_headers(event.run_id, unit, ALARMING, event.campaign_id, now)
            messages.append(outgoing(event, headers, unit, ALARMING))
        await self._outbox.add(conn, messages)
        return messages

    async def overdue(self, conn: AsyncConnection, now: datetime) -> float:
        """Seconds since the oldest slot that is due and not taken up; 0: there is none."""
        return float((await conn.execute(_OVERDUE, {"now": now})).scalar_one())


def alarm_of(run_id: str) -> str:
    """The unit in which the notifier hears that the slot's deadline was missed; no run waits for it."""
    return f"{ALARMING}:{run_id}"


def given_up(campaign: Row[Any], schedule: Schedule, slot: datetime, now: datetime) -> RunSlaMissed | None:
    """A slot that the catch-up policy leaves out; None where there is no deadline, or it was reported before."""
    if campaign.sla_minutes is None or campaign.sla_missed_slot == slot:
        return None
    run_id = schedule.run_id(slot, str(campaign.campaign_id))
    sla_at = slot + timedelta(minutes=campaign.sla_minutes)
    return _event(campaign, run_id, "not_started", slot, schedule.key, sla_at, now)


def _waiting(campaign: Row[Any], now: datetime) -> Iterator[RunSlaMissed]:
    slot: datetime = campaign.next_run_at
    for schedule in schedules_of(criteria_of(campaign)):
        if schedule.sources and schedule.first(slot) == slot:
            run_id = schedule.run_id(slot, str(campaign.campaign_id))
            sla_at = slot + timedelta(minutes=campaign.sla_minutes)
            yield _event(campaign, run_id, "not_started", slot, schedule.key, sla_at, now)


def _event(
    row: Row[Any], run_id: str, reason: SlaReason, slot: datetime, schedule: str, sla_at: datetime, now: datetime
) -> RunSlaMissed:
    return RunSlaMissed(
        run_id=run_id, campaign_id=str(row.campaign_id), campaign_name=row.campaign_name, reason=reason,
        slot_at=slot, sla_at=sla_at, missed_at=now, schedule=schedule,
    )  # fmt: skip
