"""What RabbitMQ says about the queues of a namespace."""

from dataclasses import dataclass

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

from common.contracts import QUEUES
from common.messaging.rabbit_topology import Topology

_WAITS = (5.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True, slots=True)
class QueueState:
    """Messages ready and consumers; a queue that is not declared has -1 of both."""

    ready: int
    consumers: int
    stage: bool


async def queue_states(url: str, namespace: str) -> dict[str, QueueState]:
    """The state of every queue that the product declares, by its name on the broker."""
    topology = Topology(namespace, _WAITS)
    stages = {topology.queue(name) for name in QUEUES}
    connection = await aio_pika.connect(url, timeout=5)
    async with connection:
        return {name: await _state(connection, name, name in stages) for name in topology.queues()}


async def delete_queues(url: str, namespace: str) -> None:
    """Remove the queues of a namespace that was declared for a test."""
    connection = await aio_pika.connect(url, timeout=10)
    async with connection:
        channel = await connection.channel()
        for name in Topology(namespace, _WAITS).queues():
            await channel.queue_delete(name)


async def _state(connection: aio_pika.abc.AbstractConnection, name: str, stage: bool) -> QueueState:
    channel = await connection.channel()
    under = await channel.get_underlay_channel()
    try:
        declared = await under.queue_declare(name, passive=True, timeout=5)
    except ChannelNotFoundEntity:
        return QueueState(-1, -1, stage)
    await channel.close()
    return QueueState(declared.message_count or 0, declared.consumer_count or 0, stage)
