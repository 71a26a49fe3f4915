"""Batches of runs that are not judged yet, or blocked: kept as they came, looked into, taken out one by one."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PostingsRanked, PostingsWithheld, decode, encode

#: What is held of a blocked run can be released for so long.
KEPT_FOR = timedelta(days=30)
# Of a run that is judged and not blocked, what comes late is published like everything before it.
_HOLD = text("""
INSERT INTO gateway.held (run_id, unit_id, source, jobs, headers, body)
SELECT :run_id, :unit_id, :source, :jobs, CAST(:headers AS jsonb), :body FROM gateway.run
WHERE run_id = :run_id AND kind <> 'rerank' AND (state = 'running' OR gate IN ('blocked', 'discarded'))
RETURNING 1
""")
_ANY = text("SELECT EXISTS (SELECT FROM gateway.held WHERE run_id = :run_id)")
_LOOK = text(
    "SELECT headers, body FROM gateway.held WHERE run_id = :run_id AND (:source = '' OR source = :source) "
    "ORDER BY unit_id LIMIT :most"
)
_TAKE = text(
    "SELECT unit_id, jobs, attempts, headers, body FROM gateway.held WHERE run_id = :run_id AND unit_id > :after "
    "AND (CAST(:until AS text) IS NULL OR unit_id <= :until) ORDER BY unit_id LIMIT :most FOR UPDATE SKIP LOCKED"
)
_DROP = text("DELETE FROM gateway.held WHERE run_id = :run_id AND unit_id = ANY(:unit_ids)")
_TRIED = text("UPDATE gateway.held SET attempts = attempts + 1 WHERE run_id = :run_id AND unit_id = :unit_id")
_UNTOLD = text("""
UPDATE gateway.held SET told = true WHERE (run_id, unit_id) IN (
  SELECT held.run_id, unit_id FROM gateway.held JOIN gateway.run USING (run_id)
  WHERE gate IN ('blocked', 'discarded') AND NOT told
  ORDER BY held.run_id, unit_id LIMIT :most FOR UPDATE OF held SKIP LOCKED)
RETURNING unit_id, jobs, attempts, headers, body
""")
_SHOWN = text("SELECT hash_key, version FROM gateway.job WHERE hash_key = ANY(CAST(:keys AS uuid[]))")
_PURGE = text("""
DELETE FROM gateway.held USING gateway.run
WHERE held.run_id = run.run_id AND gate IN ('blocked', 'discarded') AND completed_at < now() - CAST(:kept AS interval)
""")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of which nobody else takes hold until the end of the transaction."""

    unit_id: str
    jobs: int
    attempts: int
    headers: Headers
    body: bytes

    @property
    def event(self) -> PostingsRanked:
        """What is in it; UnreadableBodyError where it is damaged."""
        return decode(PostingsRanked, self.body, self.headers.sha256)


class Holding:
    """SQL on the table of held batches."""

    async def hold(self, conn: AsyncConnection, headers: Headers, event: PostingsRanked) -> bool:
        """Keep a batch back; False where it is to be published at once: its run is a re-rank, or judged, or unknown."""
        body, sha256 = encode(event)
        kept = msgspec.json.encode(msgspec.structs.replace(headers, sha256=sha256)).decode()
        values = {"run_id": headers.run_id, "unit_id": headers.unit_id, "source": event.jobs[0].source}
        row = await conn.execute(_HOLD, {**values, "jobs": len(event.jobs), "headers": kept, "body": body})
        return row.first() is not None

    async def any_of(self, conn: AsyncConnection, run_id: str) -> bool:
        """Whether something is held of a run."""
        return bool((await conn.execute(_ANY, {"run_id": run_id})).scalar_one())

    async def look(self, conn: AsyncConnection, run_id: str, source: str, most: int) -> AsyncIterator[PostingsRanked]:
        """The first batches of a run, or of one of its sources."""
        for row in (await conn.execute(_LOOK, {"run_id": run_id, "source": source, "most": most})).all():
            yield decode(PostingsRanked, row.body, msgspec.convert(row.headers, Headers).sha256)

    async def take(self, conn: AsyncConnection, run_id: str, after: str, until: str | None, most: int) -> list[Batch]:
        """The next batches of a run behind the one unit and up to the other that nobody else is at.

        They stay until they are dropped.
        """
        return _batches(await conn.execute(_TAKE, {"run_id": run_id, "after": after, "until": until, "most": most}))

    async def untold(self, conn: AsyncConnection, most: int) -> list[Batch]:
        """Batches of blocked runs that the normalizer is told of with the end of the transaction, each once."""
        return _batches(await conn.execute(_UNTOLD, {"most": most}))

    async def withheld(self, conn: AsyncConnection, event: PostingsRanked) -> PostingsWithheld:
        """Those postings of a batch of which nobody is shown this version, or a later one."""
        rows = await conn.execute(_SHOWN, {"keys": event.hash_keys})
        shown = {row.hash_key.hex: row.version for row in rows}
        hidden = {key: v for key, v in zip(event.hash_keys, event.versions, strict=True) if shown.get(key, 0) < v}
        return PostingsWithheld(hash_keys=[*hidden], versions=[*hidden.values()])

    async def drop(self, conn: AsyncConnection, run_id: str, unit_ids: Sequence[str]) -> None:
        """They are published, or set aside."""
        await conn.execute(_DROP, {"run_id": run_id, "unit_ids": unit_ids})

    async def tried(self, conn: AsyncConnection, run_id: str, unit_id: str) -> None:
        """It could not be published."""
        await conn.execute(_TRIED, {"run_id": run_id, "unit_id": unit_id})

    async def purge(self, conn: AsyncConnection) -> int:
        """Drop what is held of runs that have been blocked for longer than anybody may release them."""
        return (await conn.execute(_PURGE, {"kept": KEPT_FOR})).rowcount


def _batches(rows: Iterable[Row[Any]]) -> list[Batch]:
    return [Batch(r.unit_id, r.jobs, r.attempts, msgspec.convert(r.headers, Headers), r.body) for r in rows]
