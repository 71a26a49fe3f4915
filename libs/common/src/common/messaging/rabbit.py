"""The broker on RabbitMQ: quorum queues, confirms, two connections, everything bounded and supervised by us."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from common.contracts import REGISTRY
from common.messaging.bounds import ANSWER_SECONDS, LIMIT_SECONDS, bounded
from common.messaging.protocol import DEAD, BrokerUnavailableError, Handler, Outgoing, Subscription
from common.messaging.rabbit_connection import RABBIT_ERRORS, Link
from common.messaging.rabbit_consumer import RabbitSubscription
from common.messaging.rabbit_delivery import Way
from common.messaging.rabbit_deploy import Deployment
from common.messaging.rabbit_message import to_amqp
from common.messaging.rabbit_publisher import Publisher, Routed
from common.messaging.rabbit_topology import Topology
from common.messaging.workers import Workers

#: Events that nobody consumes yet: nothing is lost when no queue takes them.
_UNBOUND = frozenset(r.event.event_type for r in REGISTRY if not r.queues)
_log = structlog.get_logger()


class RabbitBroker:
    """`Broker` on RabbitMQ 3.10 to 4.x. `wait_seconds` are the delays that `retry` can give."""

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "posthorn",
        service: str = "posthorn",
        wait_seconds: Sequence[float] = (5, 30, 120, 600),
        connect_timeout: float = LIMIT_SECONDS,
    ) -> None:
        self._topology = Topology(namespace, tuple(wait_seconds))
        self._connect_timeout = connect_timeout
        # Two connections: under a memory alarm the broker stops reading from those that publish (E12).
        self._publishing = Link(url, service, "publisher")
        self._consuming = Link(url, service, "consumer")
        self._publisher = Publisher(self._publishing)
        self._subscriptions: list[RabbitSubscription] = []

    async def open(self) -> None:
        """Connect; keeps trying until `connect_timeout` seconds have passed, then raises BrokerUnavailableError."""
        for link in (self._publishing, self._consuming):
            link.start()
        try:
            await asyncio.gather(
                *(link.connection(self._connect_timeout) for link in (self._publishing, self._consuming))
            )
        except BaseException:
            await self.close()
            raise

    async def declare(self, *, recreate: bool = False) -> None:
        """Deploy step: create exchanges, queues and bindings, idempotently, and prove each queue with a canary.

        A queue created here that confirms nothing is deleted and declared again; with `recreate` any such queue is,
        which is safe only where it never held a message. BrokerUnavailableError says what else to do.
        """
        await Deployment(self._topology, self._publishing, self._publisher).run(recreate)

    def policies(self) -> list[dict[str, Any]]:
        """The limits to be set by the deploy tooling, as RabbitMQ's definitions file has them."""
        return self._topology.policies()

    async def publish(self, messages: Sequence[Outgoing]) -> set[str]:
        """Publish and wait for confirms; returns the event_ids confirmed as stored in all bound queues.

        BrokerUnavailableError only when nothing is known of any; otherwise what is left out was not confirmed.
        """
        if not messages:
            return set()
        results = await self._publisher.send([self._route(message) for message in messages])
        failed = [(message, error) for message, error in zip(messages, results, strict=True) if error is not None]
        unknown = [error for _, error in failed if isinstance(error, BrokerUnavailableError)]
        if len(unknown) == len(messages):
            raise unknown[0]
        for message, error in failed:
            _log.error("publish_not_confirmed", event_type=message.headers.event_type, error=repr(error))
        # An event_id that is twice in one call is confirmed only if both are.
        return {m.headers.event_id for m in messages} - {m.headers.event_id for m, _ in failed}

    async def subscribe(
        self, queue: str, handler: Handler, *, concurrency: int = 1, prefetch: int = 4, batch: int = 1
    ) -> Subscription:
        """Run `handler` on up to `batch` messages at a time, at most `concurrency` at once, in tasks of our own.

        `prefetch` is raised to `batch` where it is less. A batch that is not full waits 20 ms for more.
        """
        workers = Workers(queue, handler, concurrency=concurrency, batch=batch)
        way = Way(queue.removesuffix(DEAD), self._topology, self._publisher)
        subscription = RabbitSubscription(
            queue, self._topology.queue(queue), self._consuming, way, workers, max(prefetch, batch)
        )
        try:
            await subscription.start()
        except BaseException:
            await workers.stop(0)
            raise
        self._subscriptions.append(subscription)
        return subscription

    async def check(self) -> None:
        """Raise BrokerUnavailableError unless both connections answer within 5 s."""

        async def answer(link: Link) -> None:
            channel, _ = await link.channel(ANSWER_SECONDS)
            await channel.declare_exchange(self._topology.events, passive=True)
            await channel.close()

        async def both() -> None:
            await asyncio.gather(answer(self._publishing), answer(self._consuming))

        await bounded(both(), ANSWER_SECONDS, "check", RABBIT_ERRORS)

    async def depth(self, queue: str) -> int:
        """Messages ready in the queue (a quorum queue's figure may lag by seconds)."""
        channel, _ = await self._publishing.channel(ANSWER_SECONDS)
        under = await channel.get_underlay_channel()
        declared = await bounded(
            under.queue_declare(self._topology.queue(queue), passive=True), ANSWER_SECONDS, f"depth of {queue}",
            RABBIT_ERRORS,
        )  # fmt: skip
        await bounded(channel.close(), ANSWER_SECONDS, f"depth of {queue}", RABBIT_ERRORS)
        return declared.message_count or 0

    async def close(self) -> None:
        """Cancel all subscriptions and disconnect."""
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(subscription.cancel() for subscription in subscriptions))
        await asyncio.gather(self._consuming.close(), self._publishing.close())

    def _route(self, message: Outgoing) -> Routed:
        event_type = message.headers.event_type
        return Routed(
            self._topology.events, event_type, to_amqp(message.headers, message.body), event_type not in _UNBOUND
        )
