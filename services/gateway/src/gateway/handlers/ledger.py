"""Keeps the ledger of runs."""

import structlog

from common.contracts import UnitFinished, UnitsKnown, UnreadableBodyError, decode
from common.messaging.crash_points import crash_point
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.protocol import Delivery
from common.messaging.relay import send_now
from common.messaging.session import Session
from gateway.metrics import LEDGER_EVENTS, RUNS_ENDED
from gateway.store.ledger import Ledger

Report = UnitFinished | UnitsKnown
_log = structlog.get_logger()


class KeepLedger:
    """Applies what services report of units, many in one transaction; needs no inbox since its flags only go up."""

    queue = "gateway.ledger"

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """Apply a batch of deliveries and acknowledge them; what cannot be read or stored is parked as dead."""
        readable: list[tuple[Delivery, Report]] = []
        for delivery in deliveries:
            try:
                readable.append((delivery, _read(delivery)))
            except UnreadableBodyError as error:
                _log.exception("ledger_event_unreadable", run_id=delivery.headers.run_id)
                await delivery.dead(f"unreadable_body: {error}")
        try:
            await self._until_applied([report for _, report in readable])
        except Exception as error:  # noqa: BLE001 - of whatever kind: one of them is to blame, and is found by itself
            _log.warning("ledger_batch_taken_apart", count=len(readable), error=repr(error))
            readable = [pair for pair in readable if await self._alone(*pair)]
        crash_point("ledger_before_ack")
        for delivery, _ in readable:
            await delivery.ack()

    async def _alone(self, delivery: Delivery, report: Report) -> bool:
        """Apply one report; False where it cannot be stored and was parked, so that it does not hold up the others."""
        try:
            await self._until_applied([report])
        except Exception as error:  # noqa: BLE001 - as above; it is kept with what was raised
            _log.exception("ledger_event_unusable", run_id=delivery.headers.run_id)
            # Its first line: behind it database errors carry statement and values along.
            await delivery.dead(f"unusable: {str(error).partition(chr(10))[0]}")
            return False
        return True

    async def _until_applied(self, reports: list[Report]) -> None:
        session = self._session
        while True:
            try:
                await self._apply(reports)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("ledger_waits_for_infrastructure", error=repr(error))
                await until_healthy(session.engine, session.broker)
            else:
                return

    async def _apply(self, reports: list[Report]) -> None:
        session = self._session
        known = [report for report in reports if isinstance(report, UnitsKnown)]
        finished = [report for report in reports if isinstance(report, UnitFinished)]
        if known:
            # A transaction of its own: each locks its runs in order.
            async with session.engine.begin() as conn:
                await self._ledger.known(conn, known)
        if finished:
            async with session.engine.begin() as conn:
                messages = await self._ledger.apply(conn, finished)
                crash_point("ledger_before_commit")
            LEDGER_EVENTS.inc(len(finished))
            RUNS_ENDED.inc(len(messages))
            crash_point("ledger_after_commit_before_publish")
            await send_now(session.broker, session.engine, session.outbox, messages)


def _read(delivery: Delivery) -> Report:
    headers = delivery.headers
    if headers.event_type == UnitsKnown.event_type:
        return decode(UnitsKnown, delivery.body, headers.sha256)
    return decode(UnitFinished, delivery.body, headers.sha256)
