"""Alembic for each service's schema: upgrade, and the proof that models equal migrations."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy as sa
from alembic import context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from common.database.engine import CONNECT_SECONDS, asyncpg_url
from common.database.schema_version import migrations_folder

#: Seconds a migration waits for a table lock before it lets the others pass and tries again.
LOCK_SECONDS = 2
LOCK_ATTEMPTS = 10
_COMMAND_SECONDS = 900

Step = Callable[[Any, MigrationContext], list[Any]]


class SchemaDriftError(Exception):
    """The tables that migrations make are not those of tables.py."""


def run_env(metadata: sa.MetaData, schema: str) -> None:
    """All that a migrations/env.py does: run on the connection at hand, within the schema."""

    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "schema" or name == schema

    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table_schema=schema,
        include_schemas=True,
        include_name=ours,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def upgrade(service: str, url: str) -> None:
    """Bring the schema to the newest revision, as the role of `url`; one at a time, safe to repeat."""
    if _script(service).get_current_head() is None:
        return
    async with _connection(url, service) as connection:
        for attempts_left in range(LOCK_ATTEMPTS, 0, -1):
            try:
                await connection.run_sync(_run, service, _upgrade_step(service))
                break
            except sa.exc.DBAPIError as error:
                locked = isinstance(getattr(error.orig, "__cause__", None), asyncpg.LockNotAvailableError)
                if not locked or attempts_left == 1:
                    raise
                await asyncio.sleep(LOCK_SECONDS)


async def check_models(service: str, url: str) -> None:
    """SchemaDriftError unless the migrated schema equals the service's tables.py."""
    differences: list[Any] = []

    def compare(_revision: Any, migration: MigrationContext) -> list[Any]:
        differences.extend(compare_metadata(migration, migration.opts["target_metadata"]))
        return []

    await on_schema(service, url, compare)
    if differences:
        listed = "\n".join(f"  {it}" for it in differences)
        raise SchemaDriftError(
            f"{service}: tables.py and migrations differ; run `python -m common.database.revision {service} "
            f'"what changed"`:\n{listed}'
        )


async def on_schema(service: str, url: str, step: Step) -> None:
    """Run `step` in Alembic's environment of the service."""
    async with _connection(url, service) as connection:
        await connection.run_sync(_run, service, step)


def _upgrade_step(service: str) -> Step:
    def step(revision: Any, _migration: MigrationContext) -> list[Any]:
        return _script(service)._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic.command.upgrade does

    return step


def _script(service: str) -> ScriptDirectory:
    return ScriptDirectory(str(migrations_folder(service)))


def _run(connection: sa.Connection, service: str, step: Step) -> None:
    """Run the service's env.py with `step`. Alembic keeps its context in a global: never two at once."""
    config = Config(attributes={"connection": connection})
    with EnvironmentContext(config, _script(service), fn=step):
        _script(service).run_env()


@asynccontextmanager
async def _connection(url: str, service: str) -> AsyncIterator[AsyncConnection]:
    """A connection of one's own, holding the service's migration lock until it is closed."""
    engine = create_async_engine(
        asyncpg_url(url),
        poolclass=NullPool,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": _COMMAND_SECONDS,
            # The default path begins with the schema named like the role, which Alembic then takes for nameless.
            "server_settings": {"application_name": f"{service}-migrations", "search_path": "public"},
        },
    )
    try:
        async with engine.connect() as connection:
            lock = sa.func.pg_advisory_lock(sa.func.hashtextextended(f"posthorn:migrations:{service}", 0))
            await connection.execute(sa.select(lock))
            await connection.execute(sa.text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
            await connection.commit()
            yield connection
    finally:
        await engine.dispose()
