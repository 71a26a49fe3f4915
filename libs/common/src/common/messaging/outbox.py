"""Inbox, outbox and quarantine of one service: what makes a unit's effect and its messages one transaction."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Event, Headers, UnitOutcome, encode, event_id
from common.messaging.protocol import Outgoing
from common.messaging.unit import Quarantined

#: The sender itself publishes right after its commit; the relay takes over what is still unsent after this long.
RELAY_AFTER = timedelta(seconds=10)
#: Rows of finished work are kept this long for probes and replays.
KEPT_FOR = timedelta(days=30)
#: An item larger than this is not copied into quarantine: its reference leads to the archived page.
MAX_ITEM_BYTES = 1024 * 1024


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
    """SQL on the three tables in the schema of one service."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._inbox = text(
            f"INSERT INTO {schema}.inbox (run_id, unit_id, outcome) VALUES (:run_id, :unit_id, :outcome)"  # noqa: S608 - schema is ours
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
            f"UPDATE {schema}.outbox SET attempts = attempts + 1, "  # noqa: S608 - schema is ours
            "next_at = now() + least(60, power(2, attempts)) * interval '1 second' WHERE event_id = ANY(:ids)"
        )
        self._claim = text(
            f"SELECT headers, body FROM {schema}.outbox WHERE sent_at IS NULL AND next_at <= now() "  # noqa: S608 - schema is ours
            "ORDER BY seq LIMIT :most FOR UPDATE SKIP LOCKED"
        )
        self._resend = text(
            f"UPDATE {schema}.outbox SET sent_at = NULL, next_at = now() WHERE event_id = ANY(:ids) RETURNING event_id"  # noqa: S608 - schema is ours
        )
        self._set_aside = (
            f"INSERT INTO {schema}.quarantine "  # noqa: S608 - schema is ours
            "(id, run_id, unit_id, event_type, stage, attempts, reason, error, reference, item, headers, body) "
            "SELECT i, $2, $3, $4, $11, $12, r, e, f, t::json, $9::text::jsonb, $10::bytea "
            "FROM unnest($1::uuid[], $5::text[], $6::text[], $7::text[], $8::text[]) AS x(i, r, e, f, t) "
            "ON CONFLICT DO NOTHING"
        )
        self._list = text(
            "SELECT id, run_id, unit_id, event_type, reason, error, reference, item, created_at "  # noqa: S608 - schema is ours
            f"FROM {schema}.quarantine WHERE (CAST(:run_id AS text) IS NULL OR run_id = :run_id) "
            "AND (CAST(:reason AS text) IS NULL OR reason = :reason) ORDER BY created_at DESC, id LIMIT :most"
        )
        self._purges = (
            text(f"DELETE FROM {schema}.outbox WHERE sent_at < now() - CAST(:kept AS interval)"),  # noqa: S608 - schema is ours
            text(f"DELETE FROM {schema}.inbox WHERE handled_at < now() - CAST(:kept AS interval)"),  # noqa: S608 - schema is ours
        )

    async def first_time(self, conn: AsyncConnection, headers: Headers, outcome: UnitOutcome = "ok") -> bool:
        """Claim the unit for this transaction; False: it was committed before (a twin waits here for the commit)."""
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

    async def set_aside(
        self, conn: AsyncConnection, headers: Headers, items: Sequence[Quarantined], body: bytes | None = None
    ) -> None:
        """Keep what cannot go on, with its reason and, unless it is very large, the payload as it came.

        `body` is that of the message or, where single postings are set aside, of the batch without its postings.
        """
        if not items:
            return
        run, unit = headers.run_id, headers.unit_id
        ids = [uuid.UUID(event_id(run, unit, f"quarantine.{n}")) for n in range(len(items))]
        await conn.exec_driver_sql(
            self._set_aside,
            (
                ids, run, unit, headers.event_type,
                [i.reason for i in items], [_storable(i.error) for i in items], [i.reference for i in items],
                [_item_json(i.item) for i in items],
                msgspec.json.encode(headers).decode(), body, headers.stage, headers.attempt,
            ),
        )  # fmt: skip

    async def quarantined(
        self, conn: AsyncConnection, run_id: str | None, reason: str | None, most: int
    ) -> Sequence[Row[Any]]:
        """What was set aside, latest first, narrowed to a run or a reason."""
        return (await conn.execute(self._list, {"run_id": run_id, "reason": reason, "most": most})).all()

    async def resend(self, conn: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        """Leave to the relay, once more, those of these messages that are here; returns their ids."""
        rows = await conn.execute(self._resend, {"ids": [uuid.UUID(i) for i in event_ids]})
        return {str(i) for i in rows.scalars()}

    async def purge(self, conn: AsyncConnection) -> None:
        """Drop rows of work that ended longer ago than probes and replays may ask for."""
        for statement in self._purges:
            await conn.execute(statement, {"kept": KEPT_FOR})


def _storable(message: str) -> str:
    return message.replace("\x00", "\\0").encode(errors="backslashreplace").decode()[:4000]


def _item_json(item: Any) -> str | None:
    """The item as JSON; None where JSON cannot hold it: its reference leads to the archived page in any case."""
    if item is None:
        return None
    try:
        encoded = msgspec.json.encode(item)
    except (UnicodeEncodeError, RecursionError, TypeError, msgspec.EncodeError):
        return None
    return encoded.decode() if len(encoded) <= MAX_ITEM_BYTES else None


def root_headers(run_id: str, unit_id: str, stage: str, campaign_id: str, now: datetime) -> Headers:
    """Headers of a run's first message; `outgoing` fills in the rest."""
    return Headers(
        event_id="", event_type="", run_id=run_id, unit_id=unit_id, stage=stage,
        campaign_id=campaign_id, first_at=now, sha256="",
    )  # fmt: skip
