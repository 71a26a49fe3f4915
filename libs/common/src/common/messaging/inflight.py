"""Notes which units are in hand, so that what a process held when it died is known to the next one."""

import os
import uuid
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import Headers

#: This process, as the notes name it; each fork has a name of its own.
PROCESS = uuid.uuid4()


def _rename() -> None:
    global PROCESS  # noqa: PLW0603 - another process
    PROCESS = uuid.uuid4()


os.register_at_fork(after_in_child=_rename)


class Held(NamedTuple):
    """How often a unit was in the hands of a process that has gone since, and who held it last (None: nobody)."""

    crashes: int
    holder: uuid.UUID | None


class InFlight:
    """SQL on the table `inflight` of one service."""

    def __init__(self, engine: AsyncEngine, schema: str) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        # A note need not outlive the server: without waiting for its disk it costs a round trip only.
        self._note = text(
            "WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)), "  # noqa: S608 - schema is ours
            f"before AS (SELECT process FROM {schema}.inflight WHERE run_id = :run_id AND unit_id = :unit_id) "
            f"INSERT INTO {schema}.inflight AS noted (run_id, unit_id, process) "
            "SELECT :run_id, :unit_id, :process FROM quick "
            "ON CONFLICT (run_id, unit_id) DO UPDATE SET "
            "crashes = least(100, noted.crashes + (noted.process <> excluded.process)::int), "
            "process = excluded.process, started_at = now() "
            "RETURNING crashes, (SELECT process FROM before)"
        )
        self._clear = text(f"DELETE FROM {schema}.inflight WHERE run_id = :run_id AND unit_id = :unit_id")  # noqa: S608 - schema is ours
        self._crashes = text(f"SELECT crashes FROM {schema}.inflight WHERE run_id = :run_id AND unit_id = :unit_id")  # noqa: S608 - schema is ours

    async def note(self, headers: Headers) -> Held:
        """Note the unit as in our hands."""
        values = {"run_id": headers.run_id, "unit_id": headers.unit_id, "process": PROCESS}
        async with self._engine.connect() as conn:
            return Held(*(await conn.execute(self._note, values)).one())

    async def crashes(self, headers: Headers) -> int:
        """Of the unit, as `note` returned them last; 0 if it is not noted."""
        async with self._engine.connect() as conn:
            return int((await conn.execute(self._crashes, _key(headers))).scalar() or 0)

    async def clear(self, conn: AsyncConnection, headers: Headers) -> None:
        """The unit has ended, in the caller's transaction."""
        await conn.execute(self._clear, _key(headers))

    async def put_back(self, headers: Headers) -> None:
        """The unit has left our hands without an end: it comes again later."""
        async with self._engine.connect() as conn:
            await conn.execute(self._clear, _key(headers))


def _key(headers: Headers) -> dict[str, str]:
    return {"run_id": headers.run_id, "unit_id": headers.unit_id}
