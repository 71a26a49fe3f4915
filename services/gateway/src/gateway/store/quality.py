"""What the quality gate has said of runs, and what somebody has decided of those it has blocked."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.quality import Gate
from gateway.tables import held, quality_audit, quality_result, run

Row = sa.Row[Any]
_WORST_FIRST = sa.case((quality_result.c.verdict == "failed", 0), (quality_result.c.verdict == "passed", 1), else_=2)
_RELEASING = text("SELECT run_id FROM gateway.run WHERE releasing ORDER BY completed_at NULLS FIRST, run_id")
# Held while the run was ended: its batch came in between.
_STRAGGLERS = text("""
UPDATE gateway.run SET releasing = true
WHERE NOT releasing AND state <> 'running' AND coalesce(gate, 'passed') NOT IN ('blocked', 'discarded')
  AND run_id IN (SELECT DISTINCT run_id FROM gateway.held)
RETURNING run_id
""")
_RELEASED = text("""
UPDATE gateway.run SET releasing = false
WHERE run_id = :run_id AND releasing AND NOT EXISTS (SELECT FROM gateway.held WHERE run_id = :run_id)
RETURNING state, gate
""")
_BLOCKED = text(
    "SELECT count(*) FROM gateway.run WHERE gate = 'blocked' "
    "AND EXISTS (SELECT FROM gateway.held WHERE held.run_id = run.run_id)"
)
# The books say that these postings failed, and are in quarantine.
_FAILED = text("""
UPDATE gateway.unit SET outcome = 'failed', error = :error, updated_at = now(),
  counts = jsonb_build_object('failed', CAST(:postings AS int)),
  reasons = jsonb_build_object('release_failed', CAST(:postings AS int))
WHERE run_id = :run_id AND unit_id = :unit_id
""")


class QualityStore:
    """SQL on verdicts, decisions and releases."""

    async def results(self, conn: AsyncConnection, run_id: str) -> Sequence[Row]:
        """How each rule came out, what has failed first."""
        query = sa.select(quality_result).where(quality_result.c.run_id == run_id)
        order = (_WORST_FIRST, quality_result.c.severity, quality_result.c.reason, quality_result.c.source)
        return (await conn.execute(query.order_by(*order))).all()

    async def held(self, conn: AsyncConnection, run_id: str) -> tuple[int, int]:
        """Batches and jobs that are held of a run."""
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(held.c.jobs), 0)).where(held.c.run_id == run_id)
        batches, jobs = (await conn.execute(query)).one()
        return int(batches), int(jobs)

    async def decisions(self, conn: AsyncConnection, run_id: str) -> Sequence[Row]:
        """What was decided by hand, in order."""
        query = sa.select(quality_audit).where(quality_audit.c.run_id == run_id).order_by(quality_audit.c.id)
        return (await conn.execute(query)).all()

    async def lock(self, conn: AsyncConnection, run_id: str) -> Row | None:
        """The run, locked until the end of the transaction."""
        return (await conn.execute(sa.select(run).where(run.c.run_id == run_id).with_for_update())).first()

    async def decide(self, conn: AsyncConnection, run_id: str, gate: Gate, by: str, reason: str) -> None:
        """Keep a decision on a blocked run; what is held of a released one is published from now on."""
        values = {"gate": gate, "releasing": gate == "released"}
        await conn.execute(sa.update(run).where(run.c.run_id == run_id).values(values))
        told = {"run_id": run_id, "action": gate, "by": by, "reason": reason}
        await conn.execute(sa.insert(quality_audit).values(told))

    async def releasing(self, conn: AsyncConnection) -> list[str]:
        """Runs of which something may be published, those that wait for their end first."""
        return list((await conn.execute(_RELEASING)).scalars())

    async def find_stragglers(self, conn: AsyncConnection) -> list[str]:
        """Runs of which a batch was held too late; it is published from now on."""
        return list((await conn.execute(_STRAGGLERS)).scalars())

    async def released(self, conn: AsyncConnection, run_id: str) -> Row | None:
        """Note that everything of a run is published; None where something is left, or it was noted before."""
        return (await conn.execute(_RELEASED, {"run_id": run_id})).first()

    async def failed(self, conn: AsyncConnection, run_id: str, unit_id: str, postings: int, error: str) -> None:
        """Correct the books: what was held could not be published."""
        values = {"run_id": run_id, "unit_id": unit_id, "postings": postings, "error": error}
        await conn.execute(_FAILED, values)

    async def blocked(self, conn: AsyncConnection) -> int:
        """How many blocked runs wait for somebody to decide."""
        return int((await conn.execute(_BLOCKED)).scalar_one())
