"""Publishes what was held of runs that the quality gate has let through, then says that they have ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import UnreadableBodyError, unit_id
from common.messaging.crash_points import crash_point
from common.messaging.health import is_infrastructure
from common.messaging.outbox import outgoing
from common.messaging.protocol import Outgoing
from common.messaging.quarantine import Quarantine
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.session import Session
from common.messaging.unit import Quarantined
from common.telemetry import metrics as telemetry
from gateway import metrics
from gateway.store.endings import Endings
from gateway.store.holding import Batch, Holding
from gateway.store.publishing import Publisher
from gateway.store.quality import QualityStore

#: Tries of a batch until it is set aside.
MOST_ATTEMPTS = 3
#: Batches published in one transaction.
_TOGETHER = 4
#: Pauses between two looks: short behind a wake, whose transaction has yet to commit, then longer each time.
_SHORTEST, _LONGEST = 0.02, 5.0
_SWEEP_SECONDS = 30.0
_log = structlog.get_logger()


@dataclass(slots=True)
class Stretch:
    """Held batches in the order of their units, behind `after` and up to `until`, taken by one at a time."""

    after: str = ""
    until: str | None = None
    most: int = _TOGETHER
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Releaser:
    """Several gateways share the work, a few batches a transaction; whoever finds nothing left ends the run."""

    def __init__(
        self, session: Session, store: QualityStore, holding: Holding, publisher: Publisher, endings: Endings,
        woken: asyncio.Event,
    ) -> None:  # fmt: skip
        self._session = session
        self._store = store
        self._holding = holding
        self._publisher = publisher
        self._endings = endings
        self._woken = woken
        self._quarantine = Quarantine("gateway")

    async def release(self) -> int:
        """Publish what may be of every run, and end those of which nothing is left; returns how many batches."""
        async with self._session.engine.connect() as conn:
            runs = await self._store.releasing(conn)
        released = 0
        for run_id in runs:
            released += await self._publish_all(run_id)
            await self._end(run_id)
        return released

    async def sweep(self) -> None:
        """Find what was held too late, drop what nobody has released in time, and say how many runs are blocked."""
        async with self._session.engine.begin() as conn:
            found = await self._store.find_stragglers(conn)
            purged = await self._holding.purge(conn)
            metrics.QUALITY_BLOCKED.set(await self._store.blocked(conn))
        if found or purged:
            _log.warning("held_swept", late=found, purged=purged)
        if found:
            self._woken.set()
        while await self._tell_withheld():
            pass

    async def _tell_withheld(self) -> bool:
        """Tell whoever may see postings of blocked runs again that nobody was shown them; False where all is told."""
        session = self._session
        async with session.engine.begin() as conn:
            batches = await self._holding.untold(conn, _TOGETHER)
            messages = [message for batch in batches if (message := await self._withheld(conn, batch))]
            await session.outbox.add(conn, messages)
        await send_now(session.broker, session.engine, session.outbox, messages)
        return bool(batches)

    async def _withheld(self, conn: AsyncConnection, batch: Batch) -> Outgoing | None:
        try:
            held = batch.event
        except UnreadableBodyError as error:  # a release sets it aside
            _log.error("held_batch_unreadable", run_id=batch.headers.run_id, unit_id=batch.unit_id, error=str(error))
            return None
        event = await self._holding.withheld(conn, held)
        name = unit_id("aside", batch.unit_id, event.event_type)
        return outgoing(event, batch.headers, name, "") if event.hash_keys else None

    async def _publish_all(self, run_id: str) -> int:
        """Side by side: while the database stores some batches, others are made ready."""
        stretch = Stretch()
        workers = range(self._session.settings.concurrency)
        ended = await asyncio.gather(*(self._publish_stretch(run_id, stretch) for _ in workers), return_exceptions=True)
        released = 0
        for result in ended:  # each has ended: none goes on behind an error of another
            if isinstance(result, BaseException):
                raise result
            released += result
        return released

    async def _publish_stretch(self, run_id: str, stretch: Stretch) -> int:
        """Publish past batches that somebody else is at; one that fails is told apart and left."""
        released = 0
        while True:
            taken: list[Batch] = []
            try:
                async with self._session.engine.begin() as conn:
                    async with stretch.turn:
                        before = stretch.after
                        taken = await self._holding.take(conn, run_id, before, stretch.until, stretch.most)
                        if not taken:
                            return released
                        stretch.after = taken[-1].unit_id
                    await self._publish(conn, run_id, taken)
                    crash_point("release_before_commit")
            except Exception as error:
                if is_infrastructure(error) or not taken:
                    raise
                if len(taken) > 1:
                    released += await self._publish_stretch(run_id, Stretch(before, taken[-1].unit_id, most=1))
                else:
                    await self._not_published(run_id, taken[0], error)
            else:
                released += len(taken)
                metrics.QUALITY_RELEASED.inc(len(taken))

    async def _publish(self, conn: AsyncConnection, run_id: str, batches: Sequence[Batch]) -> None:
        for batch in batches:
            await self._publisher.publish(conn, batch.event)
        await self._holding.drop(conn, run_id, [batch.unit_id for batch in batches])

    async def _not_published(self, run_id: str, batch: Batch, error: Exception) -> None:
        """Try the batch again with the next look; after some tries it is set aside, so that the run can end."""
        # Its first line: behind it database errors carry statement and values along.
        told = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:500]}"
        _log.error("batch_not_released", run_id=run_id, unit_id=batch.unit_id, attempts=batch.attempts, error=told)
        async with self._session.engine.begin() as conn:
            if batch.attempts + 1 < MOST_ATTEMPTS:
                await self._holding.tried(conn, run_id, batch.unit_id)
                return
            await self._holding.drop(conn, run_id, [batch.unit_id])
            await self._quarantine.set_aside(conn, batch.headers, [Quarantined("release_failed", told)], batch.body)
            await self._store.failed(conn, run_id, batch.unit_id, batch.headers.postings, f"release_failed: {told}")
        telemetry.QUARANTINED.labels(batch.headers.stage, "release_failed").inc()

    async def _end(self, run_id: str) -> None:
        session = self._session
        async with session.engine.begin() as conn:
            run = await self._store.released(conn, run_id)
            if run is None:
                return
            if run.state == "running":
                messages = await self._endings.finish(conn, run_id)
            else:
                messages = await self._endings.announce_release(conn, run_id) if run.gate == "released" else []
            crash_point("released_before_commit")
        metrics.RUNS_ENDED.inc(len(messages) if run.state == "running" else 0)
        _log.info("run_released", run_id=run_id, gate=run.gate)
        crash_point("released_after_commit_before_publish")
        await send_now(session.broker, session.engine, session.outbox, messages)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do both for the duration of the context; one that fails ends the process loudly."""
        # What another process has left.
        self._woken.set()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    repeat(self._session, "release", self.release, _LONGEST, woken=self._woken, soon=_SHORTEST)
                ),
                group.create_task(repeat(self._session, "held sweep", self.sweep, _SWEEP_SECONDS)),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
