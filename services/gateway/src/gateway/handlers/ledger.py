"""Keeps the ledger of runs."""

import structlog

from common.contracts import UnitFinished, UnreadableBodyError, decode
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.protocol import Delivery
from common.messaging.relay import send_now
from common.messaging.session import Session
from gateway.metrics import LEDGER_EVENTS, RUNS_ENDED
from gateway.store.ledger import Ledger

_log = structlog.get_logger()


class KeepLedger:
    """Applies `unit.finished` events, many in one transaction; needs no inbox since its flags only go up."""

    queue = "gateway.ledger"

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """Apply a batch of deliveries and acknowledge them; an unreadable one is parked as dead."""
        readable: list[tuple[Delivery, UnitFinished]] = []
        for delivery in deliveries:
            try:
                readable.append((delivery, decode(UnitFinished, delivery.body, delivery.headers.sha256)))
            except UnreadableBodyError as error:
                _log.exception("ledger_event_unreadable", run_id=delivery.headers.run_id)
                await delivery.dead(f"unreadable_body: {error}")
        if readable:
            await self._until_applied([event for _, event in readable])
        for delivery, _ in readable:
            await delivery.ack()

    async def _until_applied(self, events: list[UnitFinished]) -> None:
        session = self._session
        while True:
            try:
                async with session.engine.begin() as conn:
                    messages = await self._ledger.apply(conn, events)
                await send_now(session.broker, session.engine, session.outbox, messages)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("ledger_waits_for_infrastructure", error=repr(error))
                await until_healthy(session.engine, session.broker)
            else:
                LEDGER_EVENTS.inc(len(events))
                RUNS_ENDED.inc(len(messages))
                return
