"""PostgreSQL as the broker: leases, what a frozen or killed server does, and what the table looks like."""

import asyncio
import time
import uuid

import pytest

from common.database import create_engine
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import BrokerUnavailableError, Delivery
from common.testing.postgres import PostgresServer
from common.testing.processes import frozen
from tests.integration.messaging.messages import PATIENCE, QUEUE, Seen, message, messages
from tests.integration.messaging.rigs import LEASE_SECONDS, PostgresRig


@pytest.fixture
def server(postgres_server: PostgresServer) -> PostgresServer:
    if postgres_server.embedded is None:
        pytest.skip("TEST_DATABASE_URL names a server that is not ours to disturb")
    return postgres_server


async def test_a_lease_is_renewed_while_the_handler_runs(postgres_rig: PostgresRig) -> None:
    broker, other = await postgres_rig.broker(), await postgres_rig.broker()

    async def slow(delivery: Delivery) -> None:
        await asyncio.sleep(LEASE_SECONDS * 2)
        await delivery.ack()

    seen, twin = Seen(slow), Seen()
    subscription = await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("long"))
    assert await seen.units(1) == ["long"]
    await other.subscribe(QUEUE, twin)
    await subscription.cancel()
    await other.publish(messages("marker"))
    assert await twin.units(1) == ["marker"]


async def test_an_acknowledgement_after_the_lease_has_passed_to_another_takes_nothing_from_it(
    postgres_rig: PostgresRig,
) -> None:
    broker = await postgres_rig.broker()
    store = broker._store
    await broker.publish(messages("passed on"))
    ours, theirs = uuid.uuid4(), uuid.uuid4()
    (row,) = await store.claim(QUEUE, 1, ours, seconds=0)
    (same,) = await store.claim(QUEUE, 1, theirs, seconds=60)
    assert same.id == row.id
    await store.delete([(row.id, ours)])
    await store.release([(row.id, ours)])
    assert await store.depth(QUEUE) == 0
    await store.release([(row.id, theirs)])
    assert await store.depth(QUEUE) == 1


async def test_a_publish_is_heard_without_waiting_for_the_poll(
    postgres_rig: PostgresRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.messaging.postgres_consumer.POLL_SECONDS", PATIENCE * 10)
    broker, other = await postgres_rig.broker(), await postgres_rig.broker()
    seen = Seen()
    await other.subscribe(QUEUE, seen)
    for unit in ("first", "second"):
        await broker.publish(messages(unit))
        assert await seen.units(1) == [unit]


async def test_a_frozen_server_ends_every_call_in_time_and_work_goes_on_after_the_thaw_e13(
    postgres_rig: PostgresRig, server: PostgresServer
) -> None:
    broker = await postgres_rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("before"))
    assert await seen.units(1) == ["before"]
    with frozen(server.pid):
        started = time.monotonic()
        answers = await asyncio.gather(broker.publish(messages("lost")), broker.check(), return_exceptions=True)
        assert time.monotonic() - started < 10.5
        assert all(isinstance(answer, BrokerUnavailableError) for answer in answers), answers
    await _until_published(broker, "after")
    while await seen.units(1) != ["after"]:
        pass  # what was in flight at the freeze may have been stored as well


async def test_consumers_go_on_after_the_server_was_killed_and_nothing_confirmed_is_lost(
    postgres_rig: PostgresRig, server: PostgresServer
) -> None:
    broker = await postgres_rig.broker()
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.publish(messages("before"))
    assert await seen.units(1) == ["before"]
    server.kill()
    with pytest.raises(BrokerUnavailableError):
        await broker.publish(messages("lost"))
    await asyncio.to_thread(server.restart)
    await _until_published(broker, "after")
    assert await seen.units(1) == ["after"]


async def test_bodies_are_stored_as_they_are_and_the_role_of_any_service_may_use_the_table(
    postgres_rig: PostgresRig,
) -> None:
    await (await postgres_rig.broker()).publish([message("big", body=b"a" * 100_000)])
    size, storage = (
        await postgres_rig._execute(
            "SELECT pg_column_size(body), attstorage::text FROM broker.message, pg_attribute "
            "WHERE attrelid = 'broker.message'::regclass AND attname = 'body'"
        )
    )[0]
    assert (size, storage) == (100_000, "e")


async def test_without_the_table_the_error_says_to_migrate(postgres_server: PostgresServer) -> None:
    engine = create_engine(postgres_server.admin_url, role_application="test")
    try:
        with pytest.raises(BrokerUnavailableError, match="run the migrations"):
            await PostgresBroker(engine, connect_timeout=0.1).open()
    finally:
        await engine.dispose()


async def _until_published(broker: PostgresBroker, unit: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await broker.publish(messages(unit))
            except BrokerUnavailableError:
                await asyncio.sleep(0.1)
            else:
                return
