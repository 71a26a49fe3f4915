"""The run ledger: a grow-only set of units with two flags each, exact in any order and under duplicates."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import UnitFinished, UnitsKnown
from common.messaging.outbox import Outbox
from common.messaging.protocol import Outgoing
from gateway.store.endings import Endings, announcement_of, release_of
from gateway.store.sla import alarm_of

# Locks in the order of run ids, so that two batches cannot wait for each other.
# A run whose end is decided has ended, as far as its units are concerned.
_LOCK = text(
    "SELECT run_id, coalesce(ending, state) AS state FROM gateway.run WHERE run_id = ANY(:runs) "
    "ORDER BY run_id FOR UPDATE"
)
# A finish that is known already is no news, however late it comes again.
_LATE = text("""
UPDATE gateway.run SET late = late + n FROM (
  SELECT r, count(*) n FROM (
    SELECT DISTINCT r, u FROM unnest(CAST(:runs AS text[]), CAST(:units AS text[])) x(r, u)) e
  WHERE NOT EXISTS (SELECT FROM gateway.unit t
                    WHERE t.run_id = r AND t.unit_id = u AND t.finished AND t.outcome <> 'lost')
  GROUP BY r) l
WHERE run_id = r
""")
_ANNOUNCED = text(
    "UPDATE gateway.run SET announced_at = now() "
    "WHERE run_id = ANY(:runs) AND state <> 'running' AND announced_at IS NULL"
)
# The first finish of a unit counts, and its own counts more than ours that it is lost.
_APPLY = """
WITH ev AS (
  SELECT r, u, max(g) g, bool_or(d) d, bool_or(f) f, max(o) o, max(s) s, max(n) n, max(c) c, max(w) w, max(e) e,
         max(p) p, max(m) m
  FROM (
    SELECT r, u, g, false d, true f, o, s, n, c, w, e, 0 p, m
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[],
                $9::text[], $14::text[]) x(r, u, g, o, s, n, c, w, e, m)
    UNION ALL
    SELECT r, u, g, true, false, NULL, NULL, 0, NULL, NULL, NULL, p, NULL
    FROM unnest($10::text[], $11::text[], $12::text[], $13::int[]) y(r, u, g, p)
  ) z GROUP BY r, u),
 old AS (
  SELECT ev.*, coalesce(t.declared, false) od, coalesce(t.finished, false) ofi, t.unit_id IS NOT NULL ex
  FROM ev JOIN gateway.run ON run.run_id = ev.r AND run.state = 'running'
  LEFT JOIN gateway.unit t ON (t.run_id, t.unit_id) = (ev.r, ev.u)),
 up AS (
  INSERT INTO gateway.unit AS t (run_id, unit_id, stage, declared, finished, outcome, source, fetched, counts, reasons,
                                 error, postings, measures)
  SELECT r, u, g, d, f, o, s, n, coalesce(c, '{}')::jsonb, coalesce(w, '{}')::jsonb, e, p, coalesce(m, '{}')::jsonb
  FROM old ORDER BY r, u
  ON CONFLICT (run_id, unit_id) DO UPDATE SET
    declared = t.declared OR excluded.declared, finished = t.finished OR excluded.finished, updated_at = now(),
    postings = greatest(t.postings, excluded.postings),
    outcome = CASE WHEN {news} THEN excluded.outcome ELSE t.outcome END,
    source = CASE WHEN {news} THEN excluded.source ELSE t.source END,
    fetched = CASE WHEN {news} THEN excluded.fetched ELSE t.fetched END,
    counts = CASE WHEN {news} THEN excluded.counts ELSE t.counts END,
    reasons = CASE WHEN {news} THEN excluded.reasons ELSE t.reasons END,
    error = CASE WHEN {news} THEN excluded.error ELSE t.error END,
    measures = CASE WHEN {news} THEN excluded.measures ELSE t.measures END
  WHERE {news} OR (excluded.declared AND NOT t.declared)),
 delta AS (
  SELECT r, sum((CASE WHEN (od OR d) AND (ofi OR f) THEN 0 ELSE 1 END)
              - (CASE WHEN NOT ex OR (od AND ofi) THEN 0 ELSE 1 END)) dd
  FROM old GROUP BY r)
UPDATE gateway.run SET open = open + dd FROM delta WHERE run_id = r AND dd <> 0 RETURNING run_id, open
""".replace("{news}", "(excluded.finished AND (NOT t.finished OR t.outcome = 'lost'))")
_KNOWN = text("""
UPDATE gateway.unit t SET probes = 0 FROM unnest(CAST(:runs AS text[]), CAST(:units AS text[])) x(r, u)
WHERE t.run_id = r AND t.unit_id = u AND t.probes > 0
""")
_OVERDUE = text(
    "SELECT run_id FROM gateway.run WHERE state = 'running' AND ending IS NULL AND deadline_at < now() ORDER BY run_id "
    "FOR UPDATE SKIP LOCKED"
)


class Ledger:
    """Knows of every unit of every run, and when a run is done."""

    def __init__(self, outbox: Outbox, endings: Endings | None = None) -> None:
        self._endings = endings or Endings(outbox)

    async def apply(self, conn: AsyncConnection, events: Sequence[UnitFinished]) -> list[Outgoing]:
        """Record finished units; returns the `run.completed` messages of runs that this completes (in the outbox)."""
        states = await _locked(conn, {e.run_id for e in events})
        announced = [e.run_id for e in events if e.unit_id == announcement_of(e.run_id)]
        units = [e for e in events if e.unit_id not in _beside(e.run_id)]
        late = [e for e in units if states.get(e.run_id, "running") != "running"]
        if announced:
            await conn.execute(_ANNOUNCED, {"runs": announced})
        if late:
            await conn.execute(_LATE, {"runs": [e.run_id for e in late], "units": [e.unit_id for e in late]})
        running = [e for e in units if states.get(e.run_id) == "running"]
        if not running:
            return []
        changed = await conn.exec_driver_sql(_APPLY, _columns(running))
        done = sorted(row.run_id for row in changed if not row.open)
        return await self._endings.end(conn, done, "completed") if done else []

    async def known(self, conn: AsyncConnection, answers: Sequence[UnitsKnown]) -> None:
        """Somebody has these units: they are pending, not lost."""
        pairs = sorted({(a.run_id, unit) for a in answers for unit in a.unit_ids})
        await _locked(conn, {run for run, _ in pairs})
        await conn.execute(_KNOWN, {"runs": [run for run, _ in pairs], "units": [unit for _, unit in pairs]})

    async def complete(self, conn: AsyncConnection, run_id: str) -> list[Outgoing]:
        """End a running run in which nothing is open; empty for any other."""
        return await self._endings.end(conn, [run_id], "completed")

    async def cancel(self, conn: AsyncConnection, run_id: str) -> list[Outgoing]:
        """End a running run as cancelled; empty for one that has ended already."""
        return await self._endings.end(conn, [run_id], "cancelled")

    async def time_out(self, conn: AsyncConnection) -> list[Outgoing]:
        """End the runs whose deadline has passed."""
        overdue = list((await conn.execute(_OVERDUE)).scalars())
        return await self._endings.end(conn, overdue, "timed_out") if overdue else []


def _beside(run_id: str) -> tuple[str, ...]:
    """Units in which something is heard of the run, which are not part of it."""
    return announcement_of(run_id), release_of(run_id), alarm_of(run_id)


async def _locked(conn: AsyncConnection, runs: set[str]) -> dict[str, str]:
    """Lock the runs until the end of the transaction; their states."""
    return {row.run_id: row.state for row in await conn.execute(_LOCK, {"runs": sorted(runs)})}


def _columns(events: Sequence[UnitFinished]) -> tuple[list[object], ...]:
    children = [(e.run_id, c.unit_id, c.stage, c.postings) for e in events for c in e.children]
    return (
        [e.run_id for e in events], [e.unit_id for e in events], [e.stage for e in events],
        [e.outcome for e in events], [e.source for e in events], [e.fetched for e in events],
        [msgspec.json.encode(e.counts).decode() for e in events],
        [msgspec.json.encode(e.reasons).decode() for e in events], [e.error for e in events],
        [c[0] for c in children], [c[1] for c in children], [c[2] for c in children], [c[3] for c in children],
        [msgspec.json.encode(e.measures).decode() for e in events],
    )  # fmt: skip
