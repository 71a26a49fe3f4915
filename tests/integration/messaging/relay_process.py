"""A relay of the normalizer's outbox in a process of its own: to be killed."""

import asyncio
import sys

from common.database import create_engine
from common.messaging.outbox import Outbox
from common.messaging.postgres import PostgresBroker
from common.messaging.relay import relay


async def main(url: str) -> None:
    engine = create_engine(url, role_application="relay")
    broker = PostgresBroker(engine)
    await broker.open()
    async with relay(broker, engine, Outbox("normalizer"), interval=0.05):
        print("relaying", flush=True)  # noqa: T201 - the test reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
