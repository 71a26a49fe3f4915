"""Judges runs at their end: gathers what was counted of them, applies the rules, keeps each result."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunState
from common.database import bulk_upsert
from common.messaging.rule_sets import RuleSource
from gateway.domain.books import OUTCOMES
from gateway.domain.measures import JobMeasures
from gateway.domain.quality import Gate, Measures, Result, Rules, Usual, blocking
from gateway.metrics import QUALITY_FAILURES, QUALITY_RUNS
from gateway.store.holding import Holding
from gateway.store.rule_files import RunRules
from gateway.tables import quality_result

#: Pages and jobs that a failed rule is shown by, and held batches looked through for the jobs.
_PAGES, _JOBS, _BATCHES = 3, 3, 10
# As numeric: what somebody else has counted may exceed any integer.
_TALLY = text("""
SELECT coalesce(source, '') AS source, key, least(sum(value::numeric), 1e15)::bigint AS n
FROM gateway.unit CROSS JOIN LATERAL (
  SELECT * FROM jsonb_each_text(counts) UNION ALL SELECT * FROM jsonb_each_text(reasons)
  UNION ALL SELECT * FROM jsonb_each_text(measures)
  UNION ALL VALUES ('fetched', fetched::text), ('units', '1'),
                   ('failed_units', CASE WHEN outcome IN ('failed', 'lost') THEN '1' ELSE '0' END)) each
WHERE run_id = :run_id GROUP BY 1, 2
""")
_USUAL = text("""
SELECT reason, source, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS usual
FROM gateway.quality_result JOIN (
  SELECT run_id FROM gateway.run
  WHERE campaign_id = :campaign_id AND kind = 'collect' AND state = 'completed'
    AND coalesce(jsonb_typeof("window"), 'null') = 'null'
    AND gate IN ('passed', 'released', 'reported')
  ORDER BY requested_at DESC LIMIT 10) earlier USING (run_id)
WHERE value IS NOT NULL AND reason = ANY(:reasons) GROUP BY 1, 2 HAVING count(*) >= 3
""")
_PAGES_WITH = text("""
SELECT unit_id, n::text FROM (
  SELECT unit_id, coalesce(measures ->> :name, counts ->> :name, reasons ->> :name)::numeric AS n
  FROM gateway.unit WHERE run_id = :run_id AND (:source = '' OR source = :source)) each
WHERE n > 0 ORDER BY n DESC, unit_id LIMIT :most
""")
_JUDGED = text(
    "UPDATE gateway.run SET gate = :gate, judged_at = clock_timestamp(), judged_by = :version, releasing = :releasing "
    "WHERE run_id = :run_id"
)
_log = structlog.get_logger()


class Judging:
    """Decides what becomes of a run's results. `wake` is called where some wait for their release."""

    def __init__(
        self, rules: RuleSource[RunRules], holding: Holding, *, enforce: bool, wake: Callable[[], None]
    ) -> None:
        self._rules = rules
        self._holding = holding
        self._enforce = enforce
        self._wake = wake

    async def judge(self, conn: AsyncConnection, run: Row[Any], ending: RunState) -> bool:
        """Judge a run whose end is decided; whether what is held of it has to be published first."""
        if run.kind == "rerank":
            return False
        whole, sources = await _measures(conn, run, completed=ending == "completed")
        ruled = await self._rules.within(conn)
        results = ruled.rules.judge(whole, sources, await self._usual(conn, run, ruled.rules))
        dry = bool((run.window or {}).get("dry_run"))
        gate: Gate = "passed"
        if not self._enforce or dry:
            gate = "reported"
        elif blocking(results):
            gate = "blocked"
        await self._keep(conn, run.run_id, results, ruled.measures)
        releasing = gate != "blocked" and await self._holding.any_of(conn, run.run_id)
        values = {"run_id": run.run_id, "gate": gate, "version": ruled.rules.version, "releasing": releasing}
        await conn.execute(_JUDGED, values)
        _tell(run.run_id, gate, results)
        if releasing:
            self._wake()
        return releasing

    async def _usual(self, conn: AsyncConnection, run: Row[Any], rules: Rules) -> Usual:
        """Of runs for the same campaign; days of old that were asked for say nothing of what is usual."""
        if run.campaign_id is None or run.kind != "collect" or run.window:
            return {}
        asked = {"campaign_id": run.campaign_id, "reasons": sorted(rules.usual)}
        return {(row.reason, row.source): row.usual for row in await conn.execute(_USUAL, asked)}

    async def _keep(self, conn: AsyncConnection, run_id: str, results: Sequence[Result], measures: JobMeasures) -> None:
        rows = [
            _row(run_id, r)
            | {"evidence": await self._evidence(conn, run_id, r, measures) if r.verdict == "failed" else {}}
            for r in results
        ]
        await bulk_upsert(conn, quality_result, rows, key=["run_id", "reason", "source"])

    async def _evidence(
        self, conn: AsyncConnection, run_id: str, result: Result, measures: JobMeasures
    ) -> dict[str, Any]:
        """Pages with the most of what was counted, and some of the jobs."""
        name = result.measure.partition(" ")[0]
        if not name:
            return {}
        asked = {"run_id": run_id, "name": name, "source": result.source, "most": _PAGES}
        pages = [{"unit_id": row.unit_id, "count": int(row.n)} for row in await conn.execute(_PAGES_WITH, asked)]
        counts = measures.counted(datetime.now(UTC)).get(name)
        jobs: list[dict[str, str]] = []
        if counts is not None:
            async for event in self._holding.look(conn, run_id, result.source, _BATCHES):
                jobs += [
                    {"hash_key": j.hash_key, "title": j.title, "company": j.company} for j in event.jobs if counts(j)
                ]
        return {"units": pages} | ({"jobs": jobs[:_JOBS]} if jobs else {})


async def _measures(conn: AsyncConnection, run: Row[Any], *, completed: bool) -> tuple[Measures, list[Measures]]:
    """Of the whole run, and of each source that it was to read or has read."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in await conn.execute(_TALLY, {"run_id": run.run_id}):
        counts[row.source][row.key] = row.n
    for asked in run.sources:
        counts.setdefault(asked["source"], {})
    whole: defaultdict[str, int] = defaultdict(int)
    for of_source in counts.values():
        for name, number in of_source.items():
            whole[name] += number
    sources = [_opened(counts[name], name, completed) for name in sorted(counts) if name]
    return _opened(whole, "", completed), sources


def _opened(counts: Mapping[str, int], source: str, completed: bool) -> Measures:
    """With the postings whose outcome is not known: in the books of a run that is complete there are none."""
    ended = sum(counts.get(outcome, 0) for outcome in OUTCOMES)
    return Measures({**counts, "open": counts.get("fetched", 0) - ended}, source, completed)


def _row(run_id: str, result: Result) -> dict[str, Any]:
    return {
        "run_id": run_id, "reason": result.reason, "source": result.source, "severity": result.severity,
        "verdict": result.verdict, "detail": result.detail, "measure": result.measure, "value": result.value,
        "usual": result.usual, "threshold": result.threshold, "sample": result.sample,
    }  # fmt: skip


def _tell(run_id: str, gate: Gate, results: Sequence[Result]) -> None:
    """Once too often where the transaction fails and is tried again."""
    failed = [result for result in results if result.verdict == "failed"]
    QUALITY_RUNS.labels(gate).inc()
    for result in failed:
        QUALITY_FAILURES.labels(result.reason, result.severity).inc()
    level = _log.error if gate == "blocked" else _log.warning if failed else _log.info
    level("run_judged", run_id=run_id, gate=gate, failed=sorted({result.reason for result in failed}))
