"""Deliveries: flaky receivers, one stable id, the schedule, crashes, and endpoints that end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from common.contracts import Headers, RunCompleted, RunSlaMissed
from notifier.clients.webhooks import WebhookClient
from notifier.domain.schedule import Result, Verdict
from notifier.handlers import AnnounceRun, AnnounceSlaMissed, DeliveryWorker
from notifier.handlers.deliveries import LEASE_SECONDS, PER_ENDPOINT
from notifier.store import NotifierStore
from tests.support.webhook_receiver import webhook_receiver

AT = datetime(2025, 8, 19, 7, 0, tzinfo=UTC)
PutForward = Callable[[float], Awaitable[None]]
AddEndpoint = Callable[..., Awaitable[sa.Row[Any]]]


def completed(run_id: str = "r1", **fields: Any) -> RunCompleted:
    defaults: dict[str, Any] = {
        "run_id": run_id, "kind": "collect", "state": "completed", "status": "succeeded", "campaign_id": "c1",
        "campaign_name": "Data", "started_at": AT, "completed_at": AT, "fetched": 2, "counts": {"new": 2},
    }  # fmt: skip
    return RunCompleted(**{**defaults, **fields})


async def announce(engine: AsyncEngine, event: RunCompleted, event_id: str = "evt-1") -> None:
    stage = AnnounceRun(NotifierStore(), gateway_url="https://posthorn.example")
    headers = Headers(
        event_id=event_id, event_type="run.completed.v1", run_id=event.run_id, unit_id="u", stage="", first_at=AT,
        sha256="",
    )  # fmt: skip
    prepared = await stage.prepare(headers, event)
    async with engine.begin() as conn:
        await stage.apply(conn, headers, event, prepared)


async def rows(engine: AsyncEngine, sql: str) -> list[Any]:
    async with engine.connect() as conn:
        return list((await conn.execute(sa.text(sql))).all())


async def waiting(engine: AsyncEngine) -> float:
    """Seconds until the one pending delivery is due."""
    sql = "SELECT extract(epoch FROM next_at - now())::float AS due FROM notifier.delivery WHERE state = 'pending'"
    return float((await rows(engine, sql))[0].due)


async def test_a_flaky_receiver_gets_the_run_under_one_id_by_the_schedule(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint, put_forward: PutForward
) -> None:
    async with webhook_receiver("200 OK") as elsewhere:
        script = [
            "drop", "500 Broken", f"302 Found\r\nLocation: {elsewhere.url}", "429 Slow\r\nRetry-After: 9000", "hang",
            "reset", "drip", "404 Not Found", "204 No Content",
        ]  # fmt: skip
        async with webhook_receiver(*script) as receiver:
            endpoint = await add_endpoint(receiver.url)
            await announce(engine, completed())
            waited = []
            for _ in script[1:]:
                assert await worker.send_due() == 1
                waited.append(await waiting(engine))
                assert await worker.send_due() == 0
                await put_forward(waited[-1])
            assert await worker.send_due() == 1
        assert elsewhere.connections == 0
    assert waited == pytest.approx([5, 300, 1800, 9000, 18000, 36000, 50400, 72000], rel=0.051, abs=0.5)
    verified = [Webhook(endpoint.secret).verify(body, headers) for headers, body in receiver.received]
    assert len(verified) == len(script)
    assert {headers["webhook-id"] for headers, _ in receiver.received} == {"evt-1"}
    assert verified[0]["data"]["run_id"] == "r1"
    assert len({body for _, body in receiver.received}) == 1
    assert (await rows(engine, "SELECT state, attempts FROM notifier.delivery")) == [("delivered", 9)]
    log = await rows(engine, "SELECT number, status FROM notifier.attempt ORDER BY id")
    statuses = [None, 500, 302, 429, None, None, None, 404, 204]
    assert log == list(enumerate(statuses, 1))


async def test_five_days_of_failures_disable_the_endpoint(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint, put_forward: PutForward
) -> None:
    async with webhook_receiver("500 Broken") as receiver:
        await add_endpoint(receiver.url)
        await announce(engine, completed())
        for _ in range(8):
            await worker.send_due()
            await put_forward(86400 * 1.1)
    assert len(receiver.received) == 6
    assert (await rows(engine, "SELECT disabled_reason FROM notifier.endpoint")) == [("failing_for_5_days",)]


async def test_the_schedule_ends_after_ten_attempts(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint, put_forward: PutForward
) -> None:
    async with webhook_receiver("500 Broken") as receiver:
        await add_endpoint(receiver.url)
        await announce(engine, completed())
        while await worker.send_due():
            if await rows(engine, "SELECT 1 FROM notifier.delivery WHERE state = 'pending'"):
                await put_forward(await waiting(engine))
    assert len(receiver.received) == 10
    assert (await rows(engine, "SELECT state FROM notifier.delivery")) == [("failed",)]
    assert (await rows(engine, "SELECT is_active FROM notifier.endpoint")) == [(True,)]


async def test_gone_disables_the_endpoint_and_what_waits_for_it(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint
) -> None:
    async with webhook_receiver("410 Gone") as receiver:
        await add_endpoint(receiver.url)
        for n in range(4):
            await announce(engine, completed(f"r{n}"), f"evt-{n}")
        await worker.send_due()
        assert len(receiver.received) == PER_ENDPOINT
        assert await worker.send_due() == 0
    assert (await rows(engine, "SELECT is_active, disabled_reason FROM notifier.endpoint")) == [(False, "gone")]
    assert set(await rows(engine, "SELECT state FROM notifier.delivery")) == {("failed",)}
    await announce(engine, completed("later"), "evt-later")
    assert len(await rows(engine, "SELECT 1 FROM notifier.delivery")) == 4


async def test_an_event_that_arrives_again_is_one_delivery(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint
) -> None:
    async with webhook_receiver() as receiver:
        await add_endpoint(receiver.url)
        for _ in range(3):
            await announce(engine, completed())
            await worker.send_due()
    assert len(receiver.received) == 1


async def test_a_rerank_is_not_told(engine: AsyncEngine, add_endpoint: AddEndpoint) -> None:
    await add_endpoint("http://127.0.0.1:9/")
    await announce(engine, completed(kind="rerank"))
    assert await rows(engine, "SELECT 1 FROM notifier.delivery") == []


async def test_only_endpoints_that_asked_are_told(engine: AsyncEngine, add_endpoint: AddEndpoint) -> None:
    url = "http://127.0.0.1:9/"
    everything = await add_endpoint(url)
    by_event = await add_endpoint(url, events=["run.completed"])
    by_campaign = await add_endpoint(url, campaign_ids=["c0", "c1"])
    await add_endpoint(url, campaign_ids=["c2"])
    await add_endpoint(url, is_active=False)
    await announce(engine, completed())
    told = {row.endpoint_id for row in await rows(engine, "SELECT endpoint_id FROM notifier.delivery")}
    assert told == {everything.id, by_event.id, by_campaign.id}


async def test_a_missed_deadline_is_told_once_to_those_who_asked(
    engine: AsyncEngine, add_endpoint: AddEndpoint
) -> None:
    wanted = await add_endpoint("http://127.0.0.1:1/a", events=["run.sla_missed"])
    await add_endpoint("http://127.0.0.1:1/b", events=["run.completed"])
    stage = AnnounceSlaMissed(NotifierStore(), gateway_url="https://posthorn.example")
    event = RunSlaMissed(
        run_id="r1", campaign_id="c1", campaign_name="Data", reason="not_started", slot_at=AT, sla_at=AT, missed_at=AT
    )
    headers = Headers(
        event_id="evt-1", event_type=event.event_type, run_id="r1", unit_id="alarm:r1", stage="alarm", first_at=AT,
        sha256="",
    )  # fmt: skip
    for _ in range(2):
        async with engine.begin() as conn:
            await stage.apply(conn, headers, event, await stage.prepare(headers, event))
    (told,) = await rows(engine, "SELECT endpoint_id, event_type, body FROM notifier.delivery")
    assert (told.endpoint_id, told.event_type) == (wanted.id, "run.sla_missed")
    assert json.loads(told.body)["data"]["reason"] == "not_started"


async def test_a_crash_between_sending_and_recording_sends_the_same_id_again(
    engine: AsyncEngine, client: WebhookClient, worker: DeliveryWorker, add_endpoint: AddEndpoint,
    put_forward: PutForward,
) -> None:  # fmt: skip
    class Crashing(NotifierStore):
        async def record(self, *args: Any, **kwargs: Any) -> None:
            raise ConnectionError("the process is gone")

    crashing = DeliveryWorker(engine, Crashing(), client, concurrency=4, poll_interval=1)
    async with webhook_receiver() as receiver:
        await add_endpoint(receiver.url)
        await announce(engine, completed())
        with pytest.raises(ConnectionError):
            await crashing.send_due()
        assert await worker.send_due() == 0  # the lease still runs
        await put_forward(LEASE_SECONDS)
        assert await worker.send_due() == 1
    (first, first_body), (second, second_body) = receiver.received
    assert first["webhook-id"] == second["webhook-id"] == "evt-1"
    assert first_body == second_body
    assert await rows(engine, "SELECT state FROM notifier.delivery") == [("delivered",)]


async def test_a_sender_that_lost_its_lease_changes_nothing(
    engine: AsyncEngine, store: NotifierStore, add_endpoint: AddEndpoint, put_forward: PutForward
) -> None:
    await add_endpoint("http://127.0.0.1:9/")
    await announce(engine, completed())
    async with engine.begin() as conn:
        (late,) = await store.claim(conn, 5, per_endpoint=2, lease=LEASE_SECONDS)
    await put_forward(LEASE_SECONDS)
    async with engine.begin() as conn:
        (present,) = await store.claim(conn, 5, per_endpoint=2, lease=LEASE_SECONDS)
        await store.record(conn, late, Result(500, 1), Verdict("failed"))
    assert await rows(engine, "SELECT state FROM notifier.delivery") == [("sending",)]
    async with engine.begin() as conn:
        await store.record(conn, present, Result(200, 1), Verdict("delivered"))
    assert await rows(engine, "SELECT state FROM notifier.delivery") == [("delivered",)]


async def until(engine: AsyncEngine, sql: str) -> None:
    """Return as soon as the query has a row; the time-out of the suite bounds it."""
    while not await rows(engine, sql):  # noqa: ASYNC110 - the state is in the database
        await asyncio.sleep(0)


async def test_an_endpoint_that_hangs_delays_only_itself(
    engine: AsyncEngine, store: NotifierStore, add_endpoint: AddEndpoint
) -> None:
    patient = WebhookClient(allow_private=True, timeout=30)
    worker = DeliveryWorker(engine, store, patient, concurrency=8, poll_interval=0.05)
    async with webhook_receiver("hang") as dead, webhook_receiver() as alive:
        await add_endpoint(dead.url, campaign_ids=["dead"])
        await add_endpoint(alive.url, campaign_ids=["alive"])
        for n in range(12):
            await announce(engine, completed(f"d{n}", campaign_id="dead"), f"dead-{n}")
            await announce(engine, completed(f"a{n}", campaign_id="alive"), f"alive-{n}")
        async with worker.running():
            await until(engine, "SELECT 1 FROM notifier.delivery WHERE state = 'delivered' HAVING count(*) = 12")
            assert len(dead.received) == PER_ENDPOINT
            for task in worker._sending:
                task.cancel()
    await patient.close()


async def test_the_worker_delivers_by_itself(
    engine: AsyncEngine, worker: DeliveryWorker, add_endpoint: AddEndpoint
) -> None:
    async with webhook_receiver() as receiver:
        await add_endpoint(receiver.url)
        async with worker.running():
            worker.check()
            await announce(engine, completed())
            await until(engine, "SELECT 1 FROM notifier.delivery WHERE state = 'delivered'")
        assert json.loads(receiver.received[0][1])["data"]["state"] == "completed"
    with pytest.raises(RuntimeError):
        worker.check()
