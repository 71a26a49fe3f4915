"""Runs in PostgreSQL: begun with their root unit and first message in one transaction."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import (
    CampaignChanged,
    Days,
    Event,
    ReplayRequested,
    RunKind,
    RunRequested,
    SourceQuery,
    WindowRequested,
    stage_of,
    unit_id,
)
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.domain.contract import campaign_contract
from gateway.domain.timetable import Slot
from gateway.tables import run, unit

Row = sa.Row[Any]


class RunStore:
    """SQL on the run table."""

    def __init__(self, outbox: Outbox, deadline: timedelta) -> None:
        self._outbox = outbox
        self._deadline = deadline

    async def collect(
        self, conn: AsyncConnection, campaign: Row, sources: Sequence[SourceQuery], run_id: str, trigger: str,
        now: datetime, slot: Slot | None = None, posted: Days | None = None,
    ) -> list[Outgoing]:  # fmt: skip
        """Begin to read sources for a campaign; no messages where a run of this id exists already."""
        event = RunRequested(
            run_id=run_id, requested_at=now, campaign=campaign_contract(campaign), sources=list(sources), posted=posted
        )
        listed = [{"source": s.source, "params": s.params, "max_pages": s.max_pages} for s in sources]
        window = {"from": posted.first.isoformat(), "to": posted.last.isoformat()} if posted else None
        return await self._begin(
            conn, run_id, "collect", campaign, trigger, now, event, listed, slot=slot, window=window
        )

    async def rerank(self, conn: AsyncConnection, campaign: Row, trigger: str, now: datetime) -> list[Outgoing]:
        """Begin to score all stored jobs for a campaign as it is now."""
        event = CampaignChanged(campaign=campaign_contract(campaign), as_of=campaign.ranked_as_of)
        run_id = f"rerank-{campaign.campaign_id}-v{campaign.version}"
        return await self._begin(conn, run_id, "rerank", campaign, trigger, now, event, [])

    async def replay(
        self, conn: AsyncConnection, of: Row, service: str, entries: Sequence[uuid.UUID], now: datetime
    ) -> tuple[str, list[Outgoing]]:
        """Begin to work again on what a service has set aside of a run: the same entries once until that has ended."""
        ids = sorted(str(e) for e in entries)
        first = f"replay-{hashlib.sha256('|'.join((of.run_id, service, *ids)).encode()).hexdigest()[:20]}"
        run_id, number = first, 1
        # One that has ended and left them open (they could not be read) does not stand in the way of another.
        while (row := await self.get(conn, run_id)) is not None and row.state != "running":
            number += 1
            run_id = f"{first}-{number}"
        event = ReplayRequested(run_id=run_id, service=service, quarantine_ids=ids)
        return run_id, await self._begin(conn, run_id, "replay", of, "replay", now, event, [], of.run_id)

    async def reread(
        self, conn: AsyncConnection, event: WindowRequested, window: dict[str, Any], run_id: str, now: datetime,
        rule_set: str | None = None,
    ) -> list[Outgoing]:  # fmt: skip
        """Begin to read archived pages again, by this set of rules; no messages where the run exists already."""
        of = event.run_ids[0] if len(event.run_ids) == 1 else None
        return await self._begin(
            conn, run_id, "replay", None, "archive", now, event, [], of, window=window, rule_set=rule_set
        )

    async def _begin(
        self, conn: AsyncConnection, run_id: str, kind: RunKind, campaign: Row | None, trigger: str, now: datetime,
        event: Event, sources: list[dict[str, Any]], replay_of: str | None = None, slot: Slot | None = None,
        window: dict[str, Any] | None = None, rule_set: str | None = None,
    ) -> list[Outgoing]:  # fmt: skip
        row = {
            "run_id": run_id, "kind": kind, "campaign_id": campaign.campaign_id if campaign else None,
            "sources": sources, "replay_of": replay_of, "campaign_name": campaign.campaign_name if campaign else "",
            "trigger": trigger, "requested_at": now, "window": window,
            "deadline_at": sa.func.now() + self._deadline,  # read against the same clock by `Ledger.time_out`
        }  # fmt: skip
        if slot is not None:
            row |= {
                "slot_at": slot.at, "slot_source": slot.key, "sla_at": slot.sla_at,
                "sla_missed_at": slot.sla_missed_at, "sla_judged": slot.sla_missed_at is not None,
            }  # fmt: skip
        insert = sa.dialects.postgresql.insert(run).values(row).on_conflict_do_nothing().returning(run.c.run_id)
        if (await conn.execute(insert)).first() is None:
            return []
        stage = stage_of(type(event))
        root = unit_id(stage, run_id)
        declared = {"run_id": run_id, "unit_id": root, "stage": stage, "declared": True, "finished": False}
        await conn.execute(sa.insert(unit).values(declared))
        headers = root_headers(run_id, root, stage, str(row["campaign_id"] or ""), now, rule_set or "")
        messages = [outgoing(event, headers, root, stage)]
        await self._outbox.add(conn, messages)
        return messages

    async def get(self, conn: AsyncConnection, run_id: str) -> Row | None:
        """A run by its id."""
        return (await conn.execute(sa.select(run).where(run.c.run_id == run_id))).first()

    async def list(
        self, conn: AsyncConnection, *, campaign_id: uuid.UUID | None, kind: RunKind | None, state: str | None,
        before: tuple[datetime, str] | None, limit: int,
    ) -> Sequence[Row]:  # fmt: skip
        """Runs, latest first, behind `before` (time of request, run id)."""
        query = sa.select(run).order_by(run.c.requested_at.desc(), run.c.run_id.desc()).limit(limit)
        if campaign_id is not None:
            query = query.where(run.c.campaign_id == campaign_id)
        if kind is not None:
            query = query.where(run.c.kind == kind)
        if state is not None:
            query = query.where(run.c.state == state)
        if before is not None:
            query = query.where(sa.tuple_(run.c.requested_at, run.c.run_id) < before)
        return (await conn.execute(query)).all()
