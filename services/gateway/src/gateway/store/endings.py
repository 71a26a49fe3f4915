"""Ends runs: decided once, judged, and said with `run.completed` when their results are visible, or blocked."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunCompleted, RunState, stage_of
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.domain.books import status_of
from gateway.store.books import blocked_by, books_of, failures_of
from gateway.store.judging import Judging

#: The stage in which a run's end is heard, after the run.
ANNOUNCING = stage_of(RunCompleted)
_DECIDE = text(
    "UPDATE gateway.run SET ending = :state "
    "WHERE run_id = ANY(:runs) AND state = 'running' AND ending IS NULL AND (open = 0 OR :state <> 'completed') "
    'RETURNING run_id, kind, campaign_id, sources, "window"'
)
_END = text(
    "UPDATE gateway.run SET state = ending, completed_at = clock_timestamp() "
    "WHERE run_id = :run_id AND state = 'running' AND ending IS NOT NULL AND NOT releasing "
    "RETURNING run_id, kind, state, campaign_id, campaign_name, requested_at, completed_at, gate"
)
_ENDED = text(
    "SELECT run_id, kind, state, campaign_id, campaign_name, requested_at, completed_at, gate "
    "FROM gateway.run WHERE run_id = :run_id AND state <> 'running'"
)
_CAMPAIGN_RAN = text(
    "UPDATE gateway.campaign SET last_run_at = :at, last_run_status = :status, last_run_job_count = :jobs, "
    "total_run_count = total_run_count + 1 WHERE campaign_id = :campaign_id"
)


def announcement_of(run_id: str) -> str:
    """The unit in which the notifier hears that the run has ended; the run does not wait for it."""
    return f"{ANNOUNCING}:{run_id}"


def release_of(run_id: str) -> str:
    """The unit in which the notifier hears that a blocked run was released by hand."""
    return f"{ANNOUNCING}:{run_id}:released"


class Endings:
    """The one way out of the state `running`; without `judging` nothing is held back that would have to be judged."""

    def __init__(self, outbox: Outbox, judging: Judging | None = None) -> None:
        self._outbox = outbox
        self._judging = judging

    async def end(self, conn: AsyncConnection, runs: list[str], state: RunState) -> list[Outgoing]:
        """Decide the end of those of the runs that still run, as completed only where nothing is open.

        Returns what is to be said: of a run whose results have to be published first nothing yet.
        """
        messages: list[Outgoing] = []
        for run in (await conn.execute(_DECIDE, {"runs": runs, "state": state})).all():
            if self._judging is None or not await self._judging.judge(conn, run, state):
                messages += await self.finish(conn, run.run_id)
        return messages

    async def finish(self, conn: AsyncConnection, run_id: str) -> list[Outgoing]:
        """End a run whose end is decided and of which nothing waits for its release; empty for any other."""
        row = (await conn.execute(_END, {"run_id": run_id})).first()
        if row is None:
            return []
        event = await _summed_up(conn, row)
        if row.kind == "collect":
            found = event.counts.get("new", 0) + event.counts.get("updated", 0)
            ran = {"at": row.completed_at, "status": event.status, "jobs": found, "campaign_id": row.campaign_id}
            await conn.execute(_CAMPAIGN_RAN, ran)
        return await self._say(conn, event, announcement_of(run_id))

    async def announce_release(self, conn: AsyncConnection, run_id: str) -> list[Outgoing]:
        """Say once more how a run has ended, now that somebody has let its results through; said once."""
        row = (await conn.execute(_ENDED, {"run_id": run_id})).one()
        return await self._say(conn, await _summed_up(conn, row), release_of(run_id))

    async def _say(self, conn: AsyncConnection, event: RunCompleted, unit: str) -> list[Outgoing]:
        headers = root_headers(event.run_id, unit, ANNOUNCING, event.campaign_id, event.completed_at)
        messages = [outgoing(event, headers, unit, ANNOUNCING)]
        await self._outbox.add(conn, messages)
        return messages


async def _summed_up(conn: AsyncConnection, row: Row[Any]) -> RunCompleted:
    books = await books_of(conn, row.run_id)
    failed, errors = await failures_of(conn, row.run_id)
    if row.gate == "blocked":
        errors = [*await blocked_by(conn, row.run_id), *errors]
    return RunCompleted(
        run_id=row.run_id, kind=row.kind, state=row.state, campaign_id=str(row.campaign_id or ""),
        status=status_of(row.state, failed, books.fetched, row.gate), campaign_name=row.campaign_name,
        started_at=row.requested_at, completed_at=row.completed_at, fetched=books.fetched,
        counts=dict(books.counts), reasons=dict(books.reasons), failed_units=failed, errors=errors,
    )  # fmt: skip
