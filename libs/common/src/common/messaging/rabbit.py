"""The broker on RabbitMQ: quorum queues, confirms, two connections, everything bounded and supervised by us."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aio_pika.exceptions import DeliveryError, PublishError

from common.contracts import REGISTRY
from common.messaging.bounds import ANSWER_SECONDS, CHECK_SECONDS, LIMIT_SECONDS, bounded
from common.messaging.protocol import DEAD, BrokerUnavailableError, Handler, Outgoing, Subscription
from common.messaging.rabbit_connection import RABBIT_ERRORS, Link
from common.messaging.rabbit_consumer import RabbitSubscription
from common.messaging.rabbit_delivery import Way
from common.messaging.rabbit_deploy import Deployment, silent_advice
from common.messaging.rabbit_message import canary, to_amqp
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
        # A third for canaries: RabbitMQ 3.10 closes the whole connection that spoke to a queue without a leader.
        self._proving = Link(url, service, "canary")
        self._prover = Publisher(self._proving)
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
        with what it may hold: outboxes and probes send that again. BrokerUnavailableError says what else to do.
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
            queue, self._topology.queue(queue), self._consuming, way, workers, max(prefetch, batch), self.prove
        )
        try:
            await subscription.start()
        except BaseException:
            await workers.stop(0)
            raise
        self._subscriptions.append(subscription)
        return subscription

    async def check(self) -> None:
        """Raise BrokerUnavailableError unless both connections answer within 3.5 s."""

        async def answer(link: Link) -> None:
            channel, _ = await link.channel(CHECK_SECONDS)
            await channel.declare_exchange(self._topology.events, passive=True)
            await channel.close()

        async def both() -> None:
            await asyncio.gather(answer(self._publishing), answer(self._consuming))

        await bounded(both(), CHECK_SECONDS, "check", RABBIT_ERRORS)

    async def prove(self, queues: Sequence[str]) -> dict[str, str]:
        """The queues that do not store a canary, which consumers drop, with the cure.

        BrokerUnavailableError where the broker does not answer, so that nothing is known of any queue.
        """
        routes = [self._topology.canary_route(self._topology.queue(queue)) for queue in queues]
        self._proving.start()
        results = await self._prover.send([Routed(exchange, key, canary()) for exchange, key in routes])
        troubles = {q: self._trouble(q, error) for q, error in zip(queues, results, strict=True) if error is not None}
        if troubles:
            await self.check()  # else it is not the queues
        return {queue: trouble for queue, trouble in troubles.items() if trouble}

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
        await asyncio.gather(*(link.close() for link in (self._consuming, self._publishing, self._proving)))

    def _trouble(self, queue: str, error: Exception) -> str:
        """In words; empty for a queue that refuses because it is full: it stores what it has."""
        name = self._topology.queue(queue)
        if isinstance(error, PublishError):
            return f"{name} is not declared: run `posthorn migrate`"
        return "" if isinstance(error, DeliveryError) else silent_advice([name])

    def _route(self, message: Outgoing) -> Routed:
        event_type = message.headers.event_type
        return Routed(
            self._topology.events, event_type, to_amqp(message.headers, message.body), event_type not in _UNBOUND
        )
