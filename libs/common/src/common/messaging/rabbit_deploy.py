"""The deploy step on RabbitMQ: declares the topology and proves every queue with a canary."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity

from common.messaging.bounds import ANSWER_SECONDS, LIMIT_SECONDS, bounded
from common.messaging.protocol import BrokerUnavailableError
from common.messaging.rabbit_connection import RABBIT_ERRORS, Link
from common.messaging.rabbit_message import CANARY, canary
from common.messaging.rabbit_publisher import Publisher, Routed
from common.messaging.rabbit_topology import Topology

#: A broker that has just started may take 20 s to elect its leaders [M]: so often before a queue is deleted.
_LOOKS = 4
T = TypeVar("T")
_log = structlog.get_logger()


class Deployment:
    """One run of the deploy step."""

    def __init__(self, topology: Topology, link: Link, publisher: Publisher) -> None:
        self._topology = topology
        self._link = link
        self._publisher = publisher

    async def run(self, recreate: bool) -> None:
        """Create what is missing and prove each queue; see `RabbitBroker.declare`."""
        channel, _ = await self._link.channel()
        for exchange, kind in self._topology.exchanges().items():
            await _answer(channel.declare_exchange(exchange, kind, durable=True), f"declare exchange {exchange}")
        fresh = [queue for queue in self._topology.queues() if await self._is_missing(queue)]
        for queue in self._topology.queues():
            await self._declare(channel, queue)
        await channel.close()
        silent = await self._silent(list(self._topology.queues()))
        looks = 1
        while recreate and silent and looks < _LOOKS:
            silent, looks = await self._silent(silent), looks + 1
        again = [queue for queue in silent if recreate or queue in fresh]
        for queue in again:
            await self._recreate(queue)
        silent = [queue for queue in silent if queue not in again] + await self._silent(again)
        if silent:
            raise BrokerUnavailableError(silent_advice(silent))
        _log.info("topology_declared", namespace=self._topology.namespace, created=len(fresh))

    async def _is_missing(self, queue: str) -> bool:
        channel, _ = await self._link.channel()
        try:
            await _answer(channel.declare_queue(queue, passive=True), f"look for queue {queue}")
        except BrokerUnavailableError as error:
            if isinstance(error.__cause__, ChannelNotFoundEntity):
                return True
            raise
        await channel.close()
        return False

    async def _declare(self, channel: AbstractChannel, queue: str) -> None:
        arguments = self._topology.queues()[queue]
        declared = await _answer(
            channel.declare_queue(queue, durable=True, arguments=arguments), f"declare queue {queue} as {arguments}"
        )
        for exchange, target, key in self._topology.bindings():
            if target == queue:
                await _answer(declared.bind(exchange, key), f"bind {queue} to {exchange}")

    async def _silent(self, queues: list[str]) -> list[str]:
        """Those of the queues that do not answer a canary; one that is full refuses it, which is an answer."""
        routes = [self._topology.canary_route(queue) for queue in queues]
        results = await self._publisher.send([Routed(exchange, key, canary()) for exchange, key in routes])
        silent = [q for q, error in zip(queues, results, strict=True) if isinstance(error, BrokerUnavailableError)]
        for queue in queues:
            if queue not in silent:
                await self._take_canary(queue)
        return silent

    async def _take_canary(self, queue: str) -> None:
        """Take one message: usually the canary; another one goes back, and consumers drop the canary later."""
        channel, _ = await self._link.channel()
        under = await channel.get_underlay_channel()
        got = await _answer(under.basic_get(queue), f"take the canary from {queue}")
        tag = getattr(got.delivery, "delivery_tag", None)
        if tag is not None and (got.header.properties.headers or {}).get(CANARY):
            await _answer(under.basic_ack(tag), f"drop the canary of {queue}")
        await channel.close()  # whatever else was taken goes back with its channel

    async def _recreate(self, queue: str) -> None:
        _log.warning("queue_recreated", queue=queue, reason="it confirms nothing")
        channel, _ = await self._link.channel()
        # Not with if_empty: on a quorum queue without a leader that closes the connection after 20 s [M].
        under = await channel.get_underlay_channel()
        await bounded(under.queue_delete(queue), LIMIT_SECONDS, f"delete {queue}", RABBIT_ERRORS)
        await self._declare(channel, queue)
        await channel.close()


async def _answer(work: Awaitable[T], doing: str) -> T:
    return await bounded(work, ANSWER_SECONDS, doing, RABBIT_ERRORS)


def silent_advice(queues: list[str]) -> str:
    """What a person can do about queues that store nothing."""
    elections = "; ".join(
        f"""rabbitmqctl eval 'ra:trigger_election({{list_to_atom("%2F_{queue}"),node()}}).'""" for queue in queues
    )
    return (
        f"these queues confirm nothing: {', '.join(queues)}. If a broker crashed just after they were declared, they "
        "have no leader and never get one by themselves (rabbitmq-server#10070). In a cluster, first see that a "
        f"majority of its nodes is up. Then elect a leader on the node ({elections}, '%2F' being the vhost '/') or "
        "run `posthorn migrate --recreate-silent-queues`: it deletes and declares them, and the outboxes send "
        "again what they held when its runs are probed."
    )
