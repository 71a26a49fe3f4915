"""Endpoints, deliveries and attempts in PostgreSQL; every due time and lease is on the database's clock."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import bulk_upsert
from notifier.domain.schedule import Result, Verdict
from notifier.tables import attempt, delivery, endpoint

Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that this process has claimed and is to send."""

    id: uuid.UUID
    event_id: str
    endpoint_id: uuid.UUID
    run_id: str
    body: bytes
    attempts: int
    claim: int
    url: str
    secret: str
    claimed_at: datetime
    failing_for: timedelta


# Due deliveries of active endpoints, the oldest first and of each endpoint only as many as it has room for.
_CLAIM = sa.text("""
WITH due AS (
    SELECT d.id, d.next_at, e.url, e.secret, coalesce(now() - e.failing_since, '0') AS failing_for,
           row_number() OVER (PARTITION BY d.endpoint_id ORDER BY d.next_at, d.id) + (
               SELECT count(*) FROM notifier.delivery s
               WHERE s.endpoint_id = d.endpoint_id AND s.state = 'sending' AND s.leased_until > now()
           ) AS place
    FROM notifier.delivery d JOIN notifier.endpoint e ON e.id = d.endpoint_id AND e.is_active
    WHERE (d.state = 'pending' AND d.next_at <= now()) OR (d.state = 'sending' AND d.leased_until <= now())
), mine AS (
    SELECT d.id FROM notifier.delivery d
    WHERE d.id IN (SELECT id FROM due WHERE place <= :per_endpoint ORDER BY next_at LIMIT :most)
      AND ((d.state = 'pending' AND d.next_at <= now()) OR (d.state = 'sending' AND d.leased_until <= now()))
    FOR UPDATE SKIP LOCKED
)
UPDATE notifier.delivery d
SET state = 'sending', attempts = d.attempts + 1, claim = d.claim + 1,
    leased_until = now() + make_interval(secs => :lease)
FROM mine JOIN due USING (id) WHERE d.id = mine.id
RETURNING d.id, d.event_id, d.endpoint_id, d.run_id, d.body, d.attempts, d.claim, due.url, due.secret,
          now() AS claimed_at, due.failing_for
""")
_RECORD = sa.text("""
UPDATE notifier.delivery SET state = :state, leased_until = NULL, next_at = now() + :delay,
    ended_at = CASE WHEN :state = 'pending' THEN NULL ELSE now() END
WHERE id = :id AND claim = :claim AND state = 'sending'
""")


class NotifierStore:
    """SQL on the tables of the notifier."""

    async def announce(
        self, conn: AsyncConnection, event_id: str, event_type: str, body: bytes, *, run_id: str, campaign_id: str
    ) -> None:
        """Write a delivery for each active endpoint that asked for the event; repeated, it changes nothing."""
        wanted = sa.select(endpoint.c.id).where(
            endpoint.c.is_active,
            sa.or_(endpoint.c.events == [], endpoint.c.events.has_key(event_type)),
            sa.or_(endpoint.c.campaign_ids == [], endpoint.c.campaign_ids.has_key(campaign_id)),
        )
        ids = (await conn.execute(wanted)).scalars().all()
        rows = [_delivery(event_id, i, event_type, body, run_id) for i in ids]
        await bulk_upsert(conn, delivery, rows, key=["event_id", "endpoint_id"], update=())

    async def announce_to(
        self, conn: AsyncConnection, endpoint_id: uuid.UUID, event_id: str, event_type: str, body: bytes
    ) -> Row:
        """Write one delivery for one endpoint."""
        values = _delivery(event_id, endpoint_id, event_type, body, "")
        return (await conn.execute(delivery.insert().values(values).returning(*_shown(delivery, "body")))).one()

    async def claim(self, conn: AsyncConnection, most: int, *, per_endpoint: int, lease: float) -> list[Due]:
        """Take up to `most` due deliveries for `lease` seconds; others skip them."""
        parameters = {"most": most, "per_endpoint": per_endpoint, "lease": lease}
        return [Due(**row) for row in (await conn.execute(_CLAIM, parameters)).mappings()]

    async def record(self, conn: AsyncConnection, due: Due, result: Result, verdict: Verdict) -> None:
        """Log the attempt and move the delivery on, unless somebody else has claimed it since."""
        logged = {
            "delivery_id": due.id, "number": due.attempts, "status": result.status, "latency_ms": result.latency_ms,
            "error": result.error, "excerpt": result.excerpt,
        }  # fmt: skip
        still_there = sa.select(delivery.c.id).where(delivery.c.id == due.id).with_for_update()
        if (await conn.execute(still_there)).first() is None:
            return
        await conn.execute(attempt.insert().values(logged))
        moved = {"id": due.id, "claim": due.claim, "state": verdict.state, "delay": verdict.delay or timedelta()}
        await conn.execute(_RECORD, moved)
        await conn.execute(_endpoint_after(due, verdict))
        if verdict.disable:
            open_ones = (delivery.c.endpoint_id == due.endpoint_id, delivery.c.state == "pending")
            await conn.execute(delivery.update().where(*open_ones).values(state="failed", ended_at=sa.func.now()))

    async def create_endpoint(self, conn: AsyncConnection, values: dict[str, Any]) -> Row:
        """Insert an endpoint and return it, secret included."""
        row: Row = (await conn.execute(endpoint.insert().values(values).returning(endpoint))).one()
        return row

    async def endpoints(self, conn: AsyncConnection) -> Sequence[Row]:
        """All endpoints without their secrets, the oldest first."""
        query = sa.select(*_shown(endpoint, "secret")).order_by(endpoint.c.created_at, endpoint.c.id)
        return (await conn.execute(query)).all()

    async def endpoint(self, conn: AsyncConnection, endpoint_id: uuid.UUID) -> Row | None:
        """One endpoint without its secret."""
        query = sa.select(*_shown(endpoint, "secret")).where(endpoint.c.id == endpoint_id)
        return (await conn.execute(query)).one_or_none()

    async def change_endpoint(
        self, conn: AsyncConnection, endpoint_id: uuid.UUID, values: dict[str, Any]
    ) -> Row | None:
        """Change an endpoint; activating it forgets why it was disabled."""
        if values.get("is_active"):
            values = {**values, "disabled_reason": None, "failing_since": None}
        if not values:
            return await self.endpoint(conn, endpoint_id)
        statement = endpoint.update().where(endpoint.c.id == endpoint_id).values(values)
        return (await conn.execute(statement.returning(*_shown(endpoint, "secret")))).one_or_none()

    async def delete_endpoint(self, conn: AsyncConnection, endpoint_id: uuid.UUID) -> bool:
        """Delete an endpoint with its deliveries; these first, in the order in which results take their locks."""
        await conn.execute(delivery.delete().where(delivery.c.endpoint_id == endpoint_id))
        deleted = await conn.execute(endpoint.delete().where(endpoint.c.id == endpoint_id).returning(endpoint.c.id))
        return deleted.first() is not None

    async def deliveries(
        self,
        conn: AsyncConnection,
        *,
        run_id: str | None,
        endpoint_id: uuid.UUID | None,
        before: uuid.UUID | None,
        limit: int,
    ) -> Sequence[Row]:
        """Deliveries without their bodies, the newest first, those older than the delivery `before`."""
        newest_first = (delivery.c.created_at.desc(), delivery.c.id.desc())
        query = sa.select(*_shown(delivery, "body")).order_by(*newest_first).limit(limit)
        if run_id is not None:
            query = query.where(delivery.c.run_id == run_id)
        if endpoint_id is not None:
            query = query.where(delivery.c.endpoint_id == endpoint_id)
        if before is not None:
            last = sa.select(delivery.c.created_at, delivery.c.id).where(delivery.c.id == before).scalar_subquery()
            query = query.where(sa.tuple_(delivery.c.created_at, delivery.c.id) < last)
        return (await conn.execute(query)).all()

    async def attempts(self, conn: AsyncConnection, delivery_id: uuid.UUID) -> Sequence[Row] | None:
        """The attempts of a delivery in order; None if there is no such delivery."""
        known = await conn.execute(sa.select(delivery.c.id).where(delivery.c.id == delivery_id))
        if known.first() is None:
            return None
        query = sa.select(attempt).where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)
        return (await conn.execute(query)).all()

    async def retry(self, conn: AsyncConnection, delivery_id: uuid.UUID) -> Row | None:
        """Start the schedule of a delivery anew, at once; None if there is none or it is being sent right now."""
        again = {"state": "pending", "attempts": 0, "next_at": sa.func.now(), "ended_at": None}
        statement = delivery.update().where(delivery.c.id == delivery_id, delivery.c.state != "sending").values(again)
        return (await conn.execute(statement.returning(*_shown(delivery, "body")))).one_or_none()

    async def delivery(self, conn: AsyncConnection, delivery_id: uuid.UUID) -> Row | None:
        """One delivery without its body."""
        query = sa.select(*_shown(delivery, "body")).where(delivery.c.id == delivery_id)
        return (await conn.execute(query)).one_or_none()


def _delivery(event_id: str, endpoint_id: uuid.UUID, event_type: str, body: bytes, run_id: str) -> dict[str, Any]:
    return {
        "id": uuid.uuid5(endpoint_id, event_id), "event_id": event_id, "endpoint_id": endpoint_id,
        "event_type": event_type, "run_id": run_id, "body": body,
    }  # fmt: skip


def _endpoint_after(due: Due, verdict: Verdict) -> sa.Update:
    change = endpoint.update().where(endpoint.c.id == due.endpoint_id)
    if verdict.state == "delivered":
        return change.where(endpoint.c.failing_since.is_not(None)).values(failing_since=None)
    failing = {"failing_since": sa.func.coalesce(endpoint.c.failing_since, sa.func.now())}
    if verdict.disable:
        return change.values(**failing, is_active=False, disabled_reason=verdict.disable)
    return change.where(endpoint.c.failing_since.is_(None)).values(failing)


def _shown(table: sa.Table, hidden: str) -> list[sa.Column[Any]]:
    return [column for column in table.c if column.name != hidden]
