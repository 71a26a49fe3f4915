"""One supervised connection to RabbitMQ: opened again by us, with backoff and jitter, whenever it is lost."""

import asyncio
import logging
import random
import time

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection

from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS, LEAVE_SECONDS, LIMIT_SECONDS, bounded, in_background
from common.messaging.protocol import BrokerUnavailableError

#: Seconds between heartbeats; aiormq gives a silent connection up after three of them.
HEARTBEAT_SECONDS = 10
#: What aio-pika and aiormq raise when the broker is away or closes on us.
RABBIT_ERRORS: tuple[type[Exception], ...] = (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError)
_FIRST_PAUSE, _LONGEST_PAUSE, _STABLE_SECONDS = 0.2, 3.0, 10.0
_log = structlog.get_logger()
# Each lost connection would be told three times, with tracebacks; we say once what became of it and why.
logging.getLogger("aiormq.connection").setLevel(logging.CRITICAL)


class Link:
    """Keeps one connection open until closed; `connect_robust` has lost consumers (faststream#2758), so not that."""

    def __init__(self, url: str, service: str, purpose: str) -> None:
        self._url = url
        self._name = f"{service} {purpose}"
        self._purpose = purpose
        self._connection: AbstractConnection | None = None
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, and to reconnect, unless that was done."""
        if self._task is not None:
            return
        self._task = asyncio.create_task(self._supervise(), name=f"{self._name} connection")

    async def connection(self, seconds: float = LIMIT_SECONDS) -> AbstractConnection:
        """The open connection, waited for up to `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._connected.wait()
        except TimeoutError:
            raise BrokerUnavailableError(f"{self._name}: not connected to RabbitMQ: {self._error}") from self._error
        if self._connection is None:
            raise BrokerUnavailableError(f"{self._name}: closed")
        return self._connection

    async def channel(self, seconds: float = LIMIT_SECONDS) -> tuple[AbstractChannel, AbstractConnection]:
        """A new channel and its connection; it confirms, and an unroutable mandatory message raises on it (E1)."""
        deadline = time.monotonic() + seconds
        connection = await self.connection(seconds)
        channel = connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            left = min(ANSWER_SECONDS, max(0.0, deadline - time.monotonic()))
            await bounded(channel.initialize(), left, f"{self._name}: open a channel", RABBIT_ERRORS)
        except BrokerUnavailableError as error:
            self.drop(connection, str(error))
            raise
        return channel, connection

    def drop(self, connection: AbstractConnection, reason: str) -> None:
        """Give up a connection that does not answer, without waiting for its heartbeat to fail."""
        if connection is self._connection and not self._lost.is_set():
            _log.warning("broker_connection_dropped", connection=self._name, reason=reason)
            self._connected.clear()
            self._lost.set()

    async def close(self) -> None:
        """Disconnect for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        connection, self._connection = self._connection, None
        self._connected.set()  # who waits for the connection learns now that there is none
        if connection is not None:
            try:
                await bounded(connection.close(), LEAVE_SECONDS, f"{self._name}: close", RABBIT_ERRORS)
            except BrokerUnavailableError as error:
                _log.warning("broker_close_failed", connection=self._name, error=str(error))

    async def _supervise(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            opened_at = time.monotonic()
            try:
                await self._stay_connected()
            except Exception as error:  # noqa: BLE001 - supervision must not die in silence: it tries again and says why
                self._error = error
                _log.warning("broker_connect_failed", connection=self._name, error=str(error))
            if time.monotonic() - opened_at > _STABLE_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _stay_connected(self) -> None:
        """Connect and return when the connection is lost."""
        connection = await bounded(self._connect(), ANSWER_SECONDS, f"{self._name}: connect", RABBIT_ERRORS)
        lost = self._lost = asyncio.Event()
        reasons: list[object] = []

        def closed(_: object, error: object = None) -> None:
            reasons.append(error)
            lost.set()

        connection.close_callbacks.add(closed)
        self._connection = connection
        self._connected.set()
        _log.info("broker_connected", connection=self._name)
        try:
            await lost.wait()
        finally:
            self._connected.clear()
        metrics.RECONNECTS.labels(self._purpose).inc()
        _log.warning("broker_connection_lost", connection=self._name, reason=repr(reasons))
        in_background(connection.close(), f"{self._name}: close the lost connection")

    async def _connect(self) -> AbstractConnection:
        return await aio_pika.connect(
            self._url, heartbeat=HEARTBEAT_SECONDS, client_properties={"connection_name": self._name}
        )
