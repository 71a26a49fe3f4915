"""The undertaker: takes what lies in a dead-letter queue and brings it to the end that it has not had yet."""

from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.inflight import InFlight
from common.messaging.outbox import Outbox
from common.messaging.protocol import Broker, Delivery
from common.messaging.quarantine import Quarantine
from common.messaging.runner import StageRunner
from common.messaging.unit import Quarantined
from common.telemetry import metrics

#: What RabbitMQ says of a message that was delivered too often: its neighbours in a prefetch are innocent (E8).
DELIVERY_LIMIT = "delivery_limit"
_PAUSE = 5.0
_log = structlog.get_logger()


class Undertaker:
    """Handler of `<queue>.dead`; `runner` executes the queue's stage, None where its messages are no units."""

    def __init__(
        self, runner: StageRunner[Any, Any] | None, *, broker: Broker, engine: AsyncEngine, outbox: Outbox
    ) -> None:  # fmt: skip
        self._runner = runner
        self._broker = broker
        self._engine = engine
        self._in_flight = InFlight(engine, outbox.schema)
        self._quarantine = Quarantine(outbox.schema)

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """End each delivery, however long the infrastructure makes it wait."""
        for delivery in deliveries:
            while True:
                try:
                    await self._bury(delivery)
                    break
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    _log.warning("undertaker_waits_for_infrastructure", error=repr(error))
                    await until_healthy(self._engine, self._broker)

    async def _bury(self, delivery: Delivery) -> None:
        headers = delivery.headers
        if delivery.dead_reason == DELIVERY_LIMIT and await self._in_flight.crashes(headers) == 0:
            _log.warning("dead_letter_revived", run_id=headers.run_id, unit_id=headers.unit_id)
            await delivery.retry(_PAUSE)
            return
        _log.error("dead_letter", event_type=headers.event_type, run_id=headers.run_id, reason=delivery.dead_reason)
        if self._runner is not None and headers.event_type == self._runner.event_type:
            await self._runner.bury(delivery)
            return
        async with self._engine.begin() as conn:
            set_aside = [Quarantined("dead_letter", delivery.dead_reason)]
            await self._quarantine.set_aside(conn, headers, set_aside, delivery.body)
        metrics.QUARANTINED.labels(headers.event_type, "dead_letter").inc()
        await delivery.ack()
