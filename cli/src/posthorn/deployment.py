"""Brings database and broker to the state this code needs, and says how each service reaches them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.database.deploy import deploy
from common.database.embedded import EmbeddedPostgres
from common.database.engine import create_engine
from common.database.roles import SERVICES
from common.messaging.factory import open_broker
from posthorn.home import database_passwords


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The administrator's URL: DATABASE_URL, or a server of our own in the folder for as long as the context lasts."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(folder / "postgres") as server:
        yield server.url


async def prepare(admin_url: str, folder: Path, amqp_url: str | None, namespace: str = "posthorn") -> dict[str, str]:
    """The deploy step: roles, schemas, migrations, queues; returns each service's database URL. Safe to repeat."""
    urls = await deploy(admin_url, database_passwords(folder, SERVICES))
    engine = create_engine(urls["gateway"], role_application="deploy", pool_size=2)
    broker = open_broker(amqp_url, engine, namespace=namespace, service="deploy")
    try:
        await broker.open()
        await broker.declare()
    finally:
        await broker.close()
        await engine.dispose()
    return urls
