"""A service's connection to its database and its broker, with the relay running: opened at start, closed at stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import assert_current, check, create_engine
from common.messaging.bounds import CHECK_SECONDS, bounded
from common.messaging.control import Control
from common.messaging.factory import open_broker
from common.messaging.health import INFRASTRUCTURE_ERRORS, NotReadyError
from common.messaging.judge import Limits
from common.messaging.outbox import Outbox
from common.messaging.protocol import DEAD, Broker, Handler, Subscription
from common.messaging.queue_watch import QueueWatch
from common.messaging.relay import flush, relay
from common.messaging.replay import ReplayQuarantined
from common.messaging.rule_sets import RuleSets
from common.messaging.runner import StageRunner
from common.messaging.trial import SuspectLane
from common.messaging.undertaker import Undertaker
from common.messaging.unit import Stage
from common.settings import ServiceSettings

_CONTROL_BATCH = 4
#: Seconds that handlers have to end at a stop, and then the relay for what is overdue.
DRAIN_SECONDS, FLUSH_SECONDS = 12.0, 3.0


@dataclass
class Session:
    """What handlers and routes work with."""

    settings: ServiceSettings
    engine: AsyncEngine
    broker: Broker
    outbox: Outbox
    suspects: SuspectLane
    rules: RuleSets[Any] | None = None
    subscriptions: list[Subscription] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queues = QueueWatch(self.broker, self.subscriptions)

    async def run(self, stage: Stage[Any, Any], concurrency: int | None = None) -> None:
        """Execute units of the stage from now on."""
        runner = self.runner(stage)
        self.subscriptions.append(await runner.start(concurrency or self.settings.concurrency))
        await self._bury(stage.queue, runner)

    async def consume(self, queue: str, handler: Handler, *, batch: int) -> None:
        """Give up to `batch` messages at a time to a handler that ends them itself."""
        self.subscriptions.append(
            await self.broker.subscribe(queue, handler, concurrency=1, prefetch=batch, batch=batch)
        )
        await self._bury(queue, None)

    def runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        """What executes units of the stage; nothing is consumed yet."""
        return StageRunner(
            stage, broker=self.broker, engine=self.engine, outbox=self.outbox, suspects=self.suspects,
            max_attempts=self.settings.max_attempts,
        )  # fmt: skip

    async def _bury(self, queue: str, runner: StageRunner[Any, Any] | None) -> None:
        undertaker = Undertaker(runner, broker=self.broker, engine=self.engine, outbox=self.outbox)
        self.subscriptions.append(await self.broker.subscribe(queue + DEAD, undertaker))

    async def check(self) -> None:
        """NotReadyError unless database and broker answer within 3.5 s and all queues are consumed and store."""
        answers = await asyncio.gather(
            bounded(check(self.engine), CHECK_SECONDS, "database", INFRASTRUCTURE_ERRORS), self.broker.check(),
            return_exceptions=True,
        )  # fmt: skip
        troubles = [str(error) or repr(error) for error in answers if error is not None] + self.queues.troubles()
        if troubles:
            raise NotReadyError("; ".join(troubles))

    async def drain(self) -> None:
        """Stop taking messages, let running handlers end, give the rest back, send what is overdue; 20 s at most."""
        await asyncio.gather(*(subscription.cancel(DRAIN_SECONDS) for subscription in self.subscriptions))
        await flush(self.broker, self.engine, self.outbox, FLUSH_SECONDS)


@asynccontextmanager
async def open_session(
    service: str, settings: ServiceSettings, rules: RuleSets[Any] | None = None
) -> AsyncIterator[Session]:
    """Connect, refuse to run behind the schema, relay leftovers; on leaving, finish what runs and disconnect."""
    engine = create_engine(
        settings.database_url.get_secret_value(), role_application=service, pool_size=settings.database_pool_size
    )
    try:
        await assert_current(engine, service)
        broker = open_broker(settings.broker_url, engine, namespace=settings.namespace, service=service)
        await broker.open()
        limits = Limits(settings.trial_seconds, settings.trial_memory_mb * 1024**2)
        session = Session(settings, engine, broker, Outbox(service), SuspectLane(limits), rules)
        if rules is not None:
            await rules.open(engine)
        try:
            async with relay(broker, engine, session.outbox), session.queues.running():
                try:
                    replays = session.runner(ReplayQuarantined(service, engine))
                    control = Control(
                        service, broker=broker, engine=engine, outbox=session.outbox, replays=replays, rules=rules
                    )
                    await session.consume(control.queue, control, batch=_CONTROL_BATCH)
                    yield session
                finally:
                    await session.drain()
        finally:
            await broker.close()
    finally:
        await engine.dispose()
