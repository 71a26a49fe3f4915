"""A consumer of one RabbitMQ queue that is attached again whenever connection, channel or consumer is lost."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS, LEAVE_SECONDS, bounded, in_background
from common.messaging.foreign import foreign_headers
from common.messaging.protocol import DEAD, BrokerUnavailableError
from common.messaging.rabbit_connection import RABBIT_ERRORS, Link
from common.messaging.rabbit_delivery import RabbitDelivery, Way, settle
from common.messaging.rabbit_message import CANARY, from_amqp
from common.messaging.workers import RELEASE_PAUSE_SECONDS, Workers

#: Seconds between two looks at whether the broker still counts a consumer.
WATCH_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 3.0
_log = structlog.get_logger()


#: `Broker.prove`.
Prove = Callable[[Sequence[str]], Awaitable[dict[str, str]]]


class QueueMissingError(BrokerUnavailableError):
    """The queue is not declared."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A consumer as it is now: gone as soon as `lost` is set."""

    connection: AbstractConnection
    channel: AbstractChannel
    tag: str
    lost: asyncio.Event


class RabbitSubscription:
    """Feeds workers from the queue and watches over the consumer until cancelled."""

    def __init__(
        self, queue: str, broker_queue: str, link: Link, way: Way, workers: Workers, prefetch: int, prove: Prove
    ) -> None:
        self._queue = queue
        self._broker_queue = broker_queue
        self._link = link
        self._way = way
        self._workers = workers
        self._prefetch = prefetch
        self._prove = prove
        self._attached: Attached | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def queue(self) -> str:
        """What it consumes."""
        return self._queue

    @property
    def attached(self) -> bool:
        """Whether the broker has a consumer of ours and its loss would be noticed."""
        watched = self._task is not None and not self._task.done()
        return watched and self._attached is not None and not self._attached.lost.is_set()

    async def start(self) -> None:
        """Attach, or go on trying; BrokerUnavailableError when the queue is not declared."""
        try:
            self._attached = await self._attach()
        except QueueMissingError:
            raise
        except BrokerUnavailableError as error:
            _log.warning("consumer_not_attached", queue=self._queue, error=str(error))
        self._task = asyncio.create_task(self._supervise(self._attached), name=f"{self._queue} consumer")

    async def cancel(self, grace: float = 20.0) -> None:
        """Stop taking messages, wait up to `grace` seconds for running handlers, release the rest."""
        if self._task is None:
            return
        deadline = asyncio.get_running_loop().time() + grace
        self._task.cancel()
        await asyncio.wait({self._task})
        attached, self._attached = self._attached, None
        if attached is not None:
            await self._quietly(self._cancel_consumer(attached), "stop consuming")
        await self._workers.stop(max(0.0, deadline - asyncio.get_running_loop().time()))
        if attached is not None:
            # Everything not acknowledged goes back to the queue with its channel.
            await self._quietly(_close(attached.channel), "close the channel")
        self._task = None

    async def _attach(self) -> Attached:
        channel, connection = await self._link.channel()
        lost = asyncio.Event()
        try:
            tag = await bounded(self._consume(channel, lost), ANSWER_SECONDS, f"consume {self._queue}", RABBIT_ERRORS)
        except BrokerUnavailableError as error:
            if isinstance(error.__cause__, ChannelNotFoundEntity):
                raise QueueMissingError(
                    f"{self._broker_queue} is not declared: run the deploy step (Broker.declare) first"
                ) from error
            self._link.drop(connection, str(error))
            raise
        metrics.CONSUMING.labels(self._queue).inc()
        return Attached(connection, channel, tag, lost)

    async def _consume(self, channel: AbstractChannel, lost: asyncio.Event) -> str:
        """Consume on a channel of our own, so that the prefetch and a failure are ours alone."""
        under = await channel.get_underlay_channel()
        channel.close_callbacks.add(lambda *_: lost.set())
        under.on_consumer_cancel_callbacks.add(lambda _: lost.set())
        await channel.set_qos(prefetch_count=self._prefetch)
        queue = await channel.declare_queue(self._broker_queue, passive=True)
        return await queue.consume(self._receive)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        """Called by aio-pika in a task that dies with the channel: only hand over, never raise (E4, E5)."""
        if message.headers.get(CANARY):
            in_background(settle(message, self._queue, "canary"), "drop a canary")
            return
        try:
            headers = from_amqp(message.headers)
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            if self._queue.endswith(DEAD):
                headers = foreign_headers(message.message_id or "", message.body)
                self._workers.put([RabbitDelivery(message, headers, self._way)])
                return
            _log.error("foreign_message", queue=self._queue, message_id=message.message_id, error=str(error))
            in_background(
                self._park(message, f"foreign: {error}; headers {message.headers!r}"), "park a foreign message"
            )
            return
        self._workers.put([RabbitDelivery(message, headers, self._way)])

    async def _park(self, message: AbstractIncomingMessage, reason: str) -> None:
        try:
            await self._way.park(message, reason)
        except BrokerUnavailableError:
            await asyncio.sleep(RELEASE_PAUSE_SECONDS)
            await settle(message, self._queue, "released")
            raise
        await settle(message, self._queue, "foreign")

    async def _supervise(self, attached: Attached | None) -> None:
        while True:
            if attached is None:
                attached = self._attached = await self._attach_again()
                _log.info("consumer_attached", queue=self._queue)
            reason = await self._until_lost(attached)
            _log.warning("consumer_lost", queue=self._queue, reason=reason)
            in_background(_close(attached.channel), "close the lost channel")
            attached = self._attached = None
            metrics.CONSUMING.labels(self._queue).dec()
            # The broker delivers again what no handler has seen; what a handler has in hand is ended late.
            self._workers.take_waiting()

    async def _attach_again(self) -> Attached:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._assert_sound()
                return await self._attach()
            except Exception as error:  # noqa: BLE001 - a consumer must not die in silence: it tries again and says why
                _log.warning("consumer_not_attached", queue=self._queue, error=repr(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _assert_sound(self) -> None:
        """To consume a queue without a leader costs all our consumers their connection: first see that it stores."""
        if trouble := await self._prove([self._queue]):
            raise BrokerUnavailableError(trouble[self._queue])

    async def _until_lost(self, attached: Attached) -> str:
        """Return why the consumer is gone; the broker is asked, because a client library may not notice."""
        zeros = 0
        while zeros < 2:  # a quorum queue may count a fresh consumer late
            try:
                async with asyncio.timeout(WATCH_SECONDS):
                    await attached.lost.wait()
                    return "connection, channel or consumer closed"
            except TimeoutError:
                pass
            try:
                count = await bounded(
                    self._consumers(attached.channel), ANSWER_SECONDS, f"watch {self._queue}", RABBIT_ERRORS
                )
            except BrokerUnavailableError as error:
                self._link.drop(attached.connection, str(error))
                return str(error)
            zeros = 0 if count else zeros + 1
        return "the broker counts no consumer"

    async def _consumers(self, channel: AbstractChannel) -> int:
        under = await channel.get_underlay_channel()
        return (await under.queue_declare(self._broker_queue, passive=True)).consumer_count or 0

    async def _cancel_consumer(self, attached: Attached) -> None:
        metrics.CONSUMING.labels(self._queue).dec()
        await (await attached.channel.get_underlay_channel()).basic_cancel(attached.tag)

    async def _quietly(self, work: Awaitable[None], doing: str) -> None:
        """On the way out a broker that is away is no error: it gives the messages to somebody else."""
        try:
            await bounded(work, LEAVE_SECONDS, f"{self._queue}: {doing}", RABBIT_ERRORS)
        except BrokerUnavailableError as error:
            _log.info("consumer_left_late", queue=self._queue, error=str(error))


async def _close(channel: AbstractChannel) -> None:
    if not channel.is_closed:
        await channel.close()
