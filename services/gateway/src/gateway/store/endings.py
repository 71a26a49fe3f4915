"""Ends runs: a compare-and-set on their state, and `run.completed` in the same transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunCompleted, RunState, stage_of
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.domain.books import status_of
from gateway.store.books import books_of, failures_of

#: The stage in which a run's end is heard, after the run.
ANNOUNCING = stage_of(RunCompleted)
_END = text(
    "UPDATE gateway.run SET state = :state, completed_at = clock_timestamp() "
    "WHERE run_id = ANY(:runs) AND state = 'running' AND (open = 0 OR :state <> 'completed') "
    "RETURNING run_id, kind, state, campaign_id, campaign_name, requested_at, completed_at"
)
_CAMPAIGN_RAN = text(
    "UPDATE gateway.campaign SET last_run_at = :at, last_run_status = :status, last_run_job_count = :jobs, "
    "total_run_count = total_run_count + 1 WHERE campaign_id = :campaign_id"
)


def announcement_of(run_id: str) -> str:
    """The unit in which the notifier hears that the run has ended; the run does not wait for it."""
    return f"{ANNOUNCING}:{run_id}"


class Endings:
    """The one way out of the state `running`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def end(self, conn: AsyncConnection, runs: list[str], state: RunState) -> list[Outgoing]:
        """End those of the runs that still run, as completed only where nothing is open; returns what is to be said."""
        ended = (await conn.execute(_END, {"runs": runs, "state": state})).all()
        messages = [_message(await _summed_up(conn, row), row.completed_at) for row in ended]
        await self._outbox.add(conn, messages)
        return messages


async def _summed_up(conn: AsyncConnection, row: Row[Any]) -> RunCompleted:
    books = await books_of(conn, row.run_id)
    failed, errors = await failures_of(conn, row.run_id)
    event = RunCompleted(
        run_id=row.run_id, kind=row.kind, state=row.state, campaign_id=str(row.campaign_id or ""),
        status=status_of(row.state, failed, books.fetched), campaign_name=row.campaign_name,
        started_at=row.requested_at, completed_at=row.completed_at, fetched=books.fetched,
        counts=dict(books.counts), reasons=dict(books.reasons), failed_units=failed, errors=errors,
    )  # fmt: skip
    if row.kind == "collect":
        found = books.counts.get("new", 0) + books.counts.get("updated", 0)
        ran = {"at": row.completed_at, "status": event.status, "jobs": found, "campaign_id": row.campaign_id}
        await conn.execute(_CAMPAIGN_RAN, ran)
    return event


def _message(event: RunCompleted, now: datetime) -> Outgoing:
    unit = announcement_of(event.run_id)
    return outgoing(event, root_headers(event.run_id, unit, ANNOUNCING, event.campaign_id, now), unit, ANNOUNCING)
