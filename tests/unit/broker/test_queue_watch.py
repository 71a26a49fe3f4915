"""What the watch makes of queues that store nothing and of consumers that stay away, on a clock of the test."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.messaging.protocol import BrokerUnavailableError
from common.messaging.queue_watch import AWAY_SECONDS, CANARY_SECONDS, LOST_SECONDS, ConsumerLostError, QueueWatch


@dataclass
class FakeSubscription:
    """Attached or not, as the test says."""

    queue: str
    attached: bool = True


@dataclass
class FakeBroker:
    """Queues that store or not, in a broker that answers or not."""

    troubles: dict[str, str] = field(default_factory=dict)
    away: bool = False
    proven: list[str] = field(default_factory=list)

    async def check(self) -> None:
        if self.away:
            raise BrokerUnavailableError("away")

    async def prove(self, queues: Sequence[str]) -> dict[str, str]:
        await self.check()
        self.proven += queues
        return {queue: self.troubles[queue] for queue in queues if queue in self.troubles}


class Rig:
    def __init__(self) -> None:
        self.now = 0.0
        self.broker: Any = FakeBroker()
        self.first, self.second = FakeSubscription("first"), FakeSubscription("second")
        self.watch = QueueWatch(self.broker, [self.first, self.second], clock=lambda: self.now)

    async def after(self, seconds: float) -> list[str]:
        """Look every two seconds for this long; what is wrong then."""
        end = self.now + seconds
        while self.now < end:
            self.now += 2
            await self.watch.look()
        return self.watch.troubles()


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_each_queue_gets_a_canary_at_once_and_then_once_a_minute(rig: Rig) -> None:
    assert await rig.after(2) == []
    assert rig.broker.proven == ["first", "second"]
    await rig.after(CANARY_SECONDS - 2)
    assert len(rig.broker.proven) == 2
    await rig.after(2)
    assert len(rig.broker.proven) == 4


async def test_a_queue_that_stores_nothing_is_told_with_its_cure_until_it_stores_again(rig: Rig) -> None:
    rig.broker.troubles = {"first": "first: elect a leader"}
    assert await rig.after(4) == ["first: elect a leader"]
    rig.broker.troubles = {}
    assert await rig.after(6) == []
    assert rig.broker.proven.count("second") == 1


async def test_one_lost_canary_of_a_busy_broker_is_asked_again_before_anything_is_told(rig: Rig) -> None:
    rig.broker.troubles = {"first": "confirms nothing"}
    assert await rig.after(2) == []
    rig.broker.troubles = {}
    assert await rig.after(2) == []
    assert rig.broker.proven == ["first", "second", "first"]
    rig.broker.troubles = {"first": "confirms nothing"}
    assert await rig.after(CANARY_SECONDS) == [], "the canary before was stored: again it is the first"


async def test_a_consumer_that_comes_back_soon_is_not_told(rig: Rig) -> None:
    rig.first.attached = False
    assert await rig.after(AWAY_SECONDS) == []
    rig.first.attached = True
    assert await rig.after(AWAY_SECONDS) == []


async def test_a_consumer_that_stays_away_is_told_by_the_name_of_its_queue(rig: Rig) -> None:
    rig.first.attached = False
    assert await rig.after(AWAY_SECONDS + 4) == ["first has no consumer of this process"]


async def test_a_consumer_that_is_away_while_its_queue_is_well_ends_the_process(rig: Rig) -> None:
    rig.first.attached = False
    with pytest.raises(ConsumerLostError, match="first"):
        await rig.after(LOST_SECONDS + 4)
    assert rig.now > LOST_SECONDS


async def test_a_consumer_of_a_queue_that_stores_nothing_ends_nothing_since_a_new_process_would_not_help(
    rig: Rig,
) -> None:
    rig.first.attached = False
    rig.broker.troubles = {"first": "no leader"}
    assert "no leader" in await rig.after(5 * LOST_SECONDS)


async def test_a_broker_that_was_away_gives_its_consumers_their_full_time_to_come_back(rig: Rig) -> None:
    rig.first.attached = rig.second.attached = False
    rig.broker.away = True
    await rig.after(5 * LOST_SECONDS)
    rig.broker.away = False
    await rig.after(LOST_SECONDS - 4)
    rig.first.attached = rig.second.attached = True
    assert await rig.after(10) == []
