"""The control queue of a service: what it knows is sent again and said, what it does not know is met with silence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from common.contracts import ChildUnit, Event, ReplayRequested, UnitFinished, UnitsKnown, UnitsProbed, decode
from common.messaging.control import Control
from common.messaging.outbox import outgoing, root_headers
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Delivery, Outgoing
from common.messaging.relay import send_unsent
from common.testing.postgres import Database
from tests.integration.messaging.stage_rig import StageRig, stage_rig

SERVICE = "enricher"
QUEUE = f"{SERVICE}.control"
Tell = Callable[..., Awaitable[None]]


class Replays:
    """Stands for the runner of the stage `replay`."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    async def handle(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self.runs.append(delivery.headers.run_id)
            await delivery.ack()


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[StageRig]:
    async with stage_rig(database, SERVICE) as rig:
        yield rig


@pytest.fixture
def replays() -> Replays:
    return Replays()


@pytest.fixture
async def tell(rig: StageRig, replays: Any) -> AsyncIterator[Tell]:
    """Publish messages and wait until the service has dealt with them."""
    control = Control(SERVICE, broker=rig.broker, engine=rig.engine, outbox=rig.outbox, replays=replays)
    subscription = await rig.broker.subscribe(control.queue, control, batch=4)

    async def told(*messages: Outgoing) -> None:
        await PostgresBroker(rig.engine).publish(messages)
        await rig.until_empty(QUEUE)

    yield told
    await subscription.cancel()


def message(event: Event, unit: str, stage: str) -> Outgoing:
    return outgoing(event, root_headers("r", unit, stage, "c", datetime.now(UTC)), unit, stage)


def probe(name: str, *units: str) -> Outgoing:
    asked = [ChildUnit(unit_id=unit, stage="replay") for unit in units]
    return message(UnitsProbed(run_id="r", units=asked), f"probe:{name}", "probe")


async def sent_once(rig: StageRig, *messages: Outgoing) -> None:
    """As after a unit: in the outbox, sent, and gone from the broker."""
    async with rig.engine.begin() as conn:
        await rig.outbox.add(conn, messages)
        await rig.outbox.mark_sent(conn, [m.headers.event_id for m in messages])


async def answers(rig: StageRig) -> list[UnitsKnown]:
    sql = "SELECT headers, body FROM broker.message WHERE queue = 'gateway.ledger' ORDER BY id"
    rows = [r for r in await rig.rows(sql) if r.headers["event_type"] == UnitsKnown.event_type]
    return [decode(UnitsKnown, r.body, r.headers["sha256"]) for r in rows]


async def test_a_finish_and_a_message_that_asks_for_a_unit_are_sent_again(rig: StageRig, tell: Tell) -> None:
    finish = message(UnitFinished(run_id="r", unit_id="ours", stage="enrich"), "ours", "enrich")
    asking = message(ReplayRequested(run_id="r", service="ranker", quarantine_ids=[]), "child", "replay")
    other = message(UnitFinished(run_id="r", unit_id="other", stage="enrich"), "other", "enrich")
    await sent_once(rig, finish, asking, other)
    await tell(probe("1", "ours", "child", "stranger"))
    (answer,) = await answers(rig)
    assert answer.unit_ids == ["child", "ours"]
    assert await send_unsent(rig.broker, rig.engine, rig.outbox) == 2
    sent = await rig.rows("SELECT headers FROM broker.message WHERE queue IN ('gateway.ledger', 'ranker.control')")
    again = {row.headers["event_id"] for row in sent}
    assert {finish.headers.event_id, asking.headers.event_id} <= again
    assert other.headers.event_id not in again


async def test_every_probe_has_an_answer_of_its_own(rig: StageRig, tell: Tell) -> None:
    await sent_once(rig, message(UnitFinished(run_id="r", unit_id="ours", stage="enrich"), "ours", "enrich"))
    await tell(probe("1", "ours"))
    await tell(probe("2", "ours"))
    assert [a.unit_ids for a in await answers(rig)] == [["ours"], ["ours"]]


async def test_who_knows_nothing_says_nothing(rig: StageRig, tell: Tell) -> None:
    await tell(probe("1", "stranger"))
    assert not await answers(rig)
    assert not await rig.rows("SELECT 1 FROM enricher.outbox")


async def test_a_replay_goes_to_who_has_it_in_quarantine(rig: StageRig, tell: Tell, replays: Replays) -> None:
    for service in ("ranker", SERVICE):
        asked = ReplayRequested(run_id="r", service=service, quarantine_ids=[])
        await tell(message(asked, f"replay:{service}", "replay"))
        assert replays.runs == (["r"] if service == SERVICE else [])


async def test_what_cannot_be_read_is_parked(rig: StageRig, tell: Tell) -> None:
    await tell(Outgoing(probe("1", "ours").headers, b"garbage"))
    (parked,) = await rig.rows("SELECT dead_reason FROM broker.message WHERE queue LIKE '%.control.dead'")
    assert parked.dead_reason.startswith("unreadable_body")
