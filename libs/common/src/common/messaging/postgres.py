"""The broker kept in PostgreSQL, for running without RabbitMQ: a table, leases, NOTIFY as a hint."""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import registered
from common.messaging import broker_metrics as metrics
from common.messaging.bounds import CHECK_SECONDS, LIMIT_SECONDS
from common.messaging.postgres_acks import Acknowledger
from common.messaging.postgres_consumer import PostgresSubscription
from common.messaging.postgres_listener import Listener
from common.messaging.postgres_store import MessageStore
from common.messaging.protocol import BrokerUnavailableError, Handler, Outgoing, Subscription
from common.messaging.workers import Workers

_PAUSE = 0.5
_log = structlog.get_logger()


class PostgresBroker:
    """`Broker` on the table `broker.message`, which the migrations create; uses the service's own engine.

    A message whose consumer dies is delivered again `lease_seconds` after its last sign of life.
    """

    def __init__(
        self, engine: AsyncEngine, *, lease_seconds: float = 15.0, connect_timeout: float = LIMIT_SECONDS
    ) -> None:
        self._store = MessageStore(engine)
        self._acknowledger = Acknowledger(self._store)
        self._listener = Listener(engine)
        self._lease_seconds = lease_seconds
        self._connect_timeout = connect_timeout
        self._subscriptions: list[PostgresSubscription] = []

    async def open(self) -> None:
        """Connect; keeps trying until `connect_timeout` seconds have passed, then raises BrokerUnavailableError."""
        deadline = asyncio.get_running_loop().time() + self._connect_timeout
        while True:
            try:
                await self.check()
                break
            except BrokerUnavailableError:
                if asyncio.get_running_loop().time() + _PAUSE > deadline:
                    raise
            await asyncio.sleep(_PAUSE)
        self._acknowledger.start()
        self._listener.start()

    async def declare(self, *, recreate: bool = False) -> None:
        """Deploy step: the migrations have made the table; here it is proven that messages can be stored."""
        await self._store.prove()

    async def publish(self, messages: Sequence[Outgoing]) -> set[str]:
        """Store all messages in one statement; returns the event_ids stored in all bound queues: all or none.

        Left out are those of an event type that is not registered.
        """
        rows: list[tuple[str, str, bytes]] = []
        refused = set[str]()
        for message in messages:
            try:
                queues = registered(message.headers.event_type).queues
            except KeyError:
                _log.error("publish_not_confirmed", event_type=message.headers.event_type, error="not registered")
                refused.add(message.headers.event_id)
                continue
            headers = msgspec.json.encode(message.headers).decode()
            rows += [(queue, headers, message.body) for queue in queues]
        if rows:
            await self._store.publish(rows)
        confirmed = {message.headers.event_id for message in messages} - refused
        metrics.PUBLISHES.labels("confirmed").inc(len(confirmed))
        metrics.PUBLISHES.labels("returned").inc(len(refused))
        return confirmed

    async def subscribe(
        self, queue: str, handler: Handler, *, concurrency: int = 1, prefetch: int = 4, batch: int = 1
    ) -> Subscription:
        """Run `handler` on up to `batch` messages at a time, at most `concurrency` at once, in tasks of our own.

        `prefetch` is raised to `batch` where it is less. A batch that is not full waits 20 ms for more.
        """
        workers = Workers(queue, handler, concurrency=concurrency, batch=batch)
        subscription = PostgresSubscription(
            queue, workers, self._store, self._acknowledger, self._listener,
            prefetch=max(prefetch, batch), lease_seconds=self._lease_seconds,
        )  # fmt: skip
        try:
            await subscription.start()
        except BaseException:
            await workers.stop(0)
            raise
        self._subscriptions.append(subscription)
        return subscription

    async def check(self) -> None:
        """Raise BrokerUnavailableError unless the database answers within 3.5 s."""
        await self._store.check(CHECK_SECONDS)

    async def prove(self, queues: Sequence[str]) -> dict[str, str]:
        """The queues, which are one table, with what keeps it from storing: a full disk, a server that only reads."""
        try:
            await self._store.prove()
        except BrokerUnavailableError as error:
            await self.check()
            return dict.fromkeys(queues, f"PostgreSQL answers but stores no messages: {error}")
        return {}

    async def depth(self, queue: str) -> int:
        """Messages that may be handed out now."""
        return await self._store.depth(queue)

    async def close(self) -> None:
        """Cancel all subscriptions and disconnect."""
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(subscription.cancel() for subscription in subscriptions))
        await self._acknowledger.close()
        await self._listener.close()
