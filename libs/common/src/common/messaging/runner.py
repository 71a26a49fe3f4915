"""Runs a stage: decode, prepare, one transaction with inbox and outbox, publish, acknowledge."""

import time
from typing import Generic, TypeVar

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    ChildUnit,
    Event,
    Headers,
    UnitFinished,
    UnreadableBodyError,
    decode,
    registered,
    stage_of,
    unit_id,
)
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.outbox import Outbox, outgoing
from common.messaging.protocol import Broker, Delivery, Outgoing, Subscription
from common.messaging.relay import send_now
from common.messaging.unit import Child, Finished, Quarantined, Stage
from common.telemetry import metrics, tracing

E = TypeVar("E", bound=Event)
P = TypeVar("P")
_UNEXPECTED_DELAY = 5.0
_log = structlog.get_logger()


class StageRunner(Generic[E, P]):
    """Executes the units of one stage, each exactly once in effect."""

    def __init__(
        self, stage: Stage[E, P], *, broker: Broker, engine: AsyncEngine, outbox: Outbox, max_attempts: int
    ) -> None:
        self._stage = stage
        self._broker = broker
        self._engine = engine
        self._outbox = outbox
        self._max_attempts = max_attempts
        self._name = registered(stage.event.event_type).stage or stage.event.event_type

    async def start(self, concurrency: int) -> Subscription:
        """Consume the stage's queue until cancelled."""
        return await self._broker.subscribe(
            self._stage.queue, self._handle, concurrency=concurrency, prefetch=concurrency * 2
        )

    async def _handle(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            headers = delivery.headers
            with (
                tracing.consumer_span(self._name, headers),
                structlog.contextvars.bound_contextvars(
                    run_id=headers.run_id, unit_id=headers.unit_id, campaign_id=headers.campaign_id
                ),
            ):
                await self._until_ended(delivery)

    async def _until_ended(self, delivery: Delivery) -> None:
        """Work on the delivery until it is ended; trouble of the infrastructure only makes it wait."""
        while True:
            started = time.perf_counter()
            try:
                outcome = await self._execute(delivery)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("unit_waits_for_infrastructure", stage=self._name, error=repr(error))
                await until_healthy(self._engine, self._broker)
                continue
            metrics.UNIT_SECONDS.labels(self._name, outcome).observe(time.perf_counter() - started)
            return

    async def _execute(self, delivery: Delivery) -> str:
        headers = delivery.headers
        try:
            finished = await self._work(delivery)
        except RetryLaterError as error:
            return await self._later(delivery, str(error), error.delay)
        except PermanentError as error:
            return await self._set_aside(delivery, error.reason, str(error))
        except UnreadableBodyError as error:
            return await self._set_aside(delivery, "unreadable_body", str(error))
        except Exception as error:
            if is_infrastructure(error):
                raise
            _log.exception("unit_raised", stage=self._name, attempt=headers.attempt)
            return await self._later(delivery, _in_a_line(error), _UNEXPECTED_DELAY)
        await delivery.ack()
        return finished.outcome if finished else "repeated"

    async def _work(self, delivery: Delivery) -> Finished | None:
        headers = delivery.headers
        if delivery.redelivered or headers.attempt:
            async with self._engine.connect() as conn:
                if await self._outbox.handled(conn, headers):
                    return None
        event = decode(self._stage.event, delivery.body, headers.sha256)
        prepared = await self._stage.prepare(headers, event)
        async with self._engine.begin() as conn:
            if not await self._outbox.first_time(conn, headers):
                return None
            finished = await self._stage.apply(conn, headers, event, prepared)
            messages = self._messages(headers, finished)
            await self._outbox.add(conn, messages)
            await self._outbox.set_aside(conn, headers, finished.quarantined)
        await send_now(self._broker, self._engine, self._outbox, messages)
        self._report(finished)
        return finished

    async def _later(self, delivery: Delivery, reason: str, delay: float) -> str:
        if delivery.headers.attempt + 1 >= self._max_attempts:
            return await self._set_aside(delivery, "attempts_exhausted", reason)
        _log.warning("unit_retried", stage=self._name, attempt=delivery.headers.attempt, reason=reason, delay=delay)
        await delivery.retry(delay)
        return "retried"

    async def _set_aside(self, delivery: Delivery, reason: str, error: str) -> str:
        """The unit ends here as failed: quarantine, inbox and `unit.finished` in one transaction."""
        headers = delivery.headers
        finished = Finished(outcome="failed", error=f"{reason}: {error}")
        if headers.postings:
            finished.count("failed", reason, headers.postings)
        async with self._engine.begin() as conn:
            if not await self._outbox.first_time(conn, headers, "failed"):
                await delivery.ack()
                return "repeated"
            await self._outbox.set_aside(conn, headers, [Quarantined(reason, error)], delivery.body)
            messages = self._messages(headers, finished)
            await self._outbox.add(conn, messages)
        _log.error("unit_quarantined", stage=self._name, reason=reason, error=error)
        await send_now(self._broker, self._engine, self._outbox, messages)
        self._report(finished)
        await delivery.ack()
        return "failed"

    def _messages(self, headers: Headers, finished: Finished) -> list[Outgoing]:
        """The children and, for a unit of a run, its `unit.finished`."""
        trace = tracing.current_traceparent() or headers.traceparent
        children = [self._child(headers, trace, n, child) for n, child in enumerate(finished.children)]
        if registered(self._stage.event.event_type).stage is None:
            return children
        report = UnitFinished(
            run_id=headers.run_id, unit_id=headers.unit_id, stage=headers.stage, outcome=finished.outcome,
            source=finished.source, fetched=finished.fetched, counts=finished.counts, reasons=finished.reasons,
            error=finished.error[:2000] if finished.error else None,
            children=[ChildUnit(unit_id=c.headers.unit_id, stage=c.headers.stage) for c in children],
        )  # fmt: skip
        return [*children, outgoing(report, headers, headers.unit_id, headers.stage)]

    def _child(self, headers: Headers, trace: str, number: int, child: Child) -> Outgoing:
        stage = stage_of(type(child.event))
        template = msgspec.structs.replace(headers, traceparent=trace)
        return outgoing(child.event, template, unit_id(stage, headers.unit_id, number), stage, child.postings)

    def _report(self, finished: Finished) -> None:
        for outcome, count in finished.counts.items():
            metrics.POSTINGS.labels(self._name, outcome).inc(count)
        _log.info(
            "unit_finished", stage=self._name, outcome=finished.outcome, fetched=finished.fetched,
            counts=finished.counts, children=len(finished.children), error=finished.error,
        )  # fmt: skip


def _in_a_line(error: Exception) -> str:
    """What went wrong, without the statement and values that database errors carry along."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:500]}"
