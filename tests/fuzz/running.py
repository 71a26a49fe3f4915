"""Mutated messages before the services' own consumers on the table broker, and what becomes of each of them."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    Event,
    Headers,
    PostingsCollected,
    PostingsEnriched,
    PostingsNormalized,
    PostingsRanked,
    UnitFinished,
    registered,
)
from common.database import create_engine
from common.messaging import breaker
from common.messaging.protocol import DEAD
from common.testing.postgres import Database
from enricher.settings import Settings as EnricherSettings
from enricher.wiring import wire as wire_enricher
from gateway.settings import Settings as GatewaySettings
from gateway.wiring import wire as wire_gateway
from normalizer.settings import Settings as NormalizerSettings
from normalizer.wiring import wire as wire_normalizer
from ranker.settings import Settings as RankerSettings
from ranker.wiring import wire as wire_ranker
from tests.fuzz.envelopes import Envelope, mutated
from tests.fuzz.events import example, message
from tests.fuzz.ledger_trees import begin

#: Seconds without any message ending after which those that are left are called stuck.
PATIENCE = 30.0
#: Messages put into the queue at a time.
_BATCH = 1000
#: A stage whose every unit failed would open its breaker; while it is open this is the time between two tries.
_TRY_SECONDS = 0.05


@dataclass(frozen=True)
class Consumer:
    """A service's consumer of one event, started as the service starts it."""

    service: str
    event: type[Event]
    wire: Callable[[Database], AbstractAsyncContextManager[Any]]

    @property
    def queue(self) -> str:
        return next(q for q in registered(self.event.event_type).queues if q.startswith(self.service))


def _settings(kind: Any, database: Database, service: str, **more: Any) -> Any:
    return kind(database_url=database.url(service), amqp_url=None, max_attempts=3, concurrency=4, **more)


def _gateway(database: Database) -> AbstractAsyncContextManager[Any]:
    settings = _settings(GatewaySettings, database, "gateway", auth_disabled=True, scheduler_enabled=False)
    return wire_gateway(settings, {})


CONSUMERS = (
    Consumer(
        "normalizer", PostingsCollected, lambda d: wire_normalizer(_settings(NormalizerSettings, d, "normalizer"))
    ),
    Consumer("enricher", PostingsNormalized, lambda d: wire_enricher(_settings(EnricherSettings, d, "enricher"))),
    Consumer("ranker", PostingsEnriched, lambda d: wire_ranker(_settings(RankerSettings, d, "ranker"))),
    Consumer("gateway", PostingsRanked, _gateway),
    Consumer("gateway", UnitFinished, _gateway),
)


@dataclass
class Accounts:
    """What became of the messages by kind of end; `unaccounted` left no trace, `stuck` were never ended.

    `not_storable` counts those with headers that this broker's table cannot even hold; they are not among the sent.
    """

    sent: int = 0
    not_storable: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    log_events: Counter[str] = field(default_factory=Counter)
    unaccounted: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Sent:
    name: str
    envelope: Envelope
    headers: Headers | None


class Run:
    """One consumer, fed with mutated messages until each has ended."""

    def __init__(self, consumer: Consumer, engine: AsyncEngine) -> None:
        self._consumer = consumer
        self._engine = engine
        self._sent: dict[int, _Sent] = {}
        self.accounts = Accounts()

    async def feed(self, names: list[str], sound_share: float = 0.3) -> None:
        """Store the messages as a broken sender would, behind the back of the publisher; some of them are sound."""
        for name in names:
            sound = hash_share(name) < sound_share
            envelope = _sound(self._consumer.event, name) if sound else mutated(name, self._consumer.event)
            headers = _jsonb(envelope)
            if headers is None:
                # jsonb takes no NUL and no half surrogate: such headers cannot lie in this broker's table at all.
                self.accounts.not_storable += 1
                continue
            (row,) = await self._rows(
                "INSERT INTO broker.message (queue, headers, body) VALUES (:q, CAST(:h AS jsonb), :b) RETURNING id",
                q=self._consumer.queue, h=headers, b=envelope.body,
            )  # fmt: skip
            self._sent[row.id] = _Sent(name, envelope, _read_headers(headers))
            self.accounts.sent += 1

    async def until_ended(self) -> None:
        """Until queue and dead-letter queue are empty; what waits for a retry is made to come at once."""
        queues = [self._consumer.queue, self._consumer.queue + DEAD]
        fewest, patience = sys.maxsize, PATIENCE
        while True:
            if patience < PATIENCE - 1:
                # An open breaker waits for a unit that goes through: there is none left among these.
                await self.feed([f"opener {self.accounts.sent}"], sound_share=1)
            await self._rows(
                "UPDATE broker.message SET available_at = now() WHERE queue = ANY(:q) AND lease IS NULL "
                "AND available_at > now() RETURNING id", q=queues,
            )  # fmt: skip
            rows = await self._rows("SELECT id FROM broker.message WHERE queue = ANY(:q)", q=queues)
            if not rows:
                return
            patience = PATIENCE if len(rows) < fewest else patience - 0.25
            fewest = min(fewest, len(rows))
            if patience <= 0:
                self.accounts.stuck += [self._told(self._sent[row.id]) for row in rows if row.id in self._sent][:20]
                return
            await asyncio.sleep(0.25)

    async def account(self) -> None:
        """Find the trace that each message has left."""
        schema = self._consumer.service
        ended = {
            (r.run_id, r.unit_id): r.outcome
            for r in await self._rows(f"SELECT run_id, unit_id, outcome FROM {schema}.inbox")  # noqa: S608 - names of ours
        }
        kept = {
            (r.run_id, r.unit_id)
            for r in await self._rows(f"SELECT run_id, unit_id FROM {schema}.quarantine")  # noqa: S608 - names of ours
        }
        for number, sent in self._sent.items():
            end = self._end(number, sent, ended, kept)
            self.accounts.ends[end] += 1
            if end == "unaccounted":
                self.accounts.unaccounted.append(self._told(sent))

    def _end(self, number: int, sent: _Sent, ended: dict[tuple[str, str], str], kept: set[tuple[str, str]]) -> str:
        if sent.headers is None:
            return "foreign, quarantined" if ("", f"foreign:{number}") in kept else "unaccounted"
        key = (sent.headers.run_id, sent.headers.unit_id)
        if key in ended:
            done = ended[key] != "failed"
            return "done" if done else "failed, quarantined" if key in kept else "unaccounted"
        if key in kept:
            return "parked, quarantined"
        # The ledger keeps no inbox: it takes an event into account, and one of an unknown run changes nothing.
        return "taken by the ledger" if self._consumer.event is UnitFinished else "unaccounted"

    def _told(self, sent: _Sent) -> str:
        return f"{self._consumer.queue} {sent.name}: {dict(sent.envelope.headers)!r}"[:400]

    async def _rows(self, sql: str, **values: Any) -> list[Any]:
        async with self._engine.begin() as conn:
            return list((await conn.execute(sa.text(sql), values)).all())


async def consume(consumer: Consumer, database: Database, seed: str, count: int) -> Accounts:
    """Start the service's consumers, send `count` messages and a sound one behind them, and account for all."""
    engine = create_engine(database.url(consumer.service), role_application="fuzz")
    if consumer.event is UnitFinished:
        # Events of runs that do not exist would never reach the tables.
        await begin(engine, [example(UnitFinished).run_id])
    try:
        with patch.object(breaker, "TRY_SECONDS", _TRY_SECONDS):
            async with counted_log() as log_events, consumer.wire(database):
                run = Run(consumer, engine)
                names = [f"{seed}:{consumer.queue}:{n}" for n in range(count)]
                for start in range(0, count, _BATCH):
                    await run.feed(names[start : start + _BATCH])
                    await run.until_ended()
                    if run.accounts.stuck:
                        break
                # The consumer is still there if it takes one more.
                await run.feed([f"{seed}:{consumer.queue}:last"], sound_share=1)
                await run.until_ended()
        await run.account()
        run.accounts.log_events = log_events
        return run.accounts
    finally:
        await engine.dispose()


@asynccontextmanager
async def counted_log() -> AsyncIterator[Counter[str]]:
    """Count log events by name instead of writing thousands of them."""
    found: Counter[str] = Counter()

    def count(_: Any, level: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        found[f"{level} {event['event']}"] += 1
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[count], cache_logger_on_first_use=False)
    try:
        yield found
    finally:
        structlog.configure(**before)


def hash_share(name: str) -> float:
    """A number from 0 to 1 that belongs to the name."""
    return int.from_bytes(name.encode()[-8:], "big") * 2654435761 % 1000 / 1000


def _sound(event: type[Event], name: str) -> Envelope:
    whole = message(example(event), name)
    return Envelope(event, msgspec.to_builtins(whole.headers), whole.body, sound=True)


def _jsonb(envelope: Envelope) -> str | None:
    try:
        text = json.dumps(dict(envelope.headers), default=str)
    except RecursionError:
        return None
    return None if "\\u0000" in text or "\\ud" in text.lower() else text


def _read_headers(text: str) -> Headers | None:
    try:
        return msgspec.convert(json.loads(text), Headers)
    except (msgspec.ValidationError, TypeError, ValueError):
        return None
