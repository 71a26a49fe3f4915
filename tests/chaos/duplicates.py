"""Every message several times in random order, and all of them once more when everything is over."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random

import aio_pika

from tests.chaos.journal import COPY, Entry, Journal
from tests.chaos.rig import Rig
from tests.chaos.scenario import Outcome, Scenario

_LONGEST_DELAY = 3.0


@dataclass
class Duplicator:
    """Publishes copies of what the journal sees; copies carry a fresh message_id and are not journaled."""

    journal: Journal
    url: str
    exchange: str
    random: Random
    copies: int = 0
    _seen: int = 0
    _due: list[tuple[float, Entry]] = field(default_factory=list)
    _stopping: bool = False

    async def follow(self) -> None:
        """Send up to four copies of each event, each after a random time, until told to stop and all are sent."""
        connection = await aio_pika.connect(self.url)
        async with connection:
            exchange = await (await connection.channel()).get_exchange(self.exchange, ensure=False)
            while not (self._stopping and not self._due):
                self._plan()
                now = time.monotonic()
                ready = [entry for at, entry in self._due if at <= now]
                self._due = [(at, entry) for at, entry in self._due if at > now]
                self.random.shuffle(ready)
                await self._send(exchange, ready)
                await asyncio.sleep(0.05)

    async def again(self) -> None:
        """Send everything seen so far once more."""
        connection = await aio_pika.connect(self.url)
        async with connection:
            exchange = await (await connection.channel()).get_exchange(self.exchange, ensure=False)
            old = list(self.journal.entries)
            self.random.shuffle(old)
            await self._send(exchange, old)

    def stop(self) -> None:
        """Plan no more copies; what is planned is still sent."""
        self._stopping = True

    def _plan(self) -> None:
        entries = self.journal.entries
        for entry in entries[self._seen :] if not self._stopping else ():
            for _ in range(self.random.randint(0, 4)):
                self._due.append((time.monotonic() + self.random.uniform(0, _LONGEST_DELAY), entry))
            self._seen += 1

    async def _send(self, exchange: aio_pika.abc.AbstractExchange, entries: list[Entry]) -> None:
        for entry in entries:
            copy = aio_pika.Message(
                entry.message.body, headers=entry.message.headers, app_id=COPY,
                content_encoding=entry.message.content_encoding, delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )  # fmt: skip
            await exchange.publish(copy, entry.event_type, mandatory=False)
            self.copies += 1


def duplicates(rig: Rig) -> Outcome:
    """1 to 5 times each while runs go on, in random order, and old copies after they have completed."""
    rig.reset()
    duplicator = Duplicator(rig.journal, rig.node.url, f"{rig.namespace}.events", rig.random)
    begun, following = time.monotonic(), rig.journal.in_thread(duplicator.follow())
    runs = []
    for part in range(2):
        runs.append(rig.start_run(part))
        rig.ended(runs[-1])
    duplicator.stop()
    following.result(60)
    rig.timed(begun, len(runs))
    rig.settle(len(runs))
    during = duplicator.copies
    rig.journal.in_thread(duplicator.again()).result(60)
    rig.outcome.notes.append(
        f"{len(rig.journal.entries)} events, {during} copies during the runs, {duplicator.copies - during} after them"
    )
    return rig.check(runs)


SCENARIOS = (Scenario("duplicates", "every message 1-5 times, shuffled; old copies later", duplicates),)
