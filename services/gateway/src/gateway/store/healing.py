"""Finds runs that stand still and numbers that differ; decision 0012 says why it is sound."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import ChildUnit, UnitsProbed
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from gateway.store.endings import ANNOUNCING, announcement_of
from gateway.store.ledger import Ledger

#: Units asked for at a time.
MOST_UNITS = 500
#: Rounds in which nobody knew of a unit until it is given up as lost.
MOST_ROUNDS = 5
#: The end of a run is not announced any more after this long.
ANNOUNCED_WITHIN = timedelta(days=1)

# After the first round pauses of 1, 2, 4, 8, 16 times the first; moving starts that anew. All on the database's clock.
_PAUSED = "probed_at < now() - CAST(:after AS interval) * power(2, least(probes - 1, 4))"
_STALLED = text(f"""
SELECT run_id, campaign_id, CASE WHEN probed_at >= moved_at THEN probes ELSE 0 END AS rounds
FROM gateway.run CROSS JOIN LATERAL (
  SELECT max(updated_at) AS moved_at FROM gateway.unit WHERE unit.run_id = run.run_id) moved
WHERE state = 'running' AND ending IS NULL AND moved_at < now() - CAST(:after AS interval)
  AND (probed_at IS NULL OR probed_at < moved_at OR {_PAUSED})
ORDER BY run_id LIMIT 1 FOR UPDATE OF run SKIP LOCKED
""")  # noqa: S608 - a text of ours
_UNANNOUNCED = text(f"""
SELECT run_id, campaign_id, CASE WHEN probed_at >= completed_at THEN probes ELSE 0 END AS rounds
FROM gateway.run
WHERE announced_at IS NULL AND state <> 'running'
  AND completed_at BETWEEN now() - CAST(:within AS interval) AND now() - CAST(:after AS interval)
  AND (probed_at IS NULL OR probed_at < completed_at OR {_PAUSED})
ORDER BY completed_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")  # noqa: S608 - a text of ours
_ROUND = text("UPDATE gateway.run SET probes = least(:rounds + 1, 1000), probed_at = now() WHERE run_id = :run_id")
_ASK = text("""
UPDATE gateway.unit t SET probes = t.probes + :heard
FROM (SELECT unit_id FROM gateway.unit WHERE run_id = :run_id AND declared AND NOT finished
      ORDER BY probes DESC, random() LIMIT :most) AS open
WHERE t.run_id = :run_id AND t.unit_id = open.unit_id
RETURNING t.unit_id, t.stage, t.postings
""")
_CLOSE = "UPDATE gateway.run SET open = open - (SELECT count(*) FROM closed) WHERE run_id = :run_id"
_GIVE_UP = text(f"""
WITH closed AS (
  UPDATE gateway.unit SET finished = true, outcome = 'lost', updated_at = now(),
    counts = CASE WHEN postings = 0 THEN '{{}}' ELSE jsonb_build_object('failed', postings) END,
    reasons = CASE WHEN postings = 0 THEN '{{}}' ELSE jsonb_build_object('lost', postings) END,
    error = 'lost: no service knows of it, and ' || probes || ' rounds of asking brought no answer'
  WHERE run_id = :run_id AND declared AND NOT finished AND probes >= :rounds RETURNING 1)
{_CLOSE} RETURNING (SELECT count(*) FROM closed)
""")  # noqa: S608 - a text of ours
# Each unit that could declare them has finished, or is lost.
_ADOPT = text(f"""
WITH closed AS (
  UPDATE gateway.unit t SET declared = true, updated_at = now()
  WHERE run_id = :run_id AND finished AND NOT declared AND NOT EXISTS (
    SELECT FROM gateway.unit WHERE run_id = :run_id AND declared AND NOT finished) RETURNING 1)
{_CLOSE}
""")  # noqa: S608 - a text of ours
_OPEN = "count(unit_id) FILTER (WHERE NOT (declared AND finished))"
# One snapshot: `open` and the units it counts change in the same transaction, so no lock is needed to compare them.
_DIFFERENT = text(f"""
SELECT run_id FROM gateway.run LEFT JOIN gateway.unit USING (run_id) WHERE state = 'running' AND ending IS NULL
GROUP BY run_id HAVING open <> {_OPEN} OR open = 0 ORDER BY run_id
""")  # noqa: S608 - a text of ours
_TAKE = text(
    "SELECT open FROM gateway.run WHERE run_id = :run_id AND state = 'running' AND ending IS NULL "
    "FOR UPDATE SKIP LOCKED"
)
_COUNT = text(f"SELECT {_OPEN} FROM gateway.unit WHERE run_id = :run_id")  # noqa: S608 - a text of ours
_CORRECT = text("UPDATE gateway.run SET open = :open WHERE run_id = :run_id")
_OLDEST = text(
    "SELECT coalesce(extract(epoch FROM now() - min(requested_at)), 0)::float FROM gateway.run WHERE state = 'running'"
)


@dataclass
class Round:
    """What one round for one run came to; `messages` are in the outbox."""

    run_id: str
    asked: int = 0
    lost: int = 0
    messages: list[Outgoing] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """A run whose number of open units was wrong, and is right now."""

    run_id: str
    recorded: int
    counted: int
    messages: list[Outgoing]


class Healing:
    """SQL that keeps runs from staying open for ever; several gateways may do this at the same time."""

    def __init__(self, outbox: Outbox, ledger: Ledger, after: timedelta) -> None:
        self._outbox = outbox
        self._ledger = ledger
        self._after = after

    async def ask(self, conn: AsyncConnection, *, heard: bool) -> Round | None:
        """Ask for the open units of one run that stands still, or end them; None where none stands still.

        `heard`: whether every service has taken up what it was asked before, so that silence means something.
        """
        run = (await conn.execute(_STALLED, {"after": self._after})).first()
        if run is None:
            return None
        key = {"run_id": run.run_id}
        lost = (await conn.execute(_GIVE_UP, {**key, "rounds": MOST_ROUNDS})).scalar_one() if heard else 0
        await conn.execute(_ADOPT, key)
        if ended := await self._ledger.complete(conn, run.run_id):
            return Round(run.run_id, lost=lost, messages=ended)
        asked = (await conn.execute(_ASK, {**key, "heard": int(heard), "most": MOST_UNITS})).all()
        units = [ChildUnit(unit_id=u.unit_id, stage=u.stage, postings=u.postings) for u in asked]
        return Round(run.run_id, len(units), lost, await self._send(conn, run, units))

    async def ask_whether_announced(self, conn: AsyncConnection) -> Round | None:
        """Ask whether the notifier has heard of one run's end; None where that is known of all."""
        times = {"after": self._after, "within": ANNOUNCED_WITHIN}
        run = (await conn.execute(_UNANNOUNCED, times)).first()
        if run is None:
            return None
        unit = ChildUnit(unit_id=announcement_of(run.run_id), stage=ANNOUNCING)
        return Round(run.run_id, 1, 0, await self._send(conn, run, [unit]))

    async def different(self, conn: AsyncConnection) -> list[str]:
        """Running runs whose number of open units is not what their units say."""
        return list((await conn.execute(_DIFFERENT)).scalars())

    async def correct(self, conn: AsyncConnection, run_id: str) -> Difference | None:
        """Recount under the run's lock; None where the number is right or somebody else is at it."""
        recorded = (await conn.execute(_TAKE, {"run_id": run_id})).scalar()
        if recorded is None:
            return None
        counted = (await conn.execute(_COUNT, {"run_id": run_id})).scalar_one()
        if counted == recorded != 0:
            return None
        await conn.execute(_CORRECT, {"run_id": run_id, "open": counted})
        return Difference(run_id, recorded, counted, await self._ledger.complete(conn, run_id))

    async def oldest_age(self, conn: AsyncConnection) -> float:
        """Seconds for which the oldest running run has been running; 0 where none is."""
        return max(0.0, float((await conn.execute(_OLDEST)).scalar_one()))

    async def _send(self, conn: AsyncConnection, run: Row[Any], units: list[ChildUnit]) -> list[Outgoing]:
        await conn.execute(_ROUND, {"run_id": run.run_id, "rounds": run.rounds})
        if not units:
            return []
        # A name of its own for each round: under one that was used the outbox would not take it.
        name = f"probe:{uuid.uuid4().hex}"
        template = root_headers(run.run_id, name, "probe", str(run.campaign_id or ""), datetime.now(UTC))
        message = outgoing(UnitsProbed(run_id=run.run_id, units=units), template, name, "probe")
        await self._outbox.add(conn, [message])
        return [message]
