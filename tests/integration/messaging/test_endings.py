"""The four ways to end a delivery, and what happens when none was taken."""

import asyncio
import itertools
import time

import pytest

from common.messaging import workers
from common.messaging.protocol import Delivery
from tests.integration.messaging.messages import QUEUE, Seen, message, messages
from tests.integration.messaging.rigs import Rig


async def test_what_is_acknowledged_is_gone_for_the_next_consumer(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen()
    subscription = await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("a", "b"))
    assert await seen.units(2) == ["a", "b"]
    await subscription.cancel()
    await broker.close()

    other, again = await rig.broker(), Seen()
    await other.subscribe(QUEUE, again)
    await other.publish(messages("marker"))
    assert await again.units(1) == ["marker"]


async def test_a_retry_comes_back_after_its_delay_to_its_queue_only_with_the_attempt_counted_e6(rig: Rig) -> None:
    broker = await rig.broker()

    async def twice(delivery: Delivery) -> None:
        await (delivery.ack() if delivery.headers.attempt == 2 else delivery.retry(0.9))

    seen, bystander = Seen(twice), Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.subscribe("enricher.postings", bystander)
    await broker.publish(messages("again"))
    times, attempts = [], []
    for _ in range(3):
        at, delivery = await seen.timed()
        times.append(at)
        attempts.append((delivery.headers.attempt, delivery.redelivered, delivery.body))
    assert attempts == [(0, False, b"body"), (1, False, b"body"), (2, False, b"body")]
    assert all(0.85 < later - earlier < 8 for earlier, later in itertools.pairwise(times))
    assert bystander.empty


async def test_a_retry_does_not_hold_up_the_others(rig: Rig) -> None:
    broker = await rig.broker()

    async def end(delivery: Delivery) -> None:
        await (
            delivery.retry(2.0)
            if delivery.headers.unit_id == "slow" and not delivery.headers.attempt
            else delivery.ack()
        )

    seen = Seen(end)
    await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("slow", "a", "b"))
    assert await seen.units(4) == ["slow", "a", "b", "slow"]


async def test_dead_parks_the_message_with_its_reason(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen(lambda delivery: delivery.dead("title_missing: \0no title" + "!" * 2000))
    await broker.subscribe(QUEUE, seen)
    sent = message("bad")
    await broker.publish([sent])
    await seen.take()
    parked = await _parked(rig)
    assert [(reason, body) for _, reason, body in parked] == [(parked[0][1], sent.body)]
    assert parked[0][1].replace("\0", "").startswith("title_missing: no title!")
    assert len(parked[0][1]) == 1000
    assert parked[0][0]["event_id"] == sent.headers.event_id


async def test_release_gives_the_message_back_as_it_was(rig: Rig) -> None:
    broker = await rig.broker()

    async def second(delivery: Delivery) -> None:
        await (delivery.ack() if delivery.redelivered else delivery.release())

    seen = Seen(second)
    await broker.subscribe(QUEUE, seen)
    sent = message("back")
    await broker.publish([sent])
    first, again = await seen.take(), await seen.take()
    assert (first.redelivered, again.redelivered) == (False, True)
    assert again.headers == sent.headers
    assert again.body == sent.body


async def test_a_delivery_is_ended_once(rig: Rig) -> None:
    broker = await rig.broker()
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def twice(deliveries: list[Delivery]) -> None:
        await deliveries[0].ack()
        with pytest.raises(RuntimeError, match="ended before"):
            await deliveries[0].retry(1)
        ended.put_nowait(deliveries[0].headers.unit_id)

    await broker.subscribe(QUEUE, twice)
    await broker.publish(messages("once", "other"))
    async with asyncio.timeout(20):
        assert [await ended.get(), await ended.get()] == ["once", "other"]


async def test_what_a_handler_raising_returning_or_cancelled_did_not_end_comes_again_after_a_pause_e3_e10(
    rig: Rig,
) -> None:
    broker = await rig.broker()

    async def end(delivery: Delivery) -> None:
        if delivery.redelivered:
            await delivery.ack()
        elif delivery.headers.unit_id == "raises":
            raise ValueError("handler is broken")
        elif delivery.headers.unit_id == "cancelled":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    seen = Seen(end)
    await broker.subscribe(QUEUE, seen, concurrency=3)
    await broker.publish(messages("raises", "returns", "cancelled"))
    first = {delivery.headers.unit_id: at for at, delivery in [await seen.timed() for _ in range(3)]}
    again = {delivery.headers.unit_id: at for at, delivery in [await seen.timed() for _ in range(3)]}
    assert set(again) == set(first) == {"raises", "returns", "cancelled"}
    assert all(again[unit] - first[unit] >= workers.RELEASE_PAUSE_SECONDS * 0.95 for unit in first)


async def test_handlers_that_raise_do_not_stall_the_consumer_e5(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RELEASE_PAUSE_SECONDS", 0.1)
    broker = await rig.broker()

    async def second(delivery: Delivery) -> None:
        if not delivery.redelivered:
            raise ValueError("first time")
        await delivery.ack()

    seen = Seen(second)
    await broker.subscribe(QUEUE, seen, prefetch=2, concurrency=2)
    await broker.publish(messages("a", "b", "c", "d", "e"))
    started = time.monotonic()
    assert sorted(await seen.units(10)) == sorted("abcde" * 2)
    assert time.monotonic() - started < 15


async def test_a_message_that_is_not_ours_is_parked_and_the_next_one_handled(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await rig.put_foreign(QUEUE)
    await broker.publish(messages("ours"))
    assert await seen.units(1) == ["ours"]
    ((headers, reason, body),) = await _parked(rig)
    assert (headers, body) == ({"colour": "red"}, b"whose am I")
    assert reason.startswith("foreign: ")


async def _parked(rig: Rig) -> list[tuple[dict[str, object], str, bytes]]:
    async with asyncio.timeout(20):
        while True:
            if parked := await rig.dead_letters(QUEUE):
                return parked
            await asyncio.sleep(0.05)
