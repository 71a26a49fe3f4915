"""Handlers run in tasks of our own, within their bounds, and leave nothing unended."""

import asyncio
from datetime import UTC, datetime

import pytest

from common.contracts import Headers
from common.messaging import workers
from common.messaging.protocol import BrokerUnavailableError, Delivery
from common.messaging.workers import Workers


class FakeDelivery:
    """A delivery that remembers how it ended."""

    body = b""
    redelivered = False

    def __init__(self, unit: str, broken: bool = False) -> None:
        self.headers = Headers(
            event_id=unit, event_type="t", run_id="r", unit_id=unit, stage="s", sha256="", first_at=datetime.now(UTC)
        )  # fmt: skip
        self.how: str | None = None
        self.released = asyncio.Event()
        self._broken = broken

    @property
    def ended(self) -> bool:
        return self.how is not None

    async def ack(self) -> None:
        self.how = "acked"

    async def retry(self, delay: float) -> None:
        self.how = f"retried after {delay}"

    async def dead(self, reason: str) -> None:
        self.how = reason

    async def release(self) -> None:
        self.released.set()
        if self._broken:
            raise BrokerUnavailableError("gone")
        self.how = "released"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RELEASE_PAUSE_SECONDS", 0)


async def test_what_is_waiting_makes_a_full_batch_and_the_rest_follows_after_the_linger() -> None:
    batches: asyncio.Queue[int] = asyncio.Queue()

    async def handle(deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await delivery.ack()
        batches.put_nowait(len(deliveries))

    pool = Workers("queue", handle, concurrency=1, batch=3)
    pool.put([FakeDelivery(str(n)) for n in range(7)])
    async with asyncio.timeout(5):
        assert [await batches.get() for _ in range(3)] == [3, 3, 1]
    await pool.stop(0)


async def test_a_handler_that_swallows_a_delivery_has_it_released_and_the_worker_goes_on() -> None:
    good = asyncio.Event()

    async def handle(deliveries: list[Delivery]) -> None:
        if deliveries[0].headers.unit_id == "good":
            await deliveries[0].ack()
            good.set()
        elif deliveries[0].headers.unit_id == "bad":
            raise ValueError("no")

    pool = Workers("queue", handle, concurrency=1, batch=1)
    sent = [FakeDelivery("bad"), FakeDelivery("forgotten", broken=True), FakeDelivery("good")]
    pool.put(sent)
    async with asyncio.timeout(5):
        await sent[0].released.wait()
        await sent[1].released.wait()
        await good.wait()
    assert [delivery.how for delivery in sent] == ["released", None, "acked"]
    await pool.stop(0)


async def test_stopping_waits_for_what_runs_and_gives_back_what_no_handler_has_seen() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handle(deliveries: list[Delivery]) -> None:
        started.set()
        await go_on.wait()
        await deliveries[0].ack()

    pool = Workers("queue", handle, concurrency=1, batch=1)
    running, waiting = FakeDelivery("running"), FakeDelivery("waiting")
    pool.put([running, waiting])
    await started.wait()
    stopping = asyncio.create_task(pool.stop(5))
    await asyncio.sleep(0)
    go_on.set()
    assert await stopping == [waiting]
    assert (running.how, waiting.how) == ("acked", None)


async def test_a_handler_that_ignores_its_cancellation_does_not_hold_up_the_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "CANCEL_SECONDS", 0.01)
    started, let_go = asyncio.Event(), asyncio.Event()

    async def handle(_: list[Delivery]) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await let_go.wait()

    pool = Workers("queue", handle, concurrency=1, batch=1)
    pool.put([FakeDelivery("stuck")])
    await started.wait()
    async with asyncio.timeout(5):
        await pool.stop(0)
    let_go.set()
