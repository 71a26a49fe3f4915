"""A consumer that takes a message, says so and never ends it: to be killed."""

import asyncio
import sys

from common.messaging.protocol import Broker, Delivery


def _broker(kind: str, url: str, detail: str) -> Broker:
    """Imports what it needs only, to start fast."""
    if kind == "rabbit":
        from common.messaging.rabbit import RabbitBroker

        return RabbitBroker(url, namespace=detail, service="victim")
    from common.database import create_engine
    from common.messaging.postgres import PostgresBroker

    return PostgresBroker(create_engine(url, role_application="victim"), lease_seconds=float(detail))


async def _hold(deliveries: list[Delivery]) -> None:
    print("holds", deliveries[0].headers.unit_id, flush=True)  # noqa: T201 - the test reads it
    await asyncio.Event().wait()


async def main(queue: str, kind: str, url: str, detail: str) -> None:
    broker = _broker(kind, url, detail)
    await broker.open()
    await broker.subscribe(queue, _hold)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
