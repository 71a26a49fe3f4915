"""Inbox and outbox of one service: what makes a unit's effect and its messages one transaction."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Event, Headers, UnitOutcome, encode, event_id
from common.messaging.protocol import Outgoing

#: The sender itself publishes right after its commit; the relay takes over what is still unsent after this long.
RELAY_AFTER = timedelta(seconds=10)
#: Rows of finished work are kept this long for probes and replays.
KEPT_FOR = timedelta(days=30)


def outgoing(event: Event, template: Headers, unit_id: str, stage: str, postings: int = 0) -> Outgoing:
    """A message for `event`, accounted to `unit_id` of the template's run."""
    body, sha256 = encode(event)
    headers = msgspec.structs.replace(
        template,
        event_id=event_id(template.run_id, unit_id, event.event_type),
        event_type=event.event_type,
        unit_id=unit_id,
        stage=stage,
        sha256=sha256,
        attempt=0,
        postings=postings,
    )
    return Outgoing(headers, body)


class Outbox:
    """SQL on the two tables in the schema of one service."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._inbox = text(
            f"WITH ended AS (DELETE FROM {schema}.inflight WHERE run_id = :run_id AND unit_id = :unit_id)"  # noqa: S608 - schema is ours
            f" INSERT INTO {schema}.inbox (run_id, unit_id, outcome) VALUES (:run_id, :unit_id, :outcome)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        )
        self._handled = text(f"SELECT 1 FROM {schema}.inbox WHERE run_id = :run_id AND unit_id = :unit_id")  # noqa: S608 - schema is ours
        self._add = (
            f"INSERT INTO {schema}.outbox (event_id, headers, body, next_at) "  # noqa: S608 - schema is ours
            "SELECT e, h::jsonb, b, now() + $4::interval "
            "FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS x(e, h, b) "
            "ON CONFLICT DO NOTHING"
        )
        self._sent = text(f"UPDATE {schema}.outbox SET sent_at = now() WHERE event_id = ANY(:ids)")  # noqa: S608 - schema is ours
        self._postpone = text(
            f"UPDATE {schema}.outbox SET attempts = least(1000, attempts + 1), "  # noqa: S608 - schema is ours
            "next_at = now() + least(60, power(2, least(attempts, 6))) * interval '1 second' WHERE event_id = ANY(:ids)"
        )
        self._claim = text(
            f"SELECT headers, body FROM {schema}.outbox WHERE sent_at IS NULL AND next_at <= now() "  # noqa: S608 - schema is ours
            "ORDER BY seq LIMIT :most FOR UPDATE SKIP LOCKED"
        )
        self._resend = text(
            f"UPDATE {schema}.outbox SET sent_at = NULL, next_at = now() WHERE event_id = ANY(:ids) RETURNING event_id"  # noqa: S608 - schema is ours
        )
        self._purges = (
            text(f"DELETE FROM {schema}.outbox WHERE sent_at < now() - CAST(:kept AS interval)"),  # noqa: S608 - schema is ours
            text(f"DELETE FROM {schema}.inbox WHERE handled_at < now() - CAST(:kept AS interval)"),  # noqa: S608 - schema is ours
        )

    async def first_time(self, conn: AsyncConnection, headers: Headers, outcome: UnitOutcome = "ok") -> bool:
        """Claim the unit for this transaction; False: it was committed before (a twin waits here for the commit).

        Either way it is in nobody's hands any more.
        """
        row = await conn.execute(
            self._inbox, {"run_id": headers.run_id, "unit_id": headers.unit_id, "outcome": outcome}
        )
        return row.first() is not None

    async def handled(self, conn: AsyncConnection, headers: Headers) -> bool:
        """Whether the unit was committed before; saves preparing a redelivered one again."""
        row = await conn.execute(self._handled, {"run_id": headers.run_id, "unit_id": headers.unit_id})
        return row.first() is not None

    async def add(self, conn: AsyncConnection, messages: Sequence[Outgoing]) -> None:
        """Store messages in the caller's transaction."""
        if messages:
            ids = [uuid.UUID(m.headers.event_id) for m in messages]
            headers = [msgspec.json.encode(m.headers).decode() for m in messages]
            await conn.exec_driver_sql(self._add, (ids, headers, [m.body for m in messages], RELAY_AFTER))

    async def mark_sent(self, conn: AsyncConnection, event_ids: Iterable[str]) -> None:
        """Record that the broker has confirmed these."""
        await conn.execute(self._sent, {"ids": [uuid.UUID(i) for i in event_ids]})

    async def postpone(self, conn: AsyncConnection, event_ids: Iterable[str]) -> None:
        """The broker did not take these: next try after 1, 2, 4 … 60 s."""
        await conn.execute(self._postpone, {"ids": [uuid.UUID(i) for i in event_ids]})

    async def claim_unsent(self, conn: AsyncConnection, most: int) -> list[Outgoing]:
        """Lock up to `most` overdue messages until the end of the transaction; other relays skip them."""
        rows = await conn.execute(self._claim, {"most": most})
        return [Outgoing(msgspec.convert(row.headers, Headers), row.body) for row in rows]

    async def resend(self, conn: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        """Leave to the relay, once more, those of these messages that are here; returns their ids."""
        rows = await conn.execute(self._resend, {"ids": [uuid.UUID(i) for i in event_ids]})
        return {str(i) for i in rows.scalars()}

    async def purge(self, conn: AsyncConnection) -> None:
        """Drop rows of work that ended longer ago than probes and replays may ask for."""
        for statement in self._purges:
            await conn.execute(statement, {"kept": KEPT_FOR})


def root_headers(run_id: str, unit_id: str, stage: str, campaign_id: str, now: datetime, rule_set: str = "") -> Headers:
    """Headers of a run's first message; `outgoing` fills in the rest."""
    return Headers(
        event_id="", event_type="", run_id=run_id, unit_id=unit_id, stage=stage,
        campaign_id=campaign_id, first_at=now, sha256="", rule_set=rule_set,
    )  # fmt: skip
