"""Keeps runs from staying open for ever: asks for units that stand still, recounts, and says what it found."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from common.contracts import CONTROL_QUEUES
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.session import Session
from gateway import metrics
from gateway.handlers.ledger import KeepLedger
from gateway.store.healing import Healing, Round

#: Between two looks for runs that stand still, at most.
_LOOK_SECONDS = 30.0
_log = structlog.get_logger()


class Healer:
    """Probes and sweeps; several gateways share the work and do not disturb each other."""

    def __init__(self, session: Session, healing: Healing, *, probe_after: timedelta, sweep_every: timedelta) -> None:
        self._session = session
        self._healing = healing
        self._look_every = min(_LOOK_SECONDS, probe_after.total_seconds() / 4)
        self._sweep_every = sweep_every.total_seconds()

    async def probe(self) -> int:
        """Ask for what is open in each run that stands still, and for unheard ends; returns how many units."""
        heard, asked = await self._all_have_heard(), 0
        while found := await self._round(heard):
            asked += found.asked
        return asked

    async def sweep(self) -> int:
        """Recount what is open in every running run and correct it; returns how many were wrong."""
        session, found = self._session, 0
        async with session.engine.connect() as conn:
            metrics.OLDEST_RUN.set(await self._healing.oldest_age(conn))
            suspects = await self._healing.different(conn)
        for run_id in suspects:
            async with session.engine.begin() as conn:
                wrong = await self._healing.correct(conn, run_id)
            if wrong is None:
                continue
            found += 1
            metrics.DIFFERENCES.inc()
            metrics.RUNS_ENDED.inc(len(wrong.messages))
            _log.error("ledger_open_differs", run_id=run_id, recorded=wrong.recorded, counted=wrong.counted)
            await send_now(session.broker, session.engine, session.outbox, wrong.messages)
        return found

    async def _all_have_heard(self) -> bool:
        """Whether no question and no answer is waiting to be read: else silence says nothing."""
        queues = (*CONTROL_QUEUES, KeepLedger.queue)
        return sum([await self._session.broker.depth(queue) for queue in queues]) == 0

    async def _round(self, heard: bool) -> Round | None:
        session = self._session
        async with session.engine.begin() as conn:
            found = await self._healing.ask(conn, heard=heard) or await self._healing.ask_whether_announced(conn)
        if found is not None:
            metrics.UNITS_PROBED.inc(found.asked)
            metrics.UNITS_LOST.inc(found.lost)
            _log.warning("run_probed", run_id=found.run_id, asked=found.asked, lost=found.lost, heard=heard)
            await send_now(session.broker, session.engine, session.outbox, found.messages)
        return found

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do both for the duration of the context; one that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(repeat(self._session, "probes", self.probe, self._look_every)),
                group.create_task(repeat(self._session, "sweeper", self.sweep, self._sweep_every)),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
