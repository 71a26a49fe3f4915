"""Chooses the broker from a service's settings."""

from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Broker


def open_broker(url: str | None, engine: AsyncEngine, *, namespace: str, service: str) -> Broker:
    """RabbitMQ for an amqp:// or amqps:// URL, the table broker on `engine` for None or "postgres"; not yet opened.

    ValueError for any other URL.
    """
    if url is None or url == "postgres":
        return PostgresBroker(engine)
    if url.startswith(("amqp://", "amqps://")):
        # Here, because the embedded mode never needs aio-pika: it saves its memory and the time to import it.
        from common.messaging.rabbit import RabbitBroker

        return RabbitBroker(url, namespace=namespace, service=service)
    raise ValueError('the broker URL must begin with amqp:// or amqps://, or be empty or "postgres"')
