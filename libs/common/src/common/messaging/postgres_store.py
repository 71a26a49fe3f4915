"""The SQL of the table broker: one statement per step, all clocks the database's."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.bounds import ANSWER_SECONDS, LIMIT_SECONDS, bounded
from common.messaging.broker_tables import SCHEMA
from common.messaging.health import is_infrastructure
from common.messaging.protocol import BrokerUnavailableError

#: The channel on which a publish says that a queue has something.
CHANNEL = f"{SCHEMA}_message"

_REASON_LENGTH = 1000
_TABLE = f"{SCHEMA}.message"
_PUBLISH = f"""
WITH stored AS (
    INSERT INTO {_TABLE} (queue, headers, body)
    SELECT q, h::jsonb, b FROM unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS x(q, h, b, n) ORDER BY n
    RETURNING queue)
SELECT pg_notify('{CHANNEL}', queue) FROM (SELECT DISTINCT queue FROM stored) AS queues
"""  # noqa: S608 - names of ours
_CLAIM = f"""
UPDATE {_TABLE} SET lease = $3::uuid, deliveries = deliveries + 1,
    available_at = now() + $4::float * interval '1 second'
WHERE id = ANY(ARRAY(
    SELECT id FROM {_TABLE} WHERE queue = $1 AND available_at <= now() ORDER BY available_at, id LIMIT $2
    FOR UPDATE SKIP LOCKED))
RETURNING id, headers, body, deliveries, coalesce(dead_reason, '')
"""  # noqa: S608 - names of ours
_OURS = "FROM unnest($1::bigint[], $2::uuid[]) AS ours(id, lease) WHERE m.id = ours.id AND m.lease = ours.lease"
_DELETE = f"DELETE FROM {_TABLE} AS m USING {_OURS.removeprefix('FROM ')}"  # noqa: S608 - names of ours
_RENEW = f"UPDATE {_TABLE} AS m SET available_at = now() + $3::float * interval '1 second' {_OURS}"  # noqa: S608 - names of ours
_RELEASE = f"""
WITH released AS (UPDATE {_TABLE} AS m SET available_at = now(), lease = NULL {_OURS} RETURNING queue)
SELECT pg_notify('{CHANNEL}', queue) FROM (SELECT DISTINCT queue FROM released) AS queues
"""  # noqa: S608 - names of ours
_RETRY = f"""
UPDATE {_TABLE} AS m SET available_at = now() + $3::float * interval '1 second', lease = NULL, deliveries = 0,
    headers = jsonb_set(headers, '{{attempt}}', $4::text::jsonb) {_OURS}
"""  # noqa: S608 - names of ours
_PARK = f"""
UPDATE {_TABLE} AS m SET queue = m.queue || '.dead', dead_reason = $3, dead_at = now(), available_at = now(),
    lease = NULL, deliveries = 0 {_OURS}
"""  # noqa: S608 - names of ours
_DEPTH = f"SELECT count(*) FROM {_TABLE} WHERE queue = $1 AND available_at <= now()"  # noqa: S608 - names of ours
_CHECK = f"SELECT 1 FROM {_TABLE} LIMIT 0"  # noqa: S608 - names of ours
_PROVE = f"""
INSERT INTO {_TABLE} (queue, headers, body, available_at) VALUES ('canary', '{{}}', '', 'infinity') RETURNING id
"""  # noqa: S608 - names of ours
_PROVED = f"DELETE FROM {_TABLE} WHERE id = $1"  # noqa: S608 - names of ours

Held = tuple[int, uuid.UUID]


class Claimed(msgspec.Struct, frozen=True):
    """A row in our hands until its lease ends."""

    id: int
    headers: dict[str, Any]
    body: bytes
    deliveries: int
    dead_reason: str = ""


class MessageStore:
    """Each method is one statement, which commits by itself; BrokerUnavailableError after at most 10 s."""

    def __init__(self, engine: AsyncEngine) -> None:
        # One round trip per statement instead of three.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def publish(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        """Store queue, headers as JSON and body of every message; listeners are told once per queue."""
        queues, headers, bodies = zip(*rows, strict=True)
        await self._execute("publish", _PUBLISH, list(queues), list(headers), list(bodies))

    async def claim(self, queue: str, most: int, lease: uuid.UUID, seconds: float) -> list[Claimed]:
        """Lease up to `most` available messages of the queue, oldest first."""
        rows = await self._execute(f"claim from {queue}", _CLAIM, queue, most, lease, seconds)
        return [Claimed(*row) for row in sorted(rows)]

    async def delete(self, held: Sequence[Held]) -> None:
        """The messages are done; those whose lease has passed to another are left alone, as in all that follow."""
        await self._execute("acknowledge", _DELETE, *_columns(held))

    async def renew(self, held: Sequence[Held], seconds: float) -> None:
        """Extend the leases."""
        await self._execute("renew leases", _RENEW, *_columns(held), seconds)

    async def release(self, held: Sequence[Held]) -> None:
        """Give the messages back as they are."""
        await self._execute("release", _RELEASE, *_columns(held))

    async def retry(self, held: Held, seconds: float, attempt: int) -> None:
        """Give the message back after a delay with its new attempt."""
        await self._execute("retry", _RETRY, *_columns([held]), seconds, str(attempt))

    async def park(self, held: Held, reason: str) -> None:
        """Move the message to the dead-letter queue."""
        # PostgreSQL's text takes no NUL, and a reason may quote what somebody sent.
        await self._execute("park", _PARK, *_columns([held]), reason.replace("\x00", "")[:_REASON_LENGTH])

    async def depth(self, queue: str) -> int:
        """Messages that may be handed out now."""
        return int((await self._execute(f"depth of {queue}", _DEPTH, queue))[0][0])

    async def check(self, seconds: float) -> None:
        """Raise unless the database answers in time and the table is there."""
        await self._execute("check", _CHECK, seconds=seconds)

    async def prove(self) -> None:
        """Store a row that nobody is given, and take it away."""
        row = await self._execute("store a canary", _PROVE, seconds=ANSWER_SECONDS)
        await self._execute("remove the canary", _PROVED, row[0][0], seconds=ANSWER_SECONDS)

    async def _execute(self, doing: str, sql: str, *values: Any, seconds: float = LIMIT_SECONDS) -> list[Any]:
        try:
            return await bounded(self._run(sql, values), seconds, doing)
        except ProgrammingError as error:
            raise BrokerUnavailableError(f"{doing}: {_TABLE} cannot be used, run the migrations: {error}") from error
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise BrokerUnavailableError(f"{doing}: {error}") from error

    async def _run(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        async with self._engine.connect() as conn:
            result = await conn.exec_driver_sql(sql, values)
            return list(result.all()) if result.returns_rows else []


def _columns(held: Sequence[Held]) -> tuple[list[int], list[uuid.UUID]]:
    return [id_ for id_, _ in held], [lease for _, lease in held]
