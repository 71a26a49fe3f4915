"""Competing consumers, bounds, cancelling, and consumers that are killed."""

import asyncio

from common.messaging.protocol import Delivery
from tests.integration.messaging.messages import PATIENCE, QUEUE, Seen, message, messages
from tests.integration.messaging.rigs import Rig, holding_process


async def test_competing_consumers_share_the_work_and_each_message_is_handled_once(rig: Rig) -> None:
    units = [str(n) for n in range(60)]
    done: list[str] = []
    by_consumer: list[int] = [0, 0]
    finished = asyncio.Event()

    def handler(number: int):  # type: ignore[no-untyped-def]  # the type is Handler
        async def handle(deliveries: list[Delivery]) -> None:
            for delivery in deliveries:
                await asyncio.sleep(0.005)  # the work that is shared
                await delivery.ack()
                by_consumer[number] += 1
                done.append(delivery.headers.unit_id)
            if len(done) >= len(units):
                finished.set()

        return handle

    for number in range(2):
        await (await rig.broker()).subscribe(QUEUE, handler(number), prefetch=4)
    await (await rig.broker()).publish(messages(*units))
    async with asyncio.timeout(PATIENCE):
        await finished.wait()
    assert sorted(done) == sorted(units)
    assert min(by_consumer) >= 10


async def test_batches_and_concurrency_keep_to_their_bounds(rig: Rig) -> None:
    broker = await rig.broker()
    running, most = 0, 0
    handled: asyncio.Queue[str] = asyncio.Queue()
    sizes: list[int] = []

    async def handle(deliveries: list[Delivery]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        sizes.append(len(deliveries))
        await asyncio.sleep(0.02)  # long enough for the others to run beside it
        for delivery in deliveries:
            await delivery.ack()
            handled.put_nowait(delivery.headers.unit_id)
        running -= 1

    units = [f"{n:03}" for n in range(100)]
    await broker.publish(messages(*units))
    await broker.subscribe(QUEUE, handle, concurrency=3, prefetch=40, batch=8)
    async with asyncio.timeout(PATIENCE):
        got = [await handled.get() for _ in units]
    assert sorted(got) == units
    assert most == 3
    assert max(sizes) == 8


async def test_a_batch_that_is_not_full_does_not_wait_long(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen, prefetch=50, batch=50)
    await broker.publish(messages("a", "b", "c"))
    assert await seen.units(3) == ["a", "b", "c"]
    assert sum(seen.batches) == 3


async def test_cancelling_a_subscription_drains_what_runs_and_releases_the_rest(rig: Rig) -> None:
    broker, other = await rig.broker(), await rig.broker()
    started, go_on = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def slow(deliveries: list[Delivery]) -> None:
        started.set()
        await go_on.wait()
        await deliveries[0].ack()
        ended.append(deliveries[0].headers.unit_id)

    subscription = await broker.subscribe(QUEUE, slow, prefetch=3)
    await broker.publish(messages("running", "waiting", "also waiting"))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    cancelling = asyncio.create_task(subscription.cancel())
    seen = Seen()
    await other.subscribe(QUEUE, seen)
    go_on.set()
    await cancelling
    assert ended == ["running"]
    assert sorted(await seen.units(2)) == ["also waiting", "waiting"]
    await other.publish(messages("marker"))
    assert await seen.units(1) == ["marker"]


async def test_a_handler_that_outlives_the_grace_is_cancelled_and_its_message_not_lost_e3(rig: Rig) -> None:
    broker, other = await rig.broker(), await rig.broker()
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(_: list[Delivery]) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    subscription = await broker.subscribe(QUEUE, endless)
    await broker.publish(messages("kept"))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        await subscription.cancel(grace=0.1)
    assert cancelled.is_set()
    seen = Seen()
    await other.subscribe(QUEUE, seen)
    delivery = await seen.take()
    assert (delivery.headers.unit_id, delivery.redelivered) == ("kept", True)


async def test_what_a_killed_consumer_held_is_delivered_again(rig: Rig) -> None:
    broker, seen = await rig.broker(), Seen()
    await broker.publish([message("held")])
    async with holding_process(rig, QUEUE, "held") as victim:
        await broker.subscribe(QUEUE, seen)
        victim.kill()
    delivery = await seen.take()
    assert (delivery.headers.unit_id, delivery.redelivered) == ("held", True)
