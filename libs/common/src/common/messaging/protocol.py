"""What a broker does for us, whichever it is: RabbitMQ or a table in PostgreSQL."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from common.contracts import Headers


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish under the routing key `headers.event_type`."""

    headers: Headers
    body: bytes


class BrokerUnavailableError(Exception):
    """The broker cannot be reached or did not answer in time; nothing is known of what was not confirmed."""


class Delivery(Protocol):
    """A message handed to a consumer; exactly one of the four verbs ends it.

    A lost connection makes any of them a no-op: the broker delivers the message again.
    """

    @property
    def headers(self) -> Headers: ...

    @property
    def body(self) -> bytes: ...

    @property
    def redelivered(self) -> bool: ...

    @property
    def dead_reason(self) -> str:
        """Why it lies in a dead-letter queue; empty elsewhere."""

    async def ack(self) -> None:
        """Done: the message is gone."""

    async def retry(self, delay: float) -> None:
        """Again after about `delay` seconds (the next longer wait queue), with `attempt` one higher."""

    async def dead(self, reason: str) -> None:
        """Park it in the dead-letter queue `<queue>.dead` with the reason."""

    async def release(self) -> None:
        """Back to the queue as it was: another consumer may have it now."""


#: The event type of a message whose headers are not ours.
FOREIGN = "foreign"
#: The end of the name of a dead-letter queue.
DEAD = ".dead"

Handler = Callable[[list[Delivery]], Awaitable[None]]


class Subscription(Protocol):
    """A running consumer of one queue; it survives reconnects until cancelled."""

    @property
    def queue(self) -> str:
        """What it consumes."""

    @property
    def attached(self) -> bool:
        """Whether the broker delivers to it at the moment, as far as we know."""

    async def cancel(self, grace: float = 20.0) -> None:
        """Stop taking messages, wait up to `grace` seconds for running handlers, release the rest."""


class Broker(Protocol):
    """Durable at-least-once delivery. Every await is bounded (10 s) and ends in BrokerUnavailableError when it is."""

    async def open(self) -> None:
        """Connect; keeps trying until `connect_timeout`, then raises BrokerUnavailableError."""

    async def declare(self, *, recreate: bool = False) -> None:
        """Deploy step: create every queue of the registry, idempotently, and prove each with a canary.

        With `recreate` a queue that stores nothing is deleted, with what it may hold, and created again.
        """

    async def publish(self, messages: Sequence[Outgoing]) -> set[str]:
        """Publish and wait for confirms; returns the event_ids confirmed as stored in all bound queues."""

    async def subscribe(
        self, queue: str, handler: Handler, *, concurrency: int = 1, prefetch: int = 4, batch: int = 1
    ) -> Subscription:
        """Run `handler` on up to `batch` messages at a time, at most `concurrency` at once, in tasks of our own.

        What is not ours is parked in the dead-letter queue; from there (`<queue>.dead`) it is handed over under made-up
        headers of the event type `FOREIGN`, and `retry` leads back to the queue itself. A handler that raises or
        returns with a delivery not ended has that delivery released after a pause of 1 s.
        """

    async def check(self) -> None:
        """Raise BrokerUnavailableError unless the broker answers within 3.5 s."""

    async def prove(self, queues: Sequence[str]) -> dict[str, str]:
        """Send a canary to each queue, which no handler sees; returns those that do not store it, and the cure.

        BrokerUnavailableError where the broker does not answer, so that nothing is known of any queue.
        """

    async def depth(self, queue: str) -> int:
        """Messages ready in the queue (RabbitMQ's figure may lag by seconds)."""

    async def close(self) -> None:
        """Cancel all subscriptions and disconnect."""
