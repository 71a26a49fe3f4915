"""RabbitMQ frozen, killed, restarted, and closing on us: everything ends in time and comes back by itself."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from common.messaging.protocol import BrokerUnavailableError, Delivery
from common.messaging.rabbit import RabbitBroker
from common.messaging.rabbit_topology import Topology
from common.testing.processes import frozen
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from tests.integration.messaging.messages import PATIENCE, QUEUE, Seen, message, messages
from tests.integration.messaging.rigs import WAIT_SECONDS, RabbitRig

#: Seconds after a restart within which everything has to work again (RELIABILITY goal 2).
BACK_SECONDS = 30.0


@pytest.fixture
def node(rabbitmq: RabbitNode | ForeignBroker) -> RabbitNode:
    if isinstance(rabbitmq, ForeignBroker):
        pytest.skip("AMQP_URL names a broker that is not ours to disturb")
    return rabbitmq


async def _published(broker: RabbitBroker, unit: str) -> None:
    """Publish until confirmed, as the relay does."""
    async with asyncio.timeout(BACK_SECONDS):
        sent = message(unit)
        while True:
            try:
                if await broker.publish([sent]):
                    return
            except BrokerUnavailableError:
                await asyncio.sleep(0.1)


async def test_a_publish_to_a_frozen_broker_ends_in_time_and_the_next_one_after_the_thaw_works_e9(
    rabbit_rig: RabbitRig, node: RabbitNode
) -> None:
    broker = await rabbit_rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("before"))
    assert await seen.units(1) == ["before"]
    with frozen(node.pid):
        started = time.monotonic()
        answers = await asyncio.gather(
            *(broker.publish(messages(str(n))) for n in range(5)), broker.check(), return_exceptions=True
        )
        assert time.monotonic() - started < 10
        assert all(isinstance(answer, BrokerUnavailableError) for answer in answers), answers
    await _published(broker, "after")
    while await seen.units(1) != ["after"]:
        pass  # what was in flight at the freeze may have been stored as well


@dataclass
class Crash:
    """A broker killed with work in it and restarted: what our side saw, and a namespace declared just before."""

    broker: RabbitBroker
    url: str
    stored: set[str]
    done: set[str]
    refused: bool
    restarted_at: float
    fresh_namespace: str


@pytest.fixture(scope="module")
async def crash(rabbitmq: RabbitNode | ForeignBroker) -> AsyncIterator[Crash]:
    if isinstance(rabbitmq, ForeignBroker):
        pytest.skip("AMQP_URL names a broker that is not ours to disturb")
    async with AsyncExitStack() as stack:
        namespace = f"crash_{secrets.token_hex(4)}"
        broker, done, first = await RabbitRig(rabbitmq.url, namespace, stack).broker(), set[str](), asyncio.Event()
        await broker.declare()

        async def slow(deliveries: list[Delivery]) -> None:
            await asyncio.sleep(0.01)
            await deliveries[0].ack()
            done.add(deliveries[0].headers.unit_id)
            first.set()

        await broker.subscribe(QUEUE, slow, prefetch=10)
        stored = [str(n) for n in range(200)]
        assert len(await broker.publish(messages(*stored))) == len(stored)
        fresh = Topology(f"fresh_{namespace}", WAIT_SECONDS)
        channel, _ = await broker._publishing.channel()
        async with asyncio.timeout(PATIENCE):
            await first.wait()
            for queue, arguments in fresh.queues().items():
                await channel.declare_queue(queue, durable=True, arguments=arguments)
        rabbitmq.kill()
        answer = (await asyncio.gather(broker.publish(messages("lost")), return_exceptions=True))[0]
        await asyncio.to_thread(rabbitmq.restart)
        refused = isinstance(answer, BrokerUnavailableError)
        yield Crash(broker, rabbitmq.url, set(stored), done, refused, time.monotonic(), fresh.namespace)


async def test_after_a_kill_9_consumers_and_publishers_come_back_and_nothing_confirmed_is_lost_e7(crash: Crash) -> None:
    assert crash.refused
    await _published(crash.broker, "after")
    while not crash.done >= crash.stored | {"after"}:
        assert time.monotonic() - crash.restarted_at < BACK_SECONDS, len(crash.done)
        await asyncio.sleep(0.05)
    await crash.broker.check()


async def test_a_queue_left_without_a_leader_is_named_with_its_cure_and_recreated_on_demand_e11(
    crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.messaging.rabbit_publisher.ANSWER_SECONDS", 2.0)
    broker = RabbitBroker(crash.url, namespace=crash.fresh_namespace, wait_seconds=WAIT_SECONDS)
    await broker.open()
    try:
        try:
            await broker.declare()
        except BrokerUnavailableError as error:
            # On 3.10 it comes to this in every run; a newer broker may have no such queue.
            advice = str(error)
            assert "ra:trigger_election" in advice
            assert crash.fresh_namespace in advice
            await broker.declare(recreate=True)
        assert len(await broker.publish(messages("stored"))) == 1
    finally:
        await broker.close()


async def test_a_consumer_comes_back_after_its_queue_was_deleted_and_declared_again(
    rabbit_rig: RabbitRig,
) -> None:
    broker = await rabbit_rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    channel, _ = await broker._publishing.channel()
    await channel.queue_delete(f"{rabbit_rig.namespace}.{QUEUE}")
    assert await broker.publish(messages("nowhere")) == set()
    await broker.declare()
    await broker.publish(messages("after"))
    assert await seen.units(1) == ["after"]


async def test_a_lost_connection_does_not_cancel_the_handler_and_the_message_comes_again_e4(
    rabbit_rig: RabbitRig,
) -> None:
    broker = await rabbit_rig.broker()
    started, lost = asyncio.Event(), asyncio.Event()
    results: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    async def handle(deliveries: list[Delivery]) -> None:
        started.set()
        await lost.wait()
        await deliveries[0].ack()
        results.put_nowait((deliveries[0].headers.unit_id, deliveries[0].redelivered))

    await broker.subscribe(QUEUE, handle)
    await broker.publish(messages("again"))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        connection = await broker._consuming.connection()
        await connection.close()
        lost.set()
        assert [await results.get(), await results.get()] == [("again", False), ("again", True)]


async def test_a_retry_on_a_lost_connection_stores_no_copy_of_what_the_broker_delivers_again(
    rabbit_rig: RabbitRig,
) -> None:
    broker = await rabbit_rig.broker()
    held, again, lost = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(deliveries: list[Delivery]) -> None:
        if deliveries[0].redelivered:
            again.set()
            await deliveries[0].ack()
        else:
            held.set()
            await lost.wait()
            await deliveries[0].retry(1.0)

    await broker.subscribe(QUEUE, handle, concurrency=2)
    await broker.publish(messages("once"))
    async with asyncio.timeout(PATIENCE):
        await held.wait()
        await (await broker._consuming.connection()).close()
        lost.set()
        await again.wait()
    channel, _ = await broker._publishing.channel()
    under = await channel.get_underlay_channel()
    assert not (await under.basic_get(broker._topology.wait(1.0))).body


async def test_a_connection_that_the_watch_finds_without_consumer_attaches_again(
    rabbit_rig: RabbitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.messaging.rabbit_consumer.WATCH_SECONDS", 0.1)
    broker = await rabbit_rig.broker()
    seen = Seen()
    subscription = await broker.subscribe(QUEUE, seen)
    attached = subscription._attached
    # The consumer goes without anybody being told, as some reconnects have left it.
    under = await attached.channel.get_underlay_channel()
    await under.basic_cancel(attached.tag)
    await broker.publish(messages("found"))
    assert await seen.units(1) == ["found"]


async def test_a_queue_that_is_not_declared_is_an_error_at_once_that_says_what_to_do(
    rabbitmq: RabbitNode | ForeignBroker, namespace: str
) -> None:
    broker = RabbitBroker(rabbitmq.url, namespace=namespace)
    await broker.open()
    try:
        with pytest.raises(BrokerUnavailableError, match="run the deploy step"):
            await broker.subscribe(QUEUE, Seen())
        with pytest.raises(BrokerUnavailableError):
            await broker.check()
    finally:
        await broker.close()


async def test_open_gives_up_in_time_where_nobody_listens_and_a_closed_broker_refuses_at_once() -> None:
    broker = RabbitBroker("amqp://guest:guest@127.0.0.1:1/", connect_timeout=0.5)
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1"):
        await broker.open()
    with pytest.raises(BrokerUnavailableError):
        await broker.publish(messages("closed"))
