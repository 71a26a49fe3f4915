"""Where published messages go, and what a confirm means."""

import asyncio
import time
import uuid

import msgspec

from common.contracts import QUEUES, REGISTRY
from tests.integration.messaging.messages import QUEUE, Seen, message, messages
from tests.integration.messaging.rigs import Rig


async def test_every_event_reaches_every_queue_bound_to_it_and_no_other(rig: Rig) -> None:
    broker = await rig.broker()
    seen = {queue: Seen() for queue in QUEUES}
    for queue, handler in seen.items():
        await broker.subscribe(queue, handler)
    sent = [message(r.event.event_type, r.event.event_type) for r in REGISTRY]
    assert await broker.publish(sent) == {m.headers.event_id for m in sent}
    for queue, handler in seen.items():
        bound = sorted(r.event.event_type for r in REGISTRY if queue in r.queues)
        assert sorted(await handler.units(len(bound))) == bound
    assert all(handler.empty for handler in seen.values())


async def test_headers_and_a_body_of_5_mb_arrive_as_they_were_sent(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    sent = message("deep", body=bytes(range(256)) * (5 * 1024 * 4))
    await broker.publish([sent])
    got = await seen.take()
    assert got.headers == sent.headers
    assert got.body == sent.body
    assert not got.redelivered


async def test_a_message_that_no_queue_takes_is_not_confirmed_and_the_others_are_e1(rig: Rig) -> None:
    broker = await rig.broker()
    good, lost = message("good"), message("lost", "nobody.knows.v1")
    assert await broker.publish([lost, good]) == {good.headers.event_id}


async def test_two_publishes_in_flight_with_one_event_id_are_told_apart_e2(rig: Rig) -> None:
    broker = await rig.broker()
    same = str(uuid.uuid4())
    lost, good = message("lost", "nobody.knows.v1", event_id=same), message("good", event_id=same)
    for _ in range(20):
        assert await asyncio.gather(broker.publish([lost]), broker.publish([good])) == [set(), {same}]


async def test_an_event_id_that_is_twice_in_a_call_is_confirmed_only_if_both_are(rig: Rig) -> None:
    broker = await rig.broker()
    good = message("good")
    lost = msgspec.structs.replace(good.headers, event_type="nobody.knows.v1")
    assert await broker.publish([good, type(good)(lost, b"")]) == set()


async def test_publishing_nothing_is_nothing(rig: Rig) -> None:
    assert await (await rig.broker()).publish([]) == set()


async def test_the_deploy_step_can_be_repeated_and_leaves_nothing_for_consumers(rig: Rig) -> None:
    broker = await rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.declare()
    await broker.declare()
    await broker.publish(messages("after"))
    assert await seen.units(1) == ["after"]
    assert await rig.dead_letters(QUEUE) == []


async def test_depth_counts_what_waits(rig: Rig) -> None:
    broker = await rig.broker()
    await broker.publish(messages("a", "b", "c"))
    deadline = time.monotonic() + 20
    while (depth := await broker.depth(QUEUE)) != 3:  # RabbitMQ's figure lags
        assert time.monotonic() < deadline, depth
        await asyncio.sleep(0.1)


async def test_check_passes_on_a_broker_that_answers(rig: Rig) -> None:
    await (await rig.broker()).check()
