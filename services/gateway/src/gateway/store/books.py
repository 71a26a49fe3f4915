"""Reads the books of runs out of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.books import Books, status_of

_FETCHED = text("SELECT coalesce(sum(fetched), 0) FROM gateway.unit WHERE run_id = :run_id")
_TALLY = """
SELECT key, sum(value::int)::int AS n FROM gateway.unit, jsonb_each_text({column})
WHERE run_id = :run_id GROUP BY key ORDER BY key
"""
_COUNTS = text(_TALLY.format(column="counts"))
_REASONS = text(_TALLY.format(column="reasons"))
_FAILED_UNITS = text("SELECT count(*) FROM gateway.unit WHERE run_id = :run_id AND outcome IN ('failed', 'lost')")
_SUMS = text("""
SELECT run_id, count(*) FILTER (WHERE outcome IN ('failed', 'lost'))::int AS failed, sum(fetched)::int AS fetched
FROM gateway.unit WHERE run_id = ANY(:run_ids) GROUP BY run_id
""")
_ERRORS = text(
    "SELECT stage || ': ' || left(error, 500) AS error, count(*) AS n FROM gateway.unit "
    "WHERE run_id = :run_id AND error IS NOT NULL GROUP BY 1 ORDER BY min(updated_at), 1 LIMIT 20"
)
_BLOCKED_BY = text(
    "SELECT 'quality: ' || reason || CASE source WHEN '' THEN '' ELSE ' (' || source || ')' END || ': ' || detail "
    "FROM gateway.quality_result WHERE run_id = :run_id AND verdict = 'failed' AND severity = 'critical' "
    "ORDER BY reason, source LIMIT 20"
)
_STAGES = text("""
SELECT stage, count(*)::int AS units, count(*) FILTER (WHERE finished)::int AS finished,
       count(*) FILTER (WHERE outcome IN ('failed', 'lost'))::int AS failed, sum(fetched)::int AS fetched,
       (SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
          SELECT key, sum(value::int)::int AS n FROM gateway.unit u2, jsonb_each_text(u2.counts)
          WHERE u2.run_id = :run_id AND u2.stage = u.stage GROUP BY key) c) AS counts
FROM gateway.unit u WHERE run_id = :run_id GROUP BY stage
ORDER BY array_position(
  ARRAY['replay', 'window', 'reread', 'start', 'fetch', 'normalize', 'group', 'look', 'enrich', 'rank', 'rerank',
        'publish'], stage), stage
""")


@dataclass(frozen=True)
class StageBooks:
    """Units of one stage of a run, and the postings that ended there."""

    stage: str
    units: int
    finished: int
    failed: int
    fetched: int
    counts: dict[str, int]


async def books_of(conn: AsyncConnection, run_id: str) -> Books:
    """Postings of the run by outcome and by reason, as far as units have finished."""
    key = {"run_id": run_id}
    fetched = (await conn.execute(_FETCHED, key)).scalar_one()
    counts = {row.key: row.n for row in await conn.execute(_COUNTS, key)}
    reasons = {row.key: row.n for row in await conn.execute(_REASONS, key)}
    return Books(int(fetched), counts, reasons)


async def statuses_of(conn: AsyncConnection, runs: Sequence[Row[Any]]) -> list[str]:
    """How each of the runs went, in their order."""
    rows = await conn.execute(_SUMS, {"run_ids": [run.run_id for run in runs]})
    sums: dict[str, tuple[int, int]] = {row.run_id: (row.failed, row.fetched) for row in rows}
    found = []
    for run in runs:
        failed, fetched = sums.get(run.run_id, (0, 0))
        found.append(status_of(run.state, failed, fetched, run.gate))
    return found


async def failures_of(conn: AsyncConnection, run_id: str) -> tuple[int, list[str]]:
    """How many units failed or were lost, and up to twenty things that went wrong (in units that did not fail too)."""
    failed = (await conn.execute(_FAILED_UNITS, {"run_id": run_id})).scalar_one()
    rows = await conn.execute(_ERRORS, {"run_id": run_id})
    return failed, [row.error if row.n == 1 else f"{row.error} ({row.n} times)" for row in rows]


async def blocked_by(conn: AsyncConnection, run_id: str) -> list[str]:
    """Up to twenty critical rules that the run has broken, each in words."""
    return list((await conn.execute(_BLOCKED_BY, {"run_id": run_id})).scalars())


async def stages_of(conn: AsyncConnection, run_id: str) -> list[StageBooks]:
    """The run's progress stage by stage, in the order of the pipeline."""
    rows = await conn.execute(_STAGES, {"run_id": run_id})
    return [StageBooks(r.stage, r.units, r.finished, r.failed, r.fetched, r.counts) for r in rows]
