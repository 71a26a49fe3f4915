"""Names and shapes of everything we declare on RabbitMQ, and the policies that set its limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from common.contracts import QUEUES, REGISTRY

#: Redeliveries after which the broker itself dead-letters: the last net, as we count attempts ourselves.
DELIVERY_LIMIT = 20
#: Bytes of messages a queue holds before it refuses more; the outboxes then hold the rest.
QUEUE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Topology:
    """One namespace: a topic exchange for events, a queue per stage, its dead-letter queue, shared wait queues."""

    namespace: str
    wait_seconds: Sequence[float]

    @property
    def events(self) -> str:
        """The topic exchange; it has no alternate exchange, because that makes `mandatory` succeed."""
        return f"{self.namespace}.events"

    @property
    def dead(self) -> str:
        """The direct exchange to the dead-letter queues; the routing key is the name of the failing queue."""
        return f"{self.namespace}.dead"

    def queue(self, name: str) -> str:
        """The queue's name on the broker."""
        return f"{self.namespace}.{name}"

    def wait(self, delay: float) -> str:
        """The shortest wait that is not shorter than `delay` seconds, or the longest: name of exchange and queue."""
        fitting = [s for s in sorted(self.wait_seconds) if s >= delay]
        return self._wait_name(fitting[0] if fitting else max(self.wait_seconds))

    def _wait_name(self, seconds: float) -> str:
        # The time is part of the name: a new time makes a new queue instead of PRECONDITION_FAILED on the old one.
        return f"{self.namespace}.wait.{round(seconds * 1000)}ms"

    def exchanges(self) -> dict[str, str]:
        """Exchange names and their types."""
        return {self.events: "topic", self.dead: "direct"} | dict.fromkeys(
            map(self._wait_name, self.wait_seconds), "fanout"
        )

    def queues(self) -> dict[str, dict[str, Any]]:
        """Queue names and their arguments.

        Limits are policies: they can be changed on a living queue, an argument cannot. Arguments are only what never
        changes and must not be missing: without the dead-letter target a message that passes RabbitMQ 4's built-in
        delivery limit (20) is dropped, and a wait queue without its time or target is a trap. Over AMQP we can set
        arguments but no policy, so only arguments are sure to be there.
        """
        shapes: dict[str, dict[str, Any]] = {}
        for name in QUEUES:
            target = {"x-dead-letter-exchange": self.dead, "x-dead-letter-routing-key": self.queue(name)}
            shapes[self.queue(name)] = {"x-queue-type": "quorum"} | target
            shapes[self.queue(f"{name}.dead")] = {"x-queue-type": "quorum"}
        for seconds in self.wait_seconds:
            shapes[self._wait_name(seconds)] = {
                "x-queue-type": "quorum",
                "x-message-ttl": round(seconds * 1000),
                # The default exchange with the routing key kept, which is the failing queue: nobody else sees it again.
                "x-dead-letter-exchange": "",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
        return shapes

    def bindings(self) -> Iterator[tuple[str, str, str]]:
        """Exchange, queue and routing key of every binding."""
        for registered in REGISTRY:
            for name in registered.queues:
                yield self.events, self.queue(name), registered.event.event_type
        for name in QUEUES:
            yield self.dead, self.queue(f"{name}.dead"), self.queue(name)
        for seconds in self.wait_seconds:
            yield self._wait_name(seconds), self._wait_name(seconds), ""

    def canary_route(self, queue: str) -> tuple[str, str]:
        """Exchange and routing key that lead a canary into `queue`, and after a wait queue to where it is skipped."""
        if queue.startswith(f"{self.namespace}.wait."):
            return queue, self.queue(QUEUES[0])
        return "", queue

    def policies(self) -> list[dict[str, Any]]:
        """Limits of the stage queues, in the form of RabbitMQ's definitions file.

        To be set by the deploy tooling (`rabbitmqctl import_definitions` or the management API). Without them the
        system works, but a queue may grow until the broker's memory alarm instead of refusing what is too much.
        """
        definition = {
            "delivery-limit": DELIVERY_LIMIT,
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
            "max-length-bytes": QUEUE_BYTES,
        }
        stages = "|".join(name.replace(".", r"\.") for name in QUEUES)
        pattern = rf"^{self.namespace}\.({stages})$"
        return [
            {
                "name": f"{self.namespace}-stages", "pattern": pattern, "apply-to": "queues", "priority": 10,
                "definition": definition,
            },
        ]  # fmt: skip
