"""Runs a stage: decode, prepare, one transaction with inbox and outbox, publish, acknowledge."""

import asyncio
import time
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    Event,
    Headers,
    UnreadableBodyError,
    decode,
    is_batch,
    is_open,
    postings_in,
    registered,
    with_postings,
)
from common.messaging import breaker
from common.messaging.breaker import Breaker
from common.messaging.crash_points import crash_point
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.inflight import Held, InFlight
from common.messaging.judge import Killer
from common.messaging.last_words import suspects
from common.messaging.outbox import Outbox
from common.messaging.protocol import Broker, Delivery, Outgoing, Subscription
from common.messaging.quarantine import Quarantine
from common.messaging.relay import send_now
from common.messaging.reports import messages_of, template_of
from common.messaging.trial import SuspectLane
from common.messaging.unit import Finished, Quarantined, Stage
from common.telemetry import metrics, tracing

E = TypeVar("E", bound=Event)
P = TypeVar("P")
_UNEXPECTED_DELAY = 5.0
_SEVERAL = 4
#: Less than a cancelled handler is given.
_PUT_BACK_SECONDS = 1.5
#: A unit that was in hand at more crashes than this is set aside whole, whatever its trials said.
MOST_CRASHES = 8
_log = structlog.get_logger()


class StageRunner(Generic[E, P]):
    """Executes the units of one stage, each exactly once in effect."""

    def __init__(
        self, stage: Stage[E, P], *, broker: Broker, engine: AsyncEngine, outbox: Outbox, max_attempts: int,
        suspects: SuspectLane,
    ) -> None:  # fmt: skip
        self._stage = stage
        self._broker = broker
        self._engine = engine
        self._outbox = outbox
        self._in_flight = InFlight(engine, outbox.schema)
        self._quarantine = Quarantine(outbox.schema)
        self._suspects = suspects
        self._max_attempts = max_attempts
        self._name = registered(stage.event.event_type).stage or stage.event.event_type
        self._breaker = Breaker(self._name)

    @property
    def event_type(self) -> str:
        """Of the event that the stage executes."""
        return self._stage.event.event_type

    async def start(self, concurrency: int) -> Subscription:
        """Consume the stage's queue until cancelled."""
        return await self._broker.subscribe(
            self._stage.queue, self.handle, concurrency=concurrency, prefetch=concurrency * 2
        )

    async def handle(self, deliveries: list[Delivery]) -> None:
        """Work on deliveries of the stage's event until each is ended."""
        for delivery in deliveries:
            headers = delivery.headers
            with (
                tracing.consumer_span(self._name, headers),
                structlog.contextvars.bound_contextvars(
                    run_id=headers.run_id, unit_id=headers.unit_id, campaign_id=headers.campaign_id
                ),
            ):
                await self._until_ended(delivery)

    async def bury(self, delivery: Delivery) -> None:
        """End a unit whose message the broker has given up, or somebody has parked: it has failed."""
        await self._set_aside(delivery, "dead_letter", delivery.dead_reason)

    async def _until_ended(self, delivery: Delivery) -> None:
        """Work on the delivery until it is ended; trouble of the infrastructure only makes it wait."""
        crash_point("after_receive")
        while True:
            started = time.perf_counter()
            try:
                async with self._breaker.turn():
                    outcome = await self._execute(delivery)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("unit_waits_for_infrastructure", stage=self._name, error=repr(error))
                await until_healthy(self._engine, self._broker)
                continue
            except asyncio.CancelledError:
                await self._put_back(delivery.headers)
                raise
            metrics.UNIT_SECONDS.labels(self._name, outcome).observe(time.perf_counter() - started)
            return

    async def _put_back(self, headers: Headers) -> None:
        """We are told to stop: that is no crash, as far as the database can still be told."""
        try:
            async with asyncio.timeout(_PUT_BACK_SECONDS):
                await self._in_flight.put_back(headers)
        except Exception as error:  # noqa: BLE001 - on the way out; the next process will try the unit apart
            _log.warning("unit_not_put_back", error=repr(error))

    async def _execute(self, delivery: Delivery) -> str:
        headers = delivery.headers
        try:
            finished = await self._work(delivery)
        except RetryLaterError as error:
            return await self._later(delivery, str(error), error.delay)
        except PermanentError as error:
            return await self._fail(delivery, error.reason, str(error), ours=error.ours)
        except UnreadableBodyError as error:
            return await self._fail(delivery, "unreadable_body", str(error))
        except Exception as error:
            if is_infrastructure(error):
                raise
            _log.exception("unit_raised", stage=self._name, attempt=headers.attempt)
            return await self._later(delivery, _in_a_line(error), _UNEXPECTED_DELAY)
        if finished is not None:
            self._breaker.passed()
        crash_point("after_mark_before_ack")
        await delivery.ack()
        return finished.outcome if finished else "repeated"

    async def _work(self, delivery: Delivery) -> Finished | None:
        headers = delivery.headers
        if delivery.redelivered or headers.attempt:
            async with self._engine.begin() as conn:
                if await self._outbox.handled(conn, headers):
                    # A repetition may have been in hand at a crash.
                    await self._in_flight.clear(conn, headers)
                    return None
        held = await self._in_flight.note(headers)
        crash_point("after_note")
        event = decode(self._stage.event, delivery.body, headers.sha256)
        killers = await self._killers(headers, event, held) if held.crashes else {}
        prepared = await self._stage.prepare(headers, _without(event, killers))
        async with self._engine.begin() as conn:
            if not await self._outbox.first_time(conn, headers):
                return None
            finished = await self._stage.apply(conn, headers, _without(event, killers), prepared)
            _add_killers(finished, event, killers)
            messages = await _messages(headers, finished)
            await self._outbox.add(conn, messages)
            if finished.quarantined:
                await self._quarantine.set_aside(conn, headers, finished.quarantined, template_of(event))
            crash_point("before_commit")
        await self._send(messages)
        self._report(finished)
        return finished

    async def _killers(self, headers: Headers, event: E, held: Held) -> dict[int, Killer]:
        """Postings of a unit held at a crash that end a process, tried where they harm nobody.

        At its first crash only what was being read then, where that is known; if it dies again, all are tried.
        """
        if held.crashes > MOST_CRASHES:
            raise PermanentError("killer", f"a process died {held.crashes} times with this unit in hand")
        if self._stage.trial is None:
            return {}
        postings = postings_in(event) if is_batch(event) else [event]
        tried = range(len(postings)) if held.crashes > 1 else suspects(held.holder, headers, len(postings))
        if not tried:
            return {}
        case = with_postings(event, [postings[n] for n in tried]) if is_batch(event) else event
        found = await self._suspects.killers(self._stage.trial, case)
        metrics.TRIALS.labels(self._name, "killer" if found else "innocent").inc()
        if found and not is_batch(event):
            raise PermanentError("killer", found[0].how)
        return {tried[killer.position]: killer for killer in found}

    async def _later(self, delivery: Delivery, reason: str, delay: float) -> str:
        if delivery.headers.attempt + 1 >= self._max_attempts:
            return await self._fail(delivery, "attempts_exhausted", reason)
        _log.warning("unit_retried", stage=self._name, attempt=delivery.headers.attempt, reason=reason, delay=delay)
        await self._in_flight.put_back(delivery.headers)
        await delivery.retry(delay)
        return "retried"

    async def _fail(self, delivery: Delivery, reason: str, error: str, *, ours: bool = True) -> str:
        """The unit has failed for good; while the breaker is open it waits instead, behind the others."""
        if self._breaker.open:
            _log.warning("unit_held_by_breaker", stage=self._name, reason=reason, error=error)
            await self._in_flight.put_back(delivery.headers)
            await delivery.retry(breaker.TRY_SECONDS)
            return "held"
        outcome = await self._set_aside(delivery, reason, error)
        if ours and outcome == "failed":
            self._breaker.failed()
        return outcome

    async def _set_aside(self, delivery: Delivery, reason: str, error: str) -> str:
        """The unit ends here as failed: quarantine, inbox and `unit.finished` in one transaction."""
        headers = delivery.headers
        finished = Finished(outcome="failed", error=f"{reason}: {error}", quarantined=[Quarantined(reason, error)])
        if headers.postings:
            finished.count("failed", reason, headers.postings)
        messages = messages_of(headers, finished)
        async with self._engine.begin() as conn:
            first = await self._outbox.first_time(conn, headers, "failed")
            if first:
                await self._quarantine.set_aside(conn, headers, finished.quarantined, delivery.body)
                await self._outbox.add(conn, messages)
        if first:
            _log.error("unit_quarantined", stage=self._name, reason=reason, error=error)
            await self._send(messages)
            self._report(finished)
        await delivery.ack()
        return "failed" if first else "repeated"

    async def _send(self, messages: list[Outgoing]) -> None:
        crash_point("after_commit_before_publish")
        await send_now(self._broker, self._engine, self._outbox, messages)

    def _report(self, finished: Finished) -> None:
        for outcome, count in finished.counts.items():
            metrics.POSTINGS.labels(self._name, outcome).inc(count)
        for item in finished.quarantined:
            metrics.QUARANTINED.labels(self._name, item.reason).inc()
        _log.info(
            "unit_finished", stage=self._name, outcome=finished.outcome, fetched=finished.fetched,
            counts=finished.counts, children=len(finished.children), error=finished.error,
        )  # fmt: skip


async def _messages(headers: Headers, finished: Finished) -> list[Outgoing]:
    """Those of several children in another thread: compressing them takes most of the time, and not the GIL."""
    if len(finished.children) < _SEVERAL:
        return messages_of(headers, finished)
    return await asyncio.to_thread(messages_of, headers, finished)


def _without(event: E, killers: dict[int, Killer]) -> E:
    if not killers:
        return event
    return with_postings(event, [p for n, p in enumerate(postings_in(event)) if n not in killers])


def _add_killers(finished: Finished, event: Event, killers: dict[int, Killer]) -> None:
    for position, killer in killers.items():
        posting: Any = postings_in(event)[position]
        reference = getattr(posting, "hash_key", "") or f"{getattr(event, 'archive_key', '')}#{position}"
        finished.quarantined.append(Quarantined("killer", killer.how, posting, reference))
        if is_open(posting):
            finished.count("failed", "killer")


def _in_a_line(error: Exception) -> str:
    """What went wrong, without the statement and values that database errors carry along."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:500]}"
