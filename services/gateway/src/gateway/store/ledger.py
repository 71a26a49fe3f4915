"""The run ledger: a grow-only set of units with two flags each, exact in any order and under duplicates."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunCompleted, RunState, UnitFinished
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.domain.books import status_of
from gateway.store.books import books_of, failures_of

# Locks in the order of run ids, so that two batches cannot wait for each other.
_LOCK = text("SELECT run_id FROM gateway.run WHERE run_id = ANY(:runs) ORDER BY run_id FOR UPDATE")
_LATE = text(
    "UPDATE gateway.run SET late = late + n FROM unnest(CAST(:runs AS text[]), CAST(:counts AS int[])) x(r, n) "
    "WHERE run_id = r AND state <> 'running'"
)
_APPLY = """
WITH ev AS (
  SELECT r, u, max(g) g, bool_or(d) d, bool_or(f) f, max(o) o, max(s) s, max(n) n, max(c) c, max(w) w, max(e) e
  FROM (
    SELECT r, u, g, false d, true f, o, s, n, c, w, e
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[],
                $9::text[]) x(r, u, g, o, s, n, c, w, e)
    UNION ALL
    SELECT r, u, g, true, false, NULL, NULL, 0, NULL, NULL, NULL
    FROM unnest($10::text[], $11::text[], $12::text[]) y(r, u, g)
  ) z GROUP BY r, u),
 old AS (
  SELECT ev.*, coalesce(t.declared, false) od, coalesce(t.finished, false) ofi, t.unit_id IS NOT NULL ex
  FROM ev JOIN gateway.run ON run.run_id = ev.r AND run.state = 'running'
  LEFT JOIN gateway.unit t ON (t.run_id, t.unit_id) = (ev.r, ev.u)),
 up AS (
  INSERT INTO gateway.unit AS t (run_id, unit_id, stage, declared, finished, outcome, source, fetched, counts, reasons,
                                 error)
  SELECT r, u, g, d, f, o, s, n, coalesce(c, '{}')::jsonb, coalesce(w, '{}')::jsonb, e FROM old ORDER BY r, u
  ON CONFLICT (run_id, unit_id) DO UPDATE SET
    declared = t.declared OR excluded.declared, finished = t.finished OR excluded.finished, updated_at = now(),
    outcome = CASE WHEN t.finished THEN t.outcome ELSE excluded.outcome END,
    source = CASE WHEN t.finished THEN t.source ELSE excluded.source END,
    fetched = CASE WHEN t.finished THEN t.fetched ELSE excluded.fetched END,
    counts = CASE WHEN t.finished THEN t.counts ELSE excluded.counts END,
    reasons = CASE WHEN t.finished THEN t.reasons ELSE excluded.reasons END,
    error = CASE WHEN t.finished THEN t.error ELSE excluded.error END),
 delta AS (
  SELECT r, sum((CASE WHEN (od OR d) AND (ofi OR f) THEN 0 ELSE 1 END)
              - (CASE WHEN NOT ex OR (od AND ofi) THEN 0 ELSE 1 END)) dd
  FROM old GROUP BY r)
UPDATE gateway.run SET open = open + dd FROM delta WHERE run_id = r AND dd <> 0
"""
_END = text(
    "UPDATE gateway.run SET state = :state, completed_at = clock_timestamp() "
    "WHERE run_id = ANY(:runs) AND state = 'running' AND (open = 0 OR :state <> 'completed') "
    "RETURNING run_id, kind, state, campaign_id, campaign_name, requested_at, completed_at"
)
_OVERDUE = text(
    "SELECT run_id FROM gateway.run WHERE state = 'running' AND deadline_at < now() ORDER BY run_id "
    "FOR UPDATE SKIP LOCKED"
)
_CAMPAIGN_RAN = text(
    "UPDATE gateway.campaign SET last_run_at = :at, last_run_status = :status, last_run_job_count = :jobs, "
    "total_run_count = total_run_count + 1 WHERE campaign_id = :campaign_id"
)


class Ledger:
    """Knows of every unit of every run, and when a run is done."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def apply(self, conn: AsyncConnection, events: Sequence[UnitFinished]) -> list[Outgoing]:
        """Record finished units; returns the `run.completed` messages of runs that this completes (in the outbox)."""
        runs = sorted({e.run_id for e in events})
        await conn.execute(_LOCK, {"runs": runs})
        counts = [sum(e.run_id == run for e in events) for run in runs]
        await conn.execute(_LATE, {"runs": runs, "counts": counts})
        await conn.exec_driver_sql(_APPLY, _columns(events))
        return await self._end(conn, runs, "completed")

    async def cancel(self, conn: AsyncConnection, run_id: str) -> list[Outgoing]:
        """End a running run as cancelled; empty for one that has ended already."""
        return await self._end(conn, [run_id], "cancelled")

    async def time_out(self, conn: AsyncConnection) -> list[Outgoing]:
        """End the runs whose deadline has passed."""
        overdue = list((await conn.execute(_OVERDUE)).scalars())
        return await self._end(conn, overdue, "timed_out") if overdue else []

    async def _end(self, conn: AsyncConnection, runs: list[str], state: RunState) -> list[Outgoing]:
        ended = (await conn.execute(_END, {"runs": runs, "state": state})).all()
        messages = []
        for row in ended:
            books = await books_of(conn, row.run_id)
            failed, errors = await failures_of(conn, row.run_id)
            event = RunCompleted(
                run_id=row.run_id, kind=row.kind, state=row.state, campaign_id=str(row.campaign_id),
                status=status_of(row.state, failed, books.fetched), campaign_name=row.campaign_name,
                started_at=row.requested_at, completed_at=row.completed_at, fetched=books.fetched,
                counts=dict(books.counts), reasons=dict(books.reasons), failed_units=failed, errors=errors,
            )  # fmt: skip
            if row.kind == "collect":
                found = books.counts.get("new", 0) + books.counts.get("updated", 0)
                ran = {"at": row.completed_at, "status": event.status, "jobs": found, "campaign_id": row.campaign_id}
                await conn.execute(_CAMPAIGN_RAN, ran)
            messages.append(_message(event, row.completed_at))
        await self._outbox.add(conn, messages)
        return messages


def _message(event: RunCompleted, now: datetime) -> Outgoing:
    unit = f"notify:{event.run_id}"
    return outgoing(event, root_headers(event.run_id, unit, "notify", event.campaign_id, now), unit, "notify")


def _columns(events: Sequence[UnitFinished]) -> tuple[list[object], ...]:
    children = [(e.run_id, c.unit_id, c.stage) for e in events for c in e.children]
    return (
        [e.run_id for e in events], [e.unit_id for e in events], [e.stage for e in events],
        [e.outcome for e in events], [e.source for e in events], [e.fetched for e in events],
        [msgspec.json.encode(e.counts).decode() for e in events],
        [msgspec.json.encode(e.reasons).decode() for e in events], [e.error for e in events],
        [c[0] for c in children], [c[1] for c in children], [c[2] for c in children],
    )  # fmt: skip
