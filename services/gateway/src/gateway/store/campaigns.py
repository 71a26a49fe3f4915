"""Campaigns in PostgreSQL; every change is also a re-rank run, announced in the same transaction."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.campaign import OF_THE_GATEWAY, CampaignCriteria
from gateway.domain.timetable import next_of, schedules_of
from gateway.tables import campaign, ranking

Row = sa.Row[Any]
#: Criteria with a column of their own; the others are one document.
_OWN_COLUMNS = (*OF_THE_GATEWAY, "campaign_name", "is_active")


class CampaignStore:
    """SQL on the campaign table."""

    async def create(self, conn: AsyncConnection, criteria: CampaignCriteria, now: datetime) -> Row:
        """Insert a campaign as version 1."""
        due = _due(criteria, paused=False, now=now)
        values = {"campaign_id": uuid.uuid4(), "version": 1, "ranked_as_of": now.date(), "next_run_at": due}
        values |= _columns(criteria)
        row: Row = (await conn.execute(sa.insert(campaign).values(values).returning(campaign))).one()
        return row

    async def update(self, conn: AsyncConnection, row: Row, criteria: CampaignCriteria, now: datetime) -> Row:
        """Store changed criteria, as the next version if they concern other services too."""
        before, values = criteria_of(row), {**_columns(criteria), "updated_at": now}
        if criteria.concerning_others() != before.concerning_others():
            values |= {"version": row.version + 1, "ranked_as_of": now.date()}
        # A slot that is due already stays due.
        if not criteria.is_active or row.next_run_at is None or row.next_run_at > now:
            values["next_run_at"] = _due(criteria, row.schedule_paused, now)
        return await self._set(conn, row.campaign_id, values)

    async def pause(self, conn: AsyncConnection, row: Row, paused: bool, now: datetime) -> Row:
        """Pause or resume what starts by itself; slots that pass meanwhile are not missed."""
        if row.schedule_paused == paused:
            return row
        values = {"schedule_paused": paused, "next_run_at": _due(criteria_of(row), paused, now), "updated_at": now}
        return await self._set(conn, row.campaign_id, values)

    async def refresh(self, conn: AsyncConnection, row: Row, as_of: date) -> Row:
        """A next version that differs only in the day its scores are counted from."""
        return await self._set(conn, row.campaign_id, {"version": row.version + 1, "ranked_as_of": as_of})

    async def delete(self, conn: AsyncConnection, row: Row, now: datetime) -> Row:
        """Mark as deleted and drop what was ranked for it; its runs stay on record."""
        await conn.execute(sa.delete(ranking).where(ranking.c.campaign_id == row.campaign_id))
        values = {"version": row.version + 1, "deleted_at": now, "is_active": False, "next_run_at": None}
        return await self._set(conn, row.campaign_id, values)

    async def get(self, conn: AsyncConnection, campaign_id: uuid.UUID, *, lock: bool = False) -> Row | None:
        """A campaign that is not deleted, locked for a change if asked."""
        query = sa.select(campaign).where(campaign.c.campaign_id == campaign_id, campaign.c.deleted_at.is_(None))
        return (await conn.execute(query.with_for_update() if lock else query)).first()

    async def list(self, conn: AsyncConnection, *, is_active: bool | None) -> Sequence[Row]:
        """Campaigns by name."""
        query = sa.select(campaign).where(campaign.c.deleted_at.is_(None))
        if is_active is not None:
            query = query.where(campaign.c.is_active == is_active)
        return (await conn.execute(query.order_by(campaign.c.campaign_name, campaign.c.campaign_id))).all()

    async def claim_due(self, conn: AsyncConnection, now: datetime) -> Row | None:
        """Lock one campaign whose start is due; another scheduler skips it."""
        query = (
            sa.select(campaign)
            .where(campaign.c.is_active, campaign.c.deleted_at.is_(None), campaign.c.next_run_at <= now)
            .order_by(campaign.c.next_run_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return (await conn.execute(query)).first()

    async def set_next_start(self, conn: AsyncConnection, campaign_id: uuid.UUID, at: datetime | None) -> None:
        """When the campaign starts by itself next."""
        await conn.execute(sa.update(campaign).where(campaign.c.campaign_id == campaign_id).values(next_run_at=at))

    async def _set(self, conn: AsyncConnection, campaign_id: uuid.UUID, values: dict[str, Any]) -> Row:
        query = sa.update(campaign).where(campaign.c.campaign_id == campaign_id).values(values).returning(campaign)
        row: Row = (await conn.execute(query)).one()
        return row


def _due(criteria: CampaignCriteria, paused: bool, now: datetime) -> datetime | None:
    return next_of(schedules_of(criteria), now) if criteria.is_active and not paused else None


def _columns(criteria: CampaignCriteria) -> dict[str, Any]:
    own = {name: getattr(criteria, name) for name in _OWN_COLUMNS}
    document = criteria.model_dump(mode="json", exclude=set(_OWN_COLUMNS))
    # Times that are not set are left out, so that a gateway that knows of none can read the sources.
    document["sources"] = [{k: v for k, v in s.items() if v is not None} for s in document["sources"]]
    return {**own, "criteria": document}


def criteria_of(row: Row) -> CampaignCriteria:
    """What the owner set, read back from a row."""
    return CampaignCriteria(**{name: getattr(row, name) for name in _OWN_COLUMNS}, **row.criteria)
