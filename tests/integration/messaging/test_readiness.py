"""A server freezes under a service: not ready in time, no await too long, ready in time after the thaw."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from common.messaging.protocol import Delivery
from common.messaging.rabbit import RabbitBroker
from common.messaging.relay import send_now
from common.messaging.session import Session, open_session
from common.settings import ServiceSettings
from common.testing.postgres import Database, PostgresServer
from common.testing.processes import frozen
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from common.web.readiness import Readiness
from tests.integration.messaging.messages import PATIENCE, QUEUE, Seen, message, messages

#: Promised for every await (RELIABILITY, goal 5), for readiness, and for work after the thaw.
AWAIT_SECONDS, TURN_SECONDS, BACK_SECONDS = 10.0, 10.0, 30.0
FREEZE_SECONDS = 12.0
#: What a loaded machine may add before it looks at the clock.
SLACK = 0.5
OTHER_QUEUE = "enricher.postings"


@dataclass
class Served:
    """A session with its readiness, three deliveries in hand, and a queue on which work goes on."""

    session: Session
    readiness: Readiness
    held: list[Delivery]
    done: Seen

    async def turned(self, ready: bool) -> float:
        """Seconds until readiness is as expected."""
        started = time.monotonic()
        while (self.readiness.problem is None) != ready:
            await asyncio.sleep(0.02)
            assert time.monotonic() - started < 3 * TURN_SECONDS, self.readiness.problem
        return time.monotonic() - started

    def awaits(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """One of each kind that handlers and routes wait for."""
        session, (first, second, third) = self.session, self.held
        return {
            "publish": lambda: session.broker.publish(messages("lost")),
            "check": session.broker.check,
            "prove": lambda: session.broker.prove([QUEUE]),
            "depth": lambda: session.broker.depth(QUEUE),
            "subscribe": lambda: session.broker.subscribe("ranker.postings", self.done),
            "session check": session.check,
            "send_now": lambda: send_now(session.broker, session.engine, session.outbox, messages("lost too")),
            "ack": first.ack,
            "release": second.release,
            "dead": lambda: third.dead("frozen"),
        }


@asynccontextmanager
async def _served(database: Database, amqp_url: str | None, namespace: str) -> AsyncIterator[Served]:
    settings = ServiceSettings(
        database_url=SecretStr(database.url("normalizer")), namespace=namespace,
        amqp_url=SecretStr(amqp_url) if amqp_url else None,
    )  # fmt: skip
    held: list[Delivery] = []
    full = asyncio.Event()

    async def hold(deliveries: list[Delivery]) -> None:
        held.extend(deliveries)
        full.set()
        await asyncio.Event().wait()

    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session("normalizer", settings))
        done, readiness = Seen(), Readiness("normalizer")
        await session.broker.publish([message(f"held {n}", "postings.normalized.v1") for n in range(3)])
        await session.consume(OTHER_QUEUE, hold, batch=3)
        await session.consume(QUEUE, done, batch=1)
        await stack.enter_async_context(readiness.watching(session.check))
        async with asyncio.timeout(PATIENCE):
            await full.wait()
        assert len(held) == 3
        yield Served(session, readiness, held, done)


@pytest.fixture
async def on_rabbit(
    database: Database, rabbitmq: RabbitNode | ForeignBroker, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr("common.messaging.session.DRAIN_SECONDS", 0.0)
    broker = RabbitBroker(rabbitmq.url, namespace=namespace)
    await broker.open()
    await broker.declare()
    await broker.close()
    async with _served(database, rabbitmq.url, namespace) as served:
        yield served


@pytest.fixture
async def on_postgres(database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr("common.messaging.session.DRAIN_SECONDS", 0.0)
    async with _served(database, None, namespace) as served:
        yield served


async def _survives_a_freeze(served: Served, pid: int, told: str) -> None:
    assert served.readiness.problem is None
    slow: dict[str, float] = {}

    async def timed(name: str, make: Callable[[], Awaitable[Any]]) -> None:
        started = time.monotonic()
        await asyncio.gather(make(), return_exceptions=True)
        slow[name] = round(time.monotonic() - started, 2)

    awaits = served.awaits()
    with frozen(pid):
        frozen_at = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for name, make in awaits.items():
                group.create_task(timed(name, make))
            group.create_task(_turned_in_time(served, False))
        assert served.readiness.problem is not None
        assert told in served.readiness.problem
        await asyncio.sleep(frozen_at + FREEZE_SECONDS - time.monotonic())
    assert set(slow) == set(awaits)
    assert max(slow.values()) <= AWAIT_SECONDS + SLACK, slow
    await asyncio.gather(_turned_in_time(served, True), _works(served))


async def _turned_in_time(served: Served, ready: bool) -> None:
    assert await served.turned(ready) <= TURN_SECONDS + SLACK


async def _works(served: Served) -> None:
    """What is published now is handled; what the freeze caught may have been stored as well."""
    async with asyncio.timeout(BACK_SECONDS):
        sent = message("after")
        while True:
            (result,) = await asyncio.gather(served.session.broker.publish([sent]), return_exceptions=True)
            if result == {sent.headers.event_id}:
                break
            await asyncio.sleep(0.1)
        while (await served.done.take()).headers.unit_id != "after":
            pass


async def test_a_frozen_rabbitmq(on_rabbit: Served, rabbitmq: RabbitNode | ForeignBroker) -> None:
    if isinstance(rabbitmq, ForeignBroker):
        pytest.skip("AMQP_URL names a broker that is not ours to disturb")
    await _survives_a_freeze(on_rabbit, rabbitmq.pid, "no answer within")


@pytest.fixture(params=["on_rabbit", "on_postgres"])
def served(request: pytest.FixtureRequest) -> Served:
    """A service on either broker."""
    served: Served = request.getfixturevalue(request.param)
    return served


async def test_a_frozen_postgresql(served: Served, postgres_server: PostgresServer) -> None:
    if postgres_server.embedded is None:
        pytest.skip("TEST_DATABASE_URL names a server that is not ours to disturb")
    await _survives_a_freeze(served, postgres_server.pid, "database")


async def test_a_queue_that_is_gone_makes_the_service_not_ready_by_its_name_until_it_is_declared_again(
    on_rabbit: Served, rabbitmq: RabbitNode | ForeignBroker, namespace: str
) -> None:
    other = RabbitBroker(rabbitmq.url, namespace=namespace)
    await other.open()
    try:
        channel, _ = await other._publishing.channel()
        await channel.queue_delete(f"{namespace}.{QUEUE}")
        await on_rabbit.turned(False)
        assert f"{namespace}.{QUEUE} is not declared: run `posthorn migrate`" in str(on_rabbit.readiness.problem)
        await other.declare()
        await _turned_in_time(on_rabbit, True)
    finally:
        await other.close()
