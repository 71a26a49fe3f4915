"""Watches the queues that a service consumes: whether they store what is sent, and whether our consumers are there."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence

import structlog

from common.messaging.protocol import Broker, BrokerUnavailableError, Subscription

#: Seconds between two canaries to a queue that stores them, and to one that does not or that nobody consumes.
CANARY_SECONDS, DOUBT_SECONDS = 60.0, 5.0
#: Seconds that a consumer may need to attach again before the service is not ready.
AWAY_SECONDS = 10.0
#: Seconds that a consumer may be away while the broker and its queue are well: then the fault is in this process.
LOST_SECONDS = 60.0
_INTERVAL = 2.0
_log = structlog.get_logger()


class ConsumerLostError(Exception):
    """A consumer does not come back though its queue is there: only a new process can help."""


class QueueWatch:
    """Knows what is wrong with the queues of these subscriptions; asking it waits for nobody."""

    def __init__(
        self, broker: Broker, subscriptions: Sequence[Subscription], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._broker = broker
        self._subscriptions = subscriptions
        self._clock = clock
        self._doubted: set[str] = set()
        self._silent: dict[str, str] = {}
        self._proven_at: dict[str, float] = {}
        self._away_since: dict[str, float] = {}
        self._lost_since: dict[str, float] = {}

    def troubles(self) -> list[str]:
        """In words, with the names of the queues; empty when all is well."""
        late = [queue for queue, since in self._away_since.items() if self._clock() - since > AWAY_SECONDS]
        return [*self._silent.values(), *(f"{queue} has no consumer of this process" for queue in late)]

    async def look(self) -> None:
        """Look once; ConsumerLostError if a consumer has been away too long without anybody else's fault."""
        now = self._clock()
        away = [it.queue for it in self._subscriptions if not it.attached]
        self._away_since = {queue: self._away_since.get(queue, now) for queue in away}
        try:
            await self._send_canaries(now)
            if away:
                await self._broker.check()
        except BrokerUnavailableError as error:
            _log.info("queues_not_watched", error=str(error))
            self._lost_since = {}  # no consumer can be there, and nobody is to blame for it
            return
        self._judge([queue for queue in away if queue not in self._silent])

    async def _send_canaries(self, now: float) -> None:
        """To every queue that is due."""
        due = []
        for queue in (it.queue for it in self._subscriptions):
            doubtful = queue in self._silent or queue in self._away_since
            wait = DOUBT_SECONDS if doubtful else CANARY_SECONDS
            if queue in self._doubted or now - self._proven_at.get(queue, float("-inf")) >= wait:
                due.append(queue)
        if not due:
            return
        troubles = await self._broker.prove(due)
        self._proven_at |= dict.fromkeys(due, self._clock())
        for queue in due:
            self._note(queue, troubles.get(queue))

    def _note(self, queue: str, trouble: str | None) -> None:
        """A queue is silent when two canaries in a row are lost: one alone may be a broker that is busy."""
        if trouble is None:
            self._doubted.discard(queue)
            if self._silent.pop(queue, None) is not None:
                _log.info("queue_stores_again", queue=queue)
        elif queue in self._silent:
            self._silent[queue] = trouble
        elif queue in self._doubted:
            self._doubted.remove(queue)
            self._silent[queue] = trouble
            _log.error("queue_stores_nothing", queue=queue, trouble=trouble)
        else:
            self._doubted.add(queue)

    def _judge(self, queues: list[str]) -> None:
        """The queues are well, and so is the broker, but these consumers are away."""
        now = self._clock()
        self._lost_since = {queue: self._lost_since.get(queue, now) for queue in queues}
        for queue, since in self._lost_since.items():
            if now - since >= LOST_SECONDS:
                raise ConsumerLostError(f"the consumer of {queue} has been away for {now - since:.0f} s")

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_INTERVAL)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for the duration of the context; a consumer that is lost ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run(), name="queue watch")
            try:
                yield
            finally:
                task.cancel()
