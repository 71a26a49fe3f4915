"""One message from RabbitMQ and the four ways to end it."""

import asyncio

import structlog
from aio_pika.abc import AbstractIncomingMessage

from common.contracts import Headers
from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS
from common.messaging.protocol import BrokerUnavailableError
from common.messaging.rabbit_connection import RABBIT_ERRORS
from common.messaging.rabbit_message import dead_letter, dead_reason, to_amqp
from common.messaging.rabbit_publisher import Publisher, Routed
from common.messaging.rabbit_topology import Topology

_log = structlog.get_logger()


class Way:
    """Where the messages of one queue go when they are not simply acknowledged."""

    def __init__(self, queue: str, topology: Topology, publisher: Publisher) -> None:
        self.queue = queue
        self._topology = topology
        self._publisher = publisher

    async def wait(self, headers: Headers, body: bytes, delay: float) -> None:
        """Store a copy with `attempt` one higher in the wait queue that leads back here."""
        message = to_amqp(headers, body, attempt=headers.attempt + 1)
        await self._send(Routed(self._topology.wait(delay), self._topology.queue(self.queue), message))

    async def park(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Store a copy in the dead-letter queue."""
        copy = dead_letter(message.headers, message.body, message.content_encoding, reason)
        await self._send(Routed(self._topology.dead, self._topology.queue(self.queue), copy))

    async def _send(self, routed: Routed) -> None:
        (error,) = await self._publisher.send([routed])
        if error is not None:
            raise BrokerUnavailableError(f"{routed.exchange} for {self.queue}: {error}") from error


class RabbitDelivery:
    """A message in our hands; the channel it came by ends it, a copy elsewhere is confirmed first."""

    __slots__ = ("_ended", "_headers", "_message", "_way")

    def __init__(self, message: AbstractIncomingMessage, headers: Headers, way: Way) -> None:
        self._message = message
        self._headers = headers
        self._way = way
        self._ended = False

    @property
    def headers(self) -> Headers:
        return self._headers

    @property
    def body(self) -> bytes:
        return self._message.body

    @property
    def redelivered(self) -> bool:
        return bool(self._message.redelivered)

    @property
    def dead_reason(self) -> str:
        return dead_reason(self._message.headers)

    @property
    def ended(self) -> bool:
        return self._ended

    async def ack(self) -> None:
        await self._end("acked")

    async def retry(self, delay: float) -> None:
        if self._alive():
            await self._way.wait(self._headers, self.body, delay)
        await self._end("retried")

    async def dead(self, reason: str) -> None:
        if self._alive():
            await self._way.park(self._message, reason)
        await self._end("dead")

    async def release(self) -> None:
        await self._end("released")

    def _alive(self) -> bool:
        """Whether the broker still counts the message as ours; a copy of one that it delivers again would double it."""
        if self._ended:
            raise RuntimeError(f"delivery of {self._headers.event_id} was ended before")
        try:
            return not self._message.channel.is_closed
        except RuntimeError:  # aio-pika's way of saying closed
            return False

    async def _end(self, result: str) -> None:
        alive, self._ended = self._alive(), True
        if not alive:
            _log.info("delivery_ended_late", queue=self._way.queue, result=result, event_id=self._headers.event_id)
            return
        await settle(self._message, self._way.queue, result)


async def settle(message: AbstractIncomingMessage, queue: str, result: str) -> None:
    """Give a released message back, acknowledge any other; on a lost connection the broker delivers it again.

    AMQP answers neither, so we only wait until it is on its way out.
    """
    tag = message.delivery_tag or 0
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            if result == "released":
                await message.channel.basic_nack(tag, requeue=True, wait=False)
            else:
                await message.channel.basic_ack(tag, wait=False)
    except RABBIT_ERRORS as error:
        _log.info("delivery_not_settled", queue=queue, result=result, error=repr(error))
    else:
        metrics.DELIVERIES.labels(queue, result).inc()
