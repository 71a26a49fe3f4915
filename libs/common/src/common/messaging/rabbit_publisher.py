"""Publishes with confirms on a connection of its own, many messages in flight at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import DeliveryError

from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS, bounded
from common.messaging.protocol import BrokerUnavailableError
from common.messaging.rabbit_connection import Link


@dataclass(frozen=True, slots=True)
class Routed:
    """A message and its way; `mandatory` False where no queue need take it."""

    exchange: str
    routing_key: str
    message: Message
    mandatory: bool = True


class Publisher:
    """One channel with confirms, opened again when it was lost."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = asyncio.Lock()
        self._open: tuple[AbstractChannel, AbstractConnection] | None = None

    async def send(self, messages: Sequence[Routed]) -> list[Exception | None]:
        """Publish all and wait up to 10 s; per message None when confirmed, else what became of it.

        DeliveryError: refused, or returned because no queue takes it. BrokerUnavailableError: nothing is known.
        """
        try:
            channel, connection = await self._open_channel()
        except BrokerUnavailableError as error:
            metrics.PUBLISHES.labels("failed").inc(len(messages))
            return [error] * len(messages)
        results: list[Exception | None] = [BrokerUnavailableError("publish: not confirmed in time")] * len(messages)
        try:
            await bounded(_publish_all(channel, messages, results), ANSWER_SECONDS, f"publish {len(messages)} messages")
        except BrokerUnavailableError as error:
            self._link.drop(connection, str(error))
        for result in results:
            metrics.PUBLISHES.labels(_name(result)).inc()
        return list(results)

    async def _open_channel(self) -> tuple[AbstractChannel, AbstractConnection]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._lock:
                # A connection that was given up still looks open for seconds.
                connection = await self._link.connection(ANSWER_SECONDS)
                if self._open is None or self._open[0].is_closed or self._open[1] is not connection:
                    self._open = await self._link.channel(ANSWER_SECONDS)
                return self._open
        except TimeoutError:
            raise BrokerUnavailableError(f"publish: no channel within {ANSWER_SECONDS:g} s") from None


async def _publish_all(channel: AbstractChannel, messages: Sequence[Routed], results: list[Exception | None]) -> None:
    """All at once: aiormq writes them in turn and the confirms come back together."""
    await asyncio.gather(*(_publish(channel, message, results, n) for n, message in enumerate(messages)))


async def _publish(channel: AbstractChannel, routed: Routed, results: list[Exception | None], number: int) -> None:
    exchange = (
        await channel.get_exchange(routed.exchange, ensure=False) if routed.exchange else channel.default_exchange
    )
    try:
        await exchange.publish(routed.message, routed.routing_key, mandatory=routed.mandatory)
    except DeliveryError as error:
        results[number] = error
    except (TypeError, ValueError):  # the message cannot be written: an error of ours
        raise
    except Exception as error:  # noqa: BLE001 - aiormq raises `Exception` itself when a channel closes without a reason
        results[number] = BrokerUnavailableError(f"publish: {error!r}")
    except asyncio.CancelledError:
        # A closing connection says so too (E9); then nobody has cancelled this task.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        results[number] = BrokerUnavailableError("publish: connection lost")
    else:
        results[number] = None


def _name(result: Exception | None) -> str:
    if result is None:
        return "confirmed"
    return "returned" if isinstance(result, DeliveryError) else "failed"
