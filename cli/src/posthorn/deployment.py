"""Brings database and broker to the state this code needs, and says how each service reaches them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from common.database.embedded import EmbeddedPostgres
from common.database.engine import create_engine
from common.database.roles import BROKER, SERVICES, service_url
from common.database.schema_version import SchemaBehindError, assert_current, revision_at, revisions
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


async def prepare(
    admin_url: str, folder: Path, amqp_url: str | None, namespace: str = "posthorn", *, recreate: bool = False
) -> dict[str, str]:
    """The deploy step: roles, schemas, migrations, queues; returns each service's database URL. Safe to repeat.

    With `recreate` a queue that stores nothing is deleted and declared again; outboxes send what it may have held.
    """
    from common.database.deploy import deploy  # here, because Alembic takes its time to load

    urls = await deploy(admin_url, database_passwords(folder, SERVICES))
    await declare(urls, amqp_url, namespace, recreate=recreate)
    return urls


async def prepare_once(admin_url: str, folder: Path, amqp_url: str | None) -> dict[str, str]:
    """The deploy step on one machine, if this code's has not been done: every role finds its newest migration."""
    passwords = database_passwords(folder, SERVICES)
    urls = {service: service_url(admin_url, service, password) for service, password in passwords.items()}
    if not await _deployed(urls):
        return await prepare(admin_url, folder, amqp_url, recreate=True)
    if amqp_url:
        await declare(urls, amqp_url, "posthorn", recreate=True)
    return urls


async def _deployed(urls: dict[str, str]) -> bool:
    for service, url in urls.items():
        engine = create_engine(url, role_application="deploy", pool_size=1)
        try:
            await assert_current(engine, service)
            if service == "gateway" and await revision_at(engine, BROKER) != revisions(BROKER)[-1]:
                return False
        except (SchemaBehindError, SQLAlchemyError, asyncpg.PostgresError):
            return False
        finally:
            await engine.dispose()
    return True


async def declare(urls: dict[str, str], amqp_url: str | None, namespace: str, *, recreate: bool = False) -> None:
    """The broker's part of the deploy step: queues and their limits."""
    engine = create_engine(urls["gateway"], role_application="deploy", pool_size=2)
    broker = open_broker(amqp_url, engine, namespace=namespace, service="deploy")
    try:
        await broker.open()
        await broker.declare(recreate=recreate)
    finally:
        await broker.close()
        await engine.dispose()
